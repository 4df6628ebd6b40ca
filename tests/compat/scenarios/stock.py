# SPDX-License-Identifier: Apache-2.0
"""The stock script of Debian's package, unmodified."""
from scenarios.common import SDP, UDP, ack, answered, invite, register, routes_of, scenario, tag_of, uri_of


# ---- keepalive and registration ----------------------------------------------------------------------

@scenario()
def options_keepalive(w):
    a = w.peer("alice")
    a.send("OPTIONS", "sip:SERVER")
    a.expect("200 OPTIONS")


@scenario()
def options_to_user(w):
    a = w.peer("alice")
    a.send("OPTIONS", "sip:nobody@SERVER")
    a.expect("404 OPTIONS")


@scenario()
def register_refresh_query_remove(w):
    a = w.peer("alice")
    register(a)
    register(a, cseq=2, extra=["Expires: 600"])
    register(a, cseq=3, contact=False)
    register(a, cseq=4, contact="*", extra=["Expires: 0"])
    register(a, cseq=5, contact=False)


@scenario(UDP)
def register_two_and_remove_one(w):
    a = w.peer("alice")
    register(a, contact=a.contact + ";q=0.5;expires=120")
    register(a, call="second", contact="<sip:other@%s>;q=0.9" % a.addr, extra=["Allow: INVITE, ACK, BYE"])
    register(a, call="second", cseq=2, contact="<sip:other@%s>;expires=0" % a.addr)


@scenario()
def register_again_same_cseq(w):
    a = w.peer("alice")
    m = register(a)
    a.again(m)
    a.expect("200 REGISTER")


# ---- refusals -----------------------------------------------------------------------------------------

@scenario()
def unknown_user(w):
    a = w.peer("alice")
    a.send("INVITE", "sip:nobody@SERVER", body=SDP, branch=w.branch("x"))
    m = a.expect("404 INVITE")
    a.send("ACK", "sip:nobody@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("x"), contact=False)
    a.nothing()


@scenario()
def foreign_domain(w):
    a = w.peer("alice")
    a.send("INVITE", "sip:bob@example.invalid", body=SDP, branch=w.branch("x"))
    m = a.expect("403 INVITE")
    a.send("ACK", "sip:bob@example.invalid", to_tag=tag_of(m.get("To")), branch=w.branch("x"), contact=False)
    a.nothing()


@scenario()
def max_forwards_zero(w):
    a = w.peer("alice")
    a.send("MESSAGE", "sip:bob@SERVER", maxfwd=0)
    a.expect("483 MESSAGE")


@scenario(UDP)
def no_max_forwards(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    a.send("MESSAGE", "sip:bob@SERVER", maxfwd=None)
    b.reply(b.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")


@scenario(UDP)
def no_user_in_ruri(w):
    a = w.peer("alice")
    a.send("MESSAGE", "sip:SERVER")
    a.expect("484 MESSAGE")


@scenario(UDP)
def in_dialog_without_route(w):
    a = w.peer("alice")
    a.send("BYE", "sip:bob@SERVER", to_tag="gone")
    a.expect("404 BYE")


@scenario(UDP)
def presence_without_module(w):
    a = w.peer("alice")
    a.send("PUBLISH", "sip:alice@SERVER", extra=["Event: presence"])
    a.expect("404 PUBLISH")
    a.send("SUBSCRIBE", "sip:alice@SERVER", extra=["Event: message-summary"], cseq=2)
    a.expect("404 SUBSCRIBE")


@scenario(UDP)
def scanner_is_ignored(w):
    a = w.peer("alice")
    a.send("OPTIONS", "sip:SERVER", extra=["User-Agent: friendly-scanner"])
    a.nothing()


@scenario(UDP)
def cancel_without_transaction(w):
    a = w.peer("alice")
    a.send("CANCEL", "sip:bob@SERVER")
    a.nothing()


# ---- calls --------------------------------------------------------------------------------------------

@scenario()
def call_answered_bye_from_caller(w):
    a, b = w.peer("alice"), w.peer("bob")
    inv, got, ok = answered(w, a, b)
    a.send("BYE", uri_of(ok.get("Contact")), cseq=2, to="sip:bob@SERVER", to_tag=tag_of(ok.get("To")),
           routes=routes_of(ok, True), contact=False)
    b.reply(b.expect("BYE"), 200, "OK", contact=False)
    a.expect("200 BYE")


@scenario()
def call_answered_bye_from_callee(w):
    a, b = w.peer("alice"), w.peer("bob")
    inv, got, ok = answered(w, a, b)
    b.send("BYE", uri_of(got.get("Contact")), frm="sip:bob@SERVER", from_tag=tag_of(ok.get("To")),
           to="sip:alice@SERVER", to_tag="ft", routes=routes_of(got, False), contact=False)
    a.reply(a.expect("BYE"), 200, "OK", contact=False)
    b.expect("200 BYE")


@scenario()
def reinvite_from_both_sides(w):
    a, b = w.peer("alice"), w.peer("bob")
    inv, got, ok = answered(w, a, b)
    btag = tag_of(ok.get("To"))
    a.send("INVITE", uri_of(ok.get("Contact")), cseq=2, to="sip:bob@SERVER", to_tag=btag,
           routes=routes_of(ok, True), body=SDP)
    b.reply(b.expect("INVITE"), 200, "OK", body=SDP)
    a.expect("200 INVITE")
    a.send("ACK", uri_of(ok.get("Contact")), cseq=2, to="sip:bob@SERVER", to_tag=btag,
           routes=routes_of(ok, True))
    b.expect("ACK")
    b.send("INVITE", uri_of(got.get("Contact")), frm="sip:bob@SERVER", from_tag=btag, to="sip:alice@SERVER",
           to_tag="ft", routes=routes_of(got, False), body=SDP)
    a.reply(a.expect("INVITE"), 200, "OK", body=SDP)
    b.expect("200 INVITE")
    b.send("ACK", uri_of(got.get("Contact")), frm="sip:bob@SERVER", from_tag=btag, to="sip:alice@SERVER",
           to_tag="ft", routes=routes_of(got, False))
    a.expect("ACK")


@scenario()
def call_rejected(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    invite(a, b, branch=w.branch("i"))
    got = b.expect("INVITE")
    b.reply(got, 180, "Ringing")
    b.reply(got, 486, "Busy Here", extra=["Retry-After: 10"])
    b.expect("ACK")
    m = a.expect("486 INVITE")
    a.send("ACK", "sip:bob@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("i"), contact=False)
    a.nothing()
    b.nothing(0.1)


@scenario()
def call_timed_out(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    invite(a, b, branch=w.branch("i"))
    b.expect("INVITE")
    m = a.expect("408 INVITE", timeout=40)
    a.send("ACK", "sip:bob@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("i"), contact=False)
    a.nothing()
    b.nothing(0.1)


@scenario()
def cancelled_before_ringing(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    invite(a, b, branch=w.branch("i"))
    a.expect("100 INVITE")
    got = b.expect("INVITE")
    a.send("CANCEL", "sip:bob@SERVER", branch=w.branch("i"), contact=False)
    a.expect("200 CANCEL")
    b.reply(got, 100, "Trying", contact=False)
    can = b.expect("CANCEL")
    b.reply(can, 200, "OK", contact=False)
    b.reply(got, 487, "Request Terminated", contact=False)
    b.expect("ACK")
    m = a.expect("487 INVITE")
    a.send("ACK", "sip:bob@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("i"), contact=False)
    a.nothing()
    b.nothing(0.1)


@scenario()
def cancelled_after_ringing(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    invite(a, b, branch=w.branch("i"))
    got = b.expect("INVITE")
    b.reply(got, 180, "Ringing")
    a.expect("180 INVITE")
    a.send("CANCEL", "sip:bob@SERVER", branch=w.branch("i"), contact=False,
           extra=['Reason: SIP;cause=200;text="Call completed elsewhere"'])
    a.expect("200 CANCEL")
    can = b.expect("CANCEL")
    b.reply(can, 200, "OK", contact=False)
    b.reply(got, 487, "Request Terminated", contact=False)
    b.expect("ACK")
    m = a.expect("487 INVITE")
    a.send("ACK", "sip:bob@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("i"), contact=False)
    a.nothing()


@scenario()
def message_to_registered(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    a.send("MESSAGE", "sip:bob@SERVER", body="hello", extra=["Subject: x"])
    b.reply(b.expect("MESSAGE"), 202, "Accepted", contact=False)
    a.expect("202 MESSAGE")


# ---- forking ------------------------------------------------------------------------------------------

def fork(w):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("bob2")
    register(b)
    c.send("REGISTER", "sip:SERVER", to="sip:bob@SERVER", frm="sip:bob@SERVER", call="regc")
    c.expect("200 REGISTER")
    invite(a, b, branch=w.branch("i"))
    return a, b, c, b.expect("INVITE"), c.expect("INVITE")


@scenario()
def two_contacts_one_answers(w):
    a, b, c, ib, ic = fork(w)
    b.reply(ib, 180, "Ringing")
    a.expect("180 INVITE")
    c.reply(ic, 180, "Ringing")
    a.expect("180 INVITE")
    c.reply(ic, 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    can = b.expect("CANCEL")
    b.reply(can, 200, "OK", contact=False)
    b.reply(ib, 487, "Request Terminated", contact=False)
    b.expect("ACK")
    a.send("ACK", uri_of(ok.get("Contact")), to="sip:bob@SERVER", to_tag=tag_of(ok.get("To")),
           routes=routes_of(ok, True))
    c.expect("ACK")
    a.nothing()


@scenario()
def two_contacts_both_reject(w):
    a, b, c, ib, ic = fork(w)
    b.reply(ib, 486, "Busy Here")
    b.expect("ACK")
    c.reply(ic, 404, "Not Found")
    c.expect("ACK")
    m = a.expect("404 INVITE", "486 INVITE")
    a.send("ACK", "sip:bob@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("i"), contact=False)
    a.nothing()


@scenario()
def two_contacts_global_reject(w):
    a, b, c, ib, ic = fork(w)
    b.reply(ib, 180, "Ringing")
    a.expect("180 INVITE")
    c.reply(ic, 603, "Decline")
    c.expect("ACK")
    can = b.expect("CANCEL")
    b.reply(can, 200, "OK", contact=False)
    b.reply(ib, 487, "Request Terminated", contact=False)
    b.expect("ACK")
    m = a.expect("603 INVITE", "487 INVITE")
    a.send("ACK", "sip:bob@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("i"), contact=False)
    a.nothing()


# ---- retransmissions ----------------------------------------------------------------------------------

@scenario(UDP)
def retransmitted_invite_and_ok(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    inv = invite(a, b)
    a.expect("100 INVITE")
    got = b.expect("INVITE")
    a.again(inv)
    a.expect("100 INVITE")
    ring = b.reply(got, 180, "Ringing")
    a.expect("180 INVITE")
    a.again(inv)
    a.expect("180 INVITE")
    ok = b.reply(got, 200, "OK", body=SDP)
    m = a.expect("200 INVITE")
    b.send_raw(ok.raw)
    a.expect("200 INVITE")
    a.send("ACK", uri_of(m.get("Contact")), to="sip:bob@SERVER", to_tag=tag_of(m.get("To")),
           routes=routes_of(m, True))
    b.expect("ACK")
    b.nothing(0.2)


@scenario(UDP)
def retransmitted_final_and_ack(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    inv = invite(a, b, branch=w.branch("i"))
    got = b.expect("INVITE")
    busy = b.reply(got, 486, "Busy Here")
    b.expect("ACK")
    b.send_raw(busy.raw)
    b.expect("ACK")
    m = a.expect("486 INVITE")
    a.again(inv)
    a.expect("486 INVITE")
    ack = a.send("ACK", "sip:bob@SERVER", to_tag=tag_of(m.get("To")), branch=w.branch("i"), contact=False)
    a.again(ack)
    a.nothing(0.8)
    b.nothing(0.1)


@scenario(UDP)
def retransmitted_message_and_bye(w):
    a, b = w.peer("alice"), w.peer("bob")
    inv, got, ok = answered(w, a, b)
    bye = a.send("BYE", uri_of(ok.get("Contact")), cseq=2, to="sip:bob@SERVER", to_tag=tag_of(ok.get("To")),
                 routes=routes_of(ok, True), contact=False)
    got = b.expect("BYE")
    a.again(bye)
    b.reply(got, 200, "OK", contact=False)
    a.expect("200 BYE")
    a.again(bye)
    a.expect("200 BYE")
    b.nothing(0.2)
    m = a.send("MESSAGE", "sip:nobody@SERVER", call="m")
    a.expect("404 MESSAGE")
    a.again(m)
    a.expect("404 MESSAGE")


@scenario(("udp4",))
def forwarded_request_is_retransmitted(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    invite(a, b)
    first = b.expect("INVITE")
    b.expect("INVITE", timeout=2)
    b.reply(first, 180, "Ringing")
    a.expect("180 INVITE")
    b.reply(first, 200, "OK", body=SDP)
    a.expect("200 INVITE")


@scenario()
def retransmitted_without_transaction(w):
    """Each is answered anew, the same way."""
    a = w.peer("alice")
    for n, (method, uri, code, kw) in enumerate((
            ("OPTIONS", "sip:SERVER", 200, {}), ("REGISTER", "sip:SERVER", 200, {"to": "sip:alice@SERVER"}),
            ("INVITE", "sip:nobody@SERVER", 404, {}), ("INVITE", "sip:bob@example.invalid", 403, {}),
            ("MESSAGE", "sip:bob@SERVER", 483, {"maxfwd": 0}))):
        m = a.send(method, uri, call="c%d" % n, branch=w.branch("b%d" % n), **kw)
        first = a.expect("%d %s" % (code, method))
        a.again(m)
        second = a.expect("%d %s" % (code, method))
        w.note("same tag: %s" % (tag_of(first.get("To")) == tag_of(second.get("To"))))
        if method == "INVITE":
            a.send("ACK", uri, call="c%d" % n, to_tag=tag_of(first.get("To")), branch=w.branch("b%d" % n),
                   contact=False)
    a.nothing(0.2)


@scenario()
def retransmitted_cancel_and_terminated(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    inv = invite(a, b, branch=w.branch("i"))
    got = b.expect("INVITE")
    b.reply(got, 180, "Ringing")
    a.expect("180 INVITE")
    cancel = a.send("CANCEL", "sip:bob@SERVER", branch=w.branch("i"), contact=False)
    a.expect("200 CANCEL")
    can = b.expect("CANCEL")
    a.again(cancel)
    a.expect("200 CANCEL")
    b.reply(can, 200, "OK", contact=False)
    end = b.reply(got, 487, "Request Terminated", contact=False)
    b.expect("ACK")
    b.send_raw(end.raw)
    b.expect("ACK")
    m = a.expect("487 INVITE")
    a.again(inv)
    a.expect("487 INVITE")
    a.again(cancel)
    a.expect("200 CANCEL")
    k = ack(w, a, "sip:bob@SERVER", m, w.branch("i"))
    a.again(k)
    a.nothing(0.8)
    b.nothing(0.1)


@scenario()
def retransmitted_reinvite(w):
    a, b = w.peer("alice"), w.peer("bob")
    inv, got, ok = answered(w, a, b)
    btag = tag_of(ok.get("To"))
    kw = {"cseq": 2, "to": "sip:bob@SERVER", "to_tag": btag, "routes": routes_of(ok, True), "body": SDP}
    re = a.send("INVITE", uri_of(ok.get("Contact")), **kw)
    got = b.expect("INVITE")
    a.expect("100 INVITE")
    a.again(re)
    a.expect("100 INVITE")
    fin = b.reply(got, 200, "OK", body=SDP)
    a.expect("200 INVITE")
    b.send_raw(fin.raw, b.reply_to.get(got.raw))
    a.expect("200 INVITE")
    k = a.send("ACK", uri_of(ok.get("Contact")), **dict(kw, body=""))
    b.expect("ACK")
    a.again(k)
    b.expect("ACK")
    a.again(re)
    a.nothing(0.3)
    b.nothing(0.1)


@scenario()
def retransmitted_while_forked(w):
    a, b, c, ib, ic = fork(w)
    ring = b.reply(ib, 180, "Ringing")
    a.expect("180 INVITE")
    b.send_raw(ring.raw, b.reply_to.get(ib.raw))
    a.expect("180 INVITE")
    busy = b.reply(ib, 486, "Busy Here")
    b.expect("ACK")
    b.send_raw(busy.raw, b.reply_to.get(ib.raw))
    b.expect("ACK")
    ok = c.reply(ic, 200, "OK", body=SDP)
    m = a.expect("200 INVITE")
    c.send_raw(ok.raw, c.reply_to.get(ic.raw))
    a.expect("200 INVITE")
    b.send_raw(busy.raw, b.reply_to.get(ib.raw))
    b.expect("ACK")
    a.send("ACK", uri_of(m.get("Contact")), to="sip:bob@SERVER", to_tag=tag_of(m.get("To")),
           routes=routes_of(m, True))
    c.expect("ACK")
    a.nothing(0.3)


# ---- syntax that both must keep -----------------------------------------------------------------------

@scenario(UDP)
def headers_are_kept(w):
    a, b = w.peer("alice"), w.peer("bob")
    register(b)
    a.send("MESSAGE", "sip:bob@SERVER;x=y", extra=["X-Odd  :  value with  blanks", "x-odd: second", "Subject: a\r\n b",
                                                   "s: compact", "Route: <sip:preloaded@SERVER;lr>".replace(
                                                       "SERVER", "%s:%d" % (a.urihost, w.port))], body="x")
    b.reply(b.expect("MESSAGE"), 200, "OK", extra=["X-Reply: yes"])
    a.expect("200 MESSAGE")
