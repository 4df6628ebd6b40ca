# SPDX-License-Identifier: Apache-2.0
"""What the server makes itself, and what is about to leave."""
import re
import threading

from scenarios.common import SDP, UDP4, ack, scenario, tag_of, uri_of
from scenarios.fork import refuse

CONFIG = "local.cfg"
HEADERS = "From: <sip:me@here>\r\nTo: <sip:you@there>\r\nCall-ID: %s\r\nCSeq: 7 MESSAGE\r\nContent-Type: text/plain\r\n"


def asked(w, b, do, code, call):
    said = []
    head = HEADERS % w.call_id(call) + "X-Do: %s\r\n" % do
    t = threading.Thread(target=lambda: said.append(w.server.rpc("tm.t_uac_wait_block", "MESSAGE", uri_of(b.contact), ".", ".", "s:" + head, "s:hello")))
    t.start()
    if code:
        b.reply(b.expect("MESSAGE"), code, "Fine")
    t.join()
    w.note("%s %s" % (do, said))


@scenario(UDP4)
def local_request_edited(w):
    b = w.peer("bob")
    for n, (do, code) in enumerate((("none", 200), ("hdr", 200), ("hdr-remove", 200), ("body", 200), ("user", 200), ("exit", 200), ("reply-fail-branch", 404), ("dst", 200), ("drop", 0))):
        asked(w, b, do, code, "c%d" % n)


@scenario(UDP4)
def stateless_reply_told(w):
    a = w.peer("alice")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: SL"])
    a.expect("404 MESSAGE")
    a.send("MESSAGE", "sip:x@SERVER", call="t", extra=["X-Case: TREPLY"])
    a.expect("480 MESSAGE")
    a.send("MESSAGE", "sip:x@SERVER", call="n", extra=["X-Case: NOTRAN"])
    a.nothing(0.2)
    a.send("INVITE", "sip:x@SERVER", call="i", branch=w.branch("i"), extra=["X-Case: TREPLY"])
    ack(w, a, "sip:x@SERVER", a.expect("480 INVITE"), w.branch("i"), call="i")
    a.nothing(0.2)



def call(w, a, b, name="c", **kw):
    extra = ["X-To: " + uri_of(b.contact)] + list(kw.pop("extra", ()))
    a.send("INVITE", "sip:x@SERVER", call=name, branch=w.branch(name), body=SDP, extra=extra, **kw)
    return b.expect("INVITE")


@scenario(("udp4", "tcp4"))
def onsend_sees_replies(w):
    a, b = w.peer("alice"), w.peer("bob")
    i = call(w, a, b, extra=["X-Case: RELAY"])
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    refuse(b, i, 486)
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("c"))
    a.nothing(0.1)
    i = call(w, a, b, "d")
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    a.send("CANCEL", "sip:x@SERVER", call="d", branch=w.branch("d"), contact=False)
    a.expect("200 CANCEL")
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(b, i, 487)
    ack(w, a, "sip:x@SERVER", a.expect("487 INVITE"), w.branch("d"), call="d")
    a.nothing(0.1)
    i = call(w, a, b, "e")
    b.reply(i, 200, "OK", body=SDP)
    m = a.expect("200 INVITE")
    a.send("ACK", uri_of(b.contact), call="e", to_tag=tag_of(m.get("To")), extra=["X-To: " + uri_of(b.contact)])
    b.expect("ACK")
    a.nothing(0.1)


@scenario(UDP4, differs=True)
def onsend_keeps_a_provisional_reply_back(w):
    """The reference then sends none of the later replies either."""
    a, b = w.peer("alice"), w.peer("bob")
    i = call(w, a, b)
    b.reply(i, 183, "Stopped", extra=["X-Stop: 183"])
    a.nothing(0.2)
    assert not any(m.code == 183 for m in a.seen)
    if w.server.name == "kiln":
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")
        refuse(b, i, 480)
        ack(w, a, "sip:x@SERVER", a.expect("480 INVITE"), w.branch("c"))
    a.nothing(0.2)


@scenario(UDP4)
def onsend_keeps_a_final_reply_back(w):
    a, b = w.peer("alice"), w.peer("bob")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-To: " + uri_of(b.contact)])
    b.reply(b.expect("MESSAGE"), 486, "Stopped", extra=["X-Stop: final"])
    a.nothing(0.3)
    i = call(w, a, b, "i")
    b.reply(i, 486, "Stopped", extra=["X-Stop: final"])
    b.expect("ACK")
    a.nothing(2.5)


@scenario(UDP4)
def onsend_keeps_a_request_back(w):
    a, b = w.peer("alice"), w.peer("bob")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Stop: request", "X-To: " + uri_of(b.contact), "X-Case: RELAY"])
    a.expect("477 MESSAGE")
    b.nothing(0.1)


@scenario(UDP4, defines=("WITH_EVENT",), differs=True)
def replies_of_transactions_told(w):
    """event_route[tm:local-response]: the reference runs it for the first reply of a process alone."""
    a = w.peer("alice")
    for call in ("1", "2"):
        a.send("MESSAGE", "sip:x@SERVER", call=call, extra=["X-Case: TREPLY"])
        a.expect("480 MESSAGE")
    a.nothing(0.1)
    told = ["%s tm:local-response 480 Later MESSAGE" % w.call_id(c) for c in ("1", "2")]
    assert w.logged() == (told if w.server.name == "kiln" else told[:1]), w.logged()


FAILING = (("sip:x@nowhere.invalid", "478 Unresolvable destination (478/"), ("sip:x@127.0.0.1:5080;transport=tls", "500 I'm terribly sorry, server error occurred (7/"),
           ("sip:x@127.0.0.1;transport=sctp", "500 I'm terribly sorry, server error occurred (7/"))


def fails(w, case, failing=FAILING):
    a = w.peer("alice")
    for n, (to, _) in enumerate(failing):
        for m in ("MESSAGE", "INVITE"):
            call = "%s%d" % (m, n)
            a.send(m, "sip:x@SERVER", call=call, branch=w.branch(call), extra=["X-To: " + to, "X-Case: " + case])
            got = a.expect("478 " + m, "479 " + m, "500 " + m)
            if m == "INVITE":
                ack(w, a, "sip:x@SERVER", got, w.branch(call), call=call)
    a.nothing(0.3)
    return a


@scenario(UDP4)
def failed_relays_answered_by_tm(w):
    fails(w, "RELAY")


@scenario(UDP4, differs=True)
def failed_relays_answered_by_sl(w):
    """sl_reply_error behind t_relay: the reference sends its answer and then the transaction's."""
    failing = FAILING + (("foo:bar", "479 Regretfully, we were not able to process the URI (479/"),)
    a = fails(w, "ERROR", failing)
    if w.server.name == "kiln":
        finals = [m.first for m in a.seen if m.code >= 200]
        assert finals == ["SIP/2.0 %sSL)" % text for _, text in failing for _ in range(2)], finals
