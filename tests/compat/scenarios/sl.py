# SPDX-License-Identifier: Apache-2.0
"""Replies without a transaction: made here, and forwarded."""
from scenarios.common import UDP4, scenario, tag_of

CONFIG = "sl.cfg"
CASES = (("CODE", "200"), ("CODE", "486"), ("CODE", "603"), ("CODE", "100"), ("TEXT", "404"), ("CODE", "abc"), ("SLREPLY", ""), ("SEND", "404"),
         ("SEND", ""), ("SENDT", ""), ("MODE", ""), ("ERROR", ""), ("REDIRECT", ""), ("REDIRECT_OLD", ""), ("REDIRECT_NONE", ""), ("REDIRECT_T", ""))


def every_case(w):
    a = w.peer("alice")
    for n, (case, code) in enumerate(CASES):
        for method in ("MESSAGE", "INVITE"):
            call = "c%d%s" % (n, method)
            seen = len(a.seen)
            a.send(method, "sip:x@SERVER", call=call, branch=w.branch(call), extra=["X-Case: " + case] + (["X-Code: " + code] if code else []))
            a.poll(0.15)     # the ACK must not be late: the reference knows it for a while only
            if method == "INVITE" and len(a.seen) > seen and a.seen[-1].code >= 300:
                a.send("ACK", "sip:x@SERVER", call=call, branch=w.branch(call), to_tag=tag_of(a.seen[-1].get("To")), contact=False)
        if a.tcp and case == "MODE":
            a.close()
            a = w.peer("alice2")
    a.nothing(0.2)


@scenario(("udp4", "udp6"))
def replies(w):
    every_case(w)


@scenario(UDP4, defines=("DEFAULTS",))
def replies_with_defaults(w):
    every_case(w)


@scenario(UDP4)
def foreign_ack_reaches_the_script(w):
    a = w.peer("alice")
    a.send("ACK", "sip:x@SERVER", to_tag="other")
    a.nothing(0.2)


@scenario(UDP4)
def tag_of_a_reply(w):
    a = w.peer("alice")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: TAG"])
    m = a.expect("404 MESSAGE")
    w.note(str(m.get("X-Tag") == tag_of(m.get("To"))))
    m.raw = m.raw.replace(m.get("X-Tag"), "TAG")
    a.nothing(0.1)


def stray(w, a, b, n, *vias):
    lines = ["SIP/2.0 180 Ringing"] + ["Via: " + v for v in vias]
    lines += ["From: <sip:a@x>;tag=ft", "To: <sip:b@x>;tag=tt", "Call-ID: " + w.call_id("s%s" % n), "CSeq: 1 INVITE", "X-Forward: %s" % n,
              "Content-Length: 0"]
    b.send_raw("\r\n".join(lines) + "\r\n\r\n")


@scenario(UDP4)
def stray_replies_forwarded_by_the_script(w):
    a, b = w.peer("alice"), w.peer("bob")
    server = "SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKx%dx90" % (w.port, w.id)
    for n in "1234":
        stray(w, a, b, n, server, "SIP/2.0/UDP %s;branch=z9hG4bKx%dx91" % (a.addr, w.id))
    stray(w, a, b, "1", server, "SIP/2.0/UDP 10.1.1.1:99;branch=z9hG4bKx%dx91;received=127.0.0.1;rport=%d" % (w.id, a.port))
    stray(w, a, b, "1", server)
    for code in (180, 199, 199, 180):
        a.expect("%d INVITE" % code)
    a.nothing(0.2)


@scenario(UDP4, differs=True)
def stray_reply_is_dropped(w):
    """The reference forwards what matches no transaction to whomever its Via names."""
    a, b = w.peer("alice"), w.peer("bob")
    server = "SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKx%dx90" % (w.port, w.id)
    lines = ["SIP/2.0 180 Ringing", "Via: " + server, "Via: SIP/2.0/UDP %s;branch=z9hG4bKx%dx91" % (a.addr, w.id),
             "From: <sip:a@x>;tag=ft", "To: <sip:b@x>;tag=tt", "Call-ID: " + w.call_id("s"), "CSeq: 1 INVITE", "Content-Length: 0"]
    b.send_raw("\r\n".join(lines) + "\r\n\r\n")
    a.nothing(0.4)
    assert not a.seen
