# SPDX-License-Identifier: Apache-2.0
"""Each function that forwards, with its variants."""
from scenarios.common import UDP4, scenario, uri_of

CONFIG = "forward.cfg"
UDP_CASES = ("t_relay_hp", "t_relay_to_udp", "t_relay_to_udp_hp", "t_relay_to", "t_relay_to1", "t_relay_to1n",
             "t_replicate", "t_replicate_uri", "t_replicate_hp", "t_replicate_udp", "t_replicate_to",
             "t_forward_nonack", "t_forward_nonack_uri", "t_forward_nonack_udp",
             "t_forward_nonack_to", "t_relay_to_avp")
TCP_CASES = ("t_relay_to_tcp", "t_relay_to_tcp_hp", "t_relay_to2", "t_replicate_uri_var", "t_replicate_tcp", "t_forward_nonack_tcp")


@scenario(UDP4)
def forwarding_functions(w):
    a = w.peer("alice")
    for net, cases in (("udp4", UDP_CASES), ("tcp4", TCP_CASES)):
        b = w.fixed_peer("bob" + net, net)
        for case in cases:
            for method in ("MESSAGE", "INVITE"):
                a.send(method, "sip:x@SERVER", call=case + method, extra=["X-Case: " + case], branch=w.branch(case + method))
                got = b.expect(method)
                answers = ["%d %s" % (c, method) for c in (200, 202, 486)]
                if "replicate" in case:     # our own answer first: the reference forgets it behind theirs
                    m = a.expect(*answers)
                b.reply(got, 486 if method == "INVITE" else 202, "Theirs")
                if "replicate" not in case:
                    m = a.expect(*answers)
                if method == "INVITE":
                    b.expect("ACK")
                    if m.code >= 300:
                        a.send("ACK", "sip:x@SERVER", call=case + method, branch=w.branch(case + method), to_tag="tt", contact=False)
        b.nothing(0.1)
        a.nothing(0.1)
        for s in b.conns if b.tcp else []:
            s.close()
    for case in ("t_relay_to_tls", "none"):
        a.send("MESSAGE", "sip:x@SERVER", call=case, extra=["X-Case: " + case])
        a.nothing(0.3)


@scenario(UDP4, differs=True)
def relay_to_without_100(w):
    """t_relay_to("0x01") with the flags alone: the reference sends the 100 all the same."""
    a = w.peer("alice")
    a.send("INVITE", "sip:x@SERVER", branch=w.branch("i"), extra=["X-Case: t_relay_to1f", "X-To: " + uri_of(a.contact)])
    a.reply(a.expect("INVITE"), 486, "Theirs")
    m = a.expect("486 INVITE")
    assert not any(x.code == 100 for x in a.seen)
    a.send("ACK", "sip:x@SERVER", branch=w.branch("i"), to_tag="tt", contact=False)


@scenario(UDP4)
def timer_from_an_avp(w):
    a, b = w.peer("alice"), w.peer("bob")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: timers", "X-To: " + uri_of(b.contact)])
    a.expect("408 MESSAGE", timeout=2.5)


@scenario(UDP4)
def stray_cancel_is_dropped(w):
    a = w.peer("alice")
    a.send("CANCEL", "sip:x@SERVER")
    a.nothing(0.5)
