# SPDX-License-Identifier: Apache-2.0
"""What a full budget answers, and replies that belong to nothing."""
from scenarios.common import UDP4, scenario, uri_of

CONFIG = "limits.cfg"


@scenario(UDP4, defines=("WITH_BUDGET",), differs=True)
def transactions_are_used_up(w):
    a, b = w.peer("alice"), w.peer("bob")
    asked = []
    for n in range(3):
        a.send("MESSAGE", "sip:x@SERVER", call="c%d" % n, extra=["X-To: " + uri_of(b.contact)])
        asked.append(b.expect("MESSAGE"))
    m = a.send("MESSAGE", "sip:x@SERVER", call="more", extra=["X-To: " + uri_of(b.contact)])
    refused = a.expect("503 MESSAGE")
    assert refused.get("Retry-After") == "7", refused.raw
    a.send("OPTIONS", "sip:SERVER", call="alive")     # other work goes on
    a.expect("200 OPTIONS")
    for i in asked:
        b.reply(i, 200, "OK")
        a.expect("200 MESSAGE")
    b.nothing(1.2)                                    # the wait timer frees them
    a.send("MESSAGE", "sip:x@SERVER", call="later", extra=["X-To: " + uri_of(b.contact)])
    b.reply(b.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")


@scenario(UDP4, defines=("WITH_MERGE",), differs=True)
def merged_request_is_refused(w):
    """The same request over another way: same From tag, Call-ID and CSeq, another branch (merge_check)."""
    a, b = w.peer("alice"), w.peer("bob")
    for n in range(2):
        a.send("MESSAGE", "sip:x@SERVER", branch=w.branch("way%d" % n), extra=["X-To: " + uri_of(b.contact)])
    a.expect("482 MESSAGE")
    b.reply(b.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")
    b.nothing(0.2)
    assert len(b.seen) == 1


def stray(w, a, b, code, n):
    server = "SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKx%dx9%d" % (w.port, w.id, n)
    lines = ["SIP/2.0 %d Stray" % code, "Via: " + server, "Via: SIP/2.0/UDP %s;branch=z9hG4bKx%dx8%d" % (a.addr, w.id, n),
             "From: <sip:a@x>;tag=ft", "To: <sip:b@x>;tag=tt", "Call-ID: " + w.call_id("s%d" % n), "CSeq: 1 INVITE", "Content-Length: 0"]
    b.send_raw("\r\n".join(lines) + "\r\n\r\n")


@scenario(UDP4, defines=("WITH_STRAY",))
def stray_replies_forwarded(w):
    a, b = w.peer("alice"), w.peer("bob")
    for n, code in enumerate((180, 200, 404)):
        stray(w, a, b, code, n)
        a.expect("%d INVITE" % code)


@scenario(UDP4, defines=("WITH_ROUTE",))
def stray_replies_seen_by_a_route(w):
    a, b = w.peer("alice"), w.peer("bob")
    for n, code in enumerate((180, 182, 183, 200, 404)):
        stray(w, a, b, code, n)
    for code in (180, 200, 404):
        a.expect("%d INVITE" % code)
    a.nothing(0.1)
