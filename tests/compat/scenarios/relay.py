# SPDX-License-Identifier: Apache-2.0
"""Every method relayed, transports bridged, spirals and loops, routes loose and strict."""
from scenarios.common import SDP, UDP, UDP4, ack, routes_of, scenario, tag_of, uri_of

CONFIG = "relay.cfg"
OUT = ("MESSAGE", "OPTIONS", "INFO", "NOTIFY", "PUBLISH", "UPDATE", "PRACK", "REFER", "SUBSCRIBE", "REGISTER", "FOO")


def ask(w, a, b, method="MESSAGE", case="RELAY", **kw):
    extra = list(kw.pop("extra", ())) + ["X-Case: " + case, "X-To: " + uri_of(b.contact)]
    return a.send(method, kw.pop("uri", "sip:x@SERVER"), extra=extra, **kw)


def call(w, a, b, case="RELAY", call="c", **kw):
    """A call answered by b; the INVITE that b got and the 200 that a got."""
    ask(w, a, b, "INVITE", case, call=call, body=SDP, **kw)
    got = b.expect("INVITE")
    b.reply(got, 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    a.send("ACK", uri_of(ok.get("Contact")), call=call, to="sip:x@SERVER", to_tag=tag_of(ok.get("To")),
           routes=routes_of(ok, True))
    b.expect("ACK")
    return got, ok


def within(a, ok, method, cseq, **kw):
    """A request of the caller inside the dialog."""
    kw.setdefault("routes", routes_of(ok, True))
    return a.send(method, kw.pop("uri", uri_of(ok.get("Contact"))), cseq=cseq, to="sip:x@SERVER",
                  to_tag=tag_of(ok.get("To")), **kw)


def back(b, got, ok, method, **kw):
    """A request of the callee inside the dialog."""
    return b.send(method, uri_of(got.get("Contact")), frm="sip:x@SERVER", from_tag=tag_of(ok.get("To")),
                  to="sip:alice@SERVER", to_tag="ft", routes=routes_of(got, False), **kw)


# ---- methods -----------------------------------------------------------------------------------------------

@scenario()
def every_method_out_of_dialog(w):
    a, b = w.peer("alice"), w.peer("bob")
    for n, method in enumerate(OUT):
        extra = {"PRACK": ["RAck: 1 1 INVITE"], "REFER": ["Refer-To: <sip:carol@example.com>"], "NOTIFY": ["Event: x"],
                 "SUBSCRIBE": ["Event: presence", "Expires: 60"], "PUBLISH": ["Event: presence"]}.get(method, [])
        ask(w, a, b, method, call="c%d" % n, extra=extra, body="text" if method == "MESSAGE" else "")
        b.reply(b.expect(method), 202 if method == "REFER" else 200, "OK", extra=["X-Answer: %d" % n])
        a.expect("202 " + method, "200 " + method)


@scenario()
def every_method_in_dialog(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    for n, method in enumerate(("INFO", "UPDATE", "PRACK", "MESSAGE", "REFER", "NOTIFY", "SUBSCRIBE", "OPTIONS", "BYE")):
        within(a, ok, method, n + 2, body=SDP if method == "UPDATE" else "")
        b.reply(b.expect(method), 200, "OK")
        a.expect("200 " + method)
        back(b, got, ok, method, cseq=n + 2)
        a.reply(a.expect(method), 481 if method == "INFO" else 200, "Answer")
        b.expect("481 " + method, "200 " + method)


@scenario(("udp4", "tcp4"))
def early_media_and_prack(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "INVITE", body=SDP, extra=["Require: 100rel"])
    got = b.expect("INVITE")
    b.reply(got, 183, "Progress", extra=["RSeq: 1", "Require: 100rel"], body=SDP)
    prog = a.expect("183 INVITE")
    within(a, prog, "PRACK", 2, extra=["RAck: 1 1 INVITE"])
    b.reply(b.expect("PRACK"), 200, "OK")
    a.expect("200 PRACK")
    within(a, prog, "UPDATE", 3, body=SDP)
    b.reply(b.expect("UPDATE"), 200, "OK", body=SDP)
    a.expect("200 UPDATE")
    b.reply(got, 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    within(a, ok, "ACK", 1)
    b.expect("ACK")


@scenario(UDP)
def subscription(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "SUBSCRIBE", extra=["Event: presence", "Expires: 600"])
    got = b.expect("SUBSCRIBE")
    b.reply(got, 200, "OK", extra=["Expires: 600"])
    ok = a.expect("200 SUBSCRIBE")
    back(b, got, ok, "NOTIFY", extra=["Event: presence", "Subscription-State: active"], body="x")
    a.reply(a.expect("NOTIFY"), 200, "OK")
    b.expect("200 NOTIFY")
    within(a, ok, "SUBSCRIBE", 2, extra=["Event: presence", "Expires: 0"])
    b.reply(b.expect("SUBSCRIBE"), 200, "OK")
    a.expect("200 SUBSCRIBE")


@scenario(UDP)
def reinvite_refused(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    within(a, ok, "INVITE", 2, body=SDP, branch=w.branch("re"))
    b.reply(b.expect("INVITE"), 491, "Pending")
    b.expect("ACK")
    m = a.expect("491 INVITE")
    within(a, m, "ACK", 2, branch=w.branch("re"), contact=False, uri=uri_of(ok.get("Contact")),
           routes=routes_of(ok, True))
    a.nothing(0.2)


@scenario()
def redirected_by_the_callee(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "INVITE", branch=w.branch("i"), body=SDP)
    got = b.expect("INVITE")
    b.reply(got, 302, "Moved", contact=False, extra=["Contact: <sip:c@example.com>;q=0.7", "Contact: <sip:d@example.com>"])
    b.expect("ACK")
    ack(w, a, "sip:x@SERVER", a.expect("302 INVITE"), w.branch("i"))
    a.nothing(0.1)


# ---- transports --------------------------------------------------------------------------------------------

def bridged(w, one, two):
    a, b = w.peer("alice", one), w.peer("bob", two)
    got, ok = call(w, a, b)
    within(a, ok, "INFO", 2)
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")
    back(b, got, ok, "BYE", contact=False)
    a.reply(a.expect("BYE"), 200, "OK", contact=False)
    b.expect("200 BYE")


@scenario(UDP4)
def udp_to_tcp_and_back(w):
    bridged(w, "udp4", "tcp4")


@scenario(UDP4)
def tcp_to_udp_and_back(w):
    bridged(w, "tcp4", "udp4")


@scenario(UDP4)
def ipv4_to_ipv6_and_back(w):
    bridged(w, "udp4", "udp6")


@scenario(UDP4)
def ipv6_tcp_to_ipv4_udp_and_back(w):
    bridged(w, "tcp6", "udp4")


@scenario(UDP4, defines=("WITH_MTU",))
def large_requests_go_over_tcp(w):
    """RFC 3261 18.1.1: the same address, another transport; a peer without it gets the datagram after all."""
    a = w.peer("alice")
    both = w.peer("bob", "tcp4")
    udp = w.peer("carol", "udp4", both.port)
    for n, size in enumerate((100, 900)):
        ask(w, a, udp, "MESSAGE", call="c%d" % n, body="x" * size)
        got = both if size > 700 else udp
        got.reply(got.expect("MESSAGE"), 200, "OK", contact=False)
        a.expect("200 MESSAGE")


@scenario(UDP4, defines=("WITH_MTU",), differs=True)
def large_request_to_a_peer_without_tcp(w):
    """Neither falls back to the datagram; the reference answers twice (error_is_answered_once)."""
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "MESSAGE", body="x" * 900)
    a.expect("477 MESSAGE")
    a.nothing(0.2)
    b.nothing(0.1)
    assert not b.seen


@scenario(("udp4", "tcp4"), defines=("WITH_MTU",))
def large_replies_stay(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "MESSAGE", body="x")
    b.reply(b.expect("MESSAGE"), 200, "OK", contact=False, body="y" * 1200)
    a.expect("200 MESSAGE")


# ---- spirals and loops --------------------------------------------------------------------------

@scenario(UDP)
def spiral(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b, "SPIRAL", uri="sip:first@SERVER")
    within(a, ok, "BYE", 2, contact=False)
    b.reply(b.expect("BYE"), 200, "OK", contact=False)
    a.expect("200 BYE")


@scenario(UDP4)
def spiral_cancelled(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "INVITE", "SPIRAL", uri="sip:first@SERVER", branch=w.branch("i"), body=SDP)
    got = b.expect("INVITE")
    b.reply(got, 180, "Ringing")
    a.expect("180 INVITE")
    a.send("CANCEL", "sip:first@SERVER", branch=w.branch("i"), contact=False)
    a.expect("200 CANCEL")
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    b.reply(got, 487, "Terminated")
    b.expect("ACK")
    ack(w, a, "sip:first@SERVER", a.expect("487 INVITE"), w.branch("i"))
    a.nothing(0.2)


@scenario(("udp4", "tcp4"))
def loop(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "MESSAGE", "LOOP", uri="sip:loop@SERVER", maxfwd=4)
    a.expect("483 MESSAGE")
    ask(w, a, b, "INVITE", "LOOP", uri="sip:loop@SERVER", maxfwd=3, branch=w.branch("i"), call="i")
    ack(w, a, "sip:loop@SERVER", a.expect("483 INVITE"), w.branch("i"), call="i")
    a.nothing(0.2)


# ---- answers of our own ----------------------------------------------------------------------------------------

@scenario(("udp4", "tcp4"))
def own_answers(w):
    a, b = w.peer("alice"), w.peer("bob")
    for n, (case, code) in enumerate((("STATELESS", 486), ("STATEFUL", 480), ("SEND", 404), ("SENDT", 404), ("REDIRECT", 302))):
        ask(w, a, b, "MESSAGE", case, call="m%d" % n)
        a.expect("%d MESSAGE" % code)
        ask(w, a, b, "INVITE", case, call="i%d" % n, branch=w.branch("i%d" % n))
        m = a.expect("%d INVITE" % code)
        ack(w, a, "sip:x@SERVER", m, w.branch("i%d" % n), call="i%d" % n)
    a.nothing(0.3)


@scenario(("udp4", "tcp4"))
def provisional_and_final(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "INVITE", "PROVISIONAL", branch=w.branch("i"))
    a.expect("183 INVITE")
    ok = a.expect("200 INVITE")
    w.note("one tag: %s" % (tag_of(a.seen[0].get("To")) == tag_of(ok.get("To"))))
    a.send("ACK", "sip:x@SERVER", to_tag=tag_of(ok.get("To")))
    a.nothing(0.3)


BAD = ("tel:123", "sip:x@127.0.0.1;transport=tls", "sip:x@127.0.0.1;transport=foo",
       "sip:x@nowhere.invalid", "sips:x@127.0.0.1", "urn:service:sos")


@scenario(UDP4)
def errors_of_relaying(w):
    a = w.peer("alice")
    for n, uri in enumerate(BAD):
        a.send("MESSAGE", "sip:x@SERVER", call="m%d" % n, extra=["X-Case: ERROR", "X-Uri: " + uri])
        a.nothing(0.3)


@scenario(UDP4, defines=("WITH_FAILURE_EXEC",))
def branch_that_cannot_be_sent_fails_later(w):
    a, b = w.peer("alice"), w.peer("bob")
    for n, (extra, code) in enumerate((([], 408), (["X-To: " + uri_of(b.contact)], 202))):
        a.send("MESSAGE", "sip:x@SERVER", call="c%d" % n, extra=["X-Case: ERROR_FAIL", "X-Uri: sip:x@127.0.0.1:1;transport=tcp"] + extra)
        if extra:
            b.reply(b.expect("MESSAGE"), 202, "Fine")
        a.expect(*["%d MESSAGE" % c for c in (408, 477, 500, 503, 202)])
    a.nothing(0.2)


@scenario(UDP4, differs=True)
def error_is_answered_once(w):
    """The reference answers statelessly and by the transaction."""
    a = w.peer("alice")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: ERROR_REPLY", "X-Uri: tel:123"])
    a.expect("478 MESSAGE")
    a.nothing(0.3)
    assert len(a.seen) == 1, a.seen


@scenario(UDP4, differs=True)
def connection_refused(w):
    """The reference waits for the connection in t_relay, Kiln does not: the branch fails."""
    a = w.peer("alice")
    a.send("INVITE", "sip:x@SERVER", branch=w.branch("i"), extra=["X-Case: ERROR", "X-Uri: sip:x@127.0.0.1:1;transport=tcp"])
    m = a.expect("477 INVITE", timeout=2)
    ack(w, a, "sip:x@SERVER", m, w.branch("i"))


@scenario(UDP4)
def nothing_is_done(w):
    a, b = w.peer("alice"), w.peer("bob")
    for n, case in enumerate(("NOTHING", "RELEASE")):
        m = ask(w, a, b, "MESSAGE", case, call="m%d" % n)
        a.nothing(0.3)
        a.again(m)
        a.nothing(0.3)
