# SPDX-License-Identifier: Apache-2.0
"""Suspended transactions, variables of the transaction, work by Call-ID."""
from scenarios.common import SDP, UDP4, ack, scenario, uri_of
from scenarios.fork import refuse

CONFIG = "tmx.cfg"


def send(w, a, method, case, call="c", **kw):
    extra = ["X-Case: " + case] + list(kw.pop("extra", ()))
    return a.send(method, "sip:x@SERVER", call=call, branch=w.branch(call), extra=extra, **kw)


def go_on(w, a, then, call="c", n=1):
    a.send("MESSAGE", "sip:x@SERVER", call="go%d" % n, extra=["X-Case: CONTINUE", "X-Then: " + then, "X-Call: " + w.call_id(call)])
    a.expect("200 MESSAGE")


def end(w, a, *codes, call="c", timeout=8):
    m = a.expect(*["%d INVITE" % c for c in codes], timeout=timeout)
    ack(w, a, "sip:x@SERVER", m, w.branch(call), call=call)


# ---- suspending ------------------------------------------------------------------------------------------------

@scenario(("udp4", "tcp4"))
def suspended_and_relayed(w):
    a, b = w.peer("alice"), w.peer("bob")
    m = send(w, a, "INVITE", "SUSPEND", body=SDP, extra=["X-To: " + uri_of(b.contact)])
    a.nothing(0.2)
    a.again(m)
    a.nothing(0.2)
    go_on(w, a, "RELAY")
    i = b.expect("INVITE")
    a.again(m)
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    a.again(m)
    refuse(b, i, 486)
    end(w, a, 486)
    a.nothing(0.2)
    b.nothing(0.1)


@scenario(("udp4", "tcp4"))
def suspended_message_is_answered(w):
    a = w.peer("alice")
    m = send(w, a, "MESSAGE", "SUSPEND")
    a.nothing(0.2)
    a.again(m)
    go_on(w, a, "REPLY")
    a.expect("480 MESSAGE") if not any(x.code == 480 for x in a.seen) else None
    a.again(m)
    a.nothing(0.2)


@scenario(UDP4)
def suspended_and_nothing(w):
    a = w.peer("alice")
    send(w, a, "INVITE", "SUSPEND")
    a.nothing(0.1)
    go_on(w, a, "NOTHING")
    a.nothing(0.4)


@scenario(UDP4)
def continued_twice(w):
    a = w.peer("alice")
    send(w, a, "MESSAGE", "SUSPEND")
    a.nothing(0.1)
    go_on(w, a, "REPLY", n=1)
    go_on(w, a, "REPLY", n=2)
    a.nothing(0.2)


@scenario(UDP4)
def suspended_again(w):
    a = w.peer("alice")
    send(w, a, "MESSAGE", "SUSPEND")
    a.nothing(0.1)
    go_on(w, a, "AGAIN", n=1)
    go_on(w, a, "REPLY", n=2)
    a.nothing(0.2)


@scenario(UDP4)
def suspended_and_cancelled(w):
    a = w.peer("alice")
    send(w, a, "INVITE", "SUSPEND_FAIL")
    a.nothing(0.1)
    a.send("CANCEL", "sip:x@SERVER", branch=w.branch("c"), contact=False)
    a.expect("200 CANCEL")
    end(w, a, 487, 408)
    go_on(w, a, "REPLY")
    a.nothing(0.2)


@scenario(UDP4)
def suspended_for_too_long(w):
    a = w.peer("alice")
    for case in ("SUSPEND", "SUSPEND_FAIL"):
        send(w, a, "MESSAGE", case, call=case)
        a.expect("408 MESSAGE", timeout=6)
    a.nothing(0.2)


@scenario(UDP4)
def suspended_then_second_target(w):
    a, b = w.peer("alice"), w.peer("bob")
    send(w, a, "MESSAGE", "SUSPEND_FAIL", extra=["X-Second: " + uri_of(b.contact)])
    b.reply(b.expect("MESSAGE", timeout=6), 202, "Fine")
    a.expect("202 MESSAGE")


# ---- variables and questions -----------------------------------------------------------------------------------

def two(w, *codes):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    send(w, a, "INVITE", "VARS", extra=["X-To: " + uri_of(b.contact), "X-To2: " + uri_of(c.contact)])
    return a, b, c, b.expect("INVITE"), c.expect("INVITE")


@scenario(UDP4)
def variables(w):
    a, b, c, i, j = two(w)
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    refuse(c, j, 404)
    refuse(b, i, 486)
    end(w, a, 404)
    a.nothing(0.1)


@scenario(UDP4)
def variables_after_a_timeout(w):
    a, b, c, i, j = two(w)
    refuse(c, j, 500)
    end(w, a, 408, 500)


@scenario(UDP4)
def cancelled_by_the_reply_route(w):
    """All, the others."""
    for n, code in enumerate((182, 181)):
        a, b, c = w.peer("alice%d" % n), w.peer("bob%d" % n), w.peer("carol%d" % n)
        call = "c%d" % n
        send(w, a, "INVITE", "VARS", call=call, extra=["X-To: " + uri_of(b.contact), "X-To2: " + uri_of(c.contact)])
        i, j = b.expect("INVITE"), c.expect("INVITE")
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")
        c.reply(j, code, "Now")
        a.expect("%d INVITE" % code)
        c.nothing(0.2)
        b.nothing(0.1)
        for p, inv in ((b, i), (c, j)):
            for m in p.seen:
                if m.method == "CANCEL":
                    p.reply(m, 200, "OK", contact=False)
            refuse(p, inv, 487)
        end(w, a, 487, call=call)


@scenario(UDP4, differs=True)
def this_branch_cancelled_by_the_reply_route(w):
    """The reference cancels the others, too."""
    a, b, c, i, j = two(w)
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    c.reply(j, 189, "Now")
    a.expect("189 INVITE")
    c.reply(c.expect("CANCEL"), 200, "OK", contact=False)
    refuse(c, j, 487)
    b.nothing(0.2)
    refuse(b, i, 486)
    assert not any(m.method == "CANCEL" for m in b.seen)
    end(w, a, 486, 487)


@scenario(UDP4)
def invite_seen_from_the_cancel(w):
    a, b = w.peer("alice"), w.peer("bob")
    send(w, a, "INVITE", "FLAGS", extra=["X-To: " + uri_of(b.contact)])
    i = b.expect("INVITE")
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    a.send("CANCEL", "sip:x@SERVER", branch=w.branch("c"), contact=False, extra=["X-Show: 1"])
    a.expect("200 CANCEL")
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(b, i, 487)
    end(w, a, 487)


# ---- by Call-ID --------------------------------------------------------------------------------------------------

@scenario(UDP4)
def worked_on_by_call_id(w):
    for n, do in enumerate(("reply", "cancel", "cancelcode")):
        a, b = w.peer("alice%d" % n), w.peer("bob%d" % n)
        call = "c%d" % n
        send(w, a, "INVITE", "FLAGS", call=call, extra=["X-To: " + uri_of(b.contact)])
        i = b.expect("INVITE")
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")
        a.send("MESSAGE", "sip:x@SERVER", call="do%d" % n, extra=["X-Case: BYCALLID", "X-Do: " + do, "X-Call: " + w.call_id(call)])
        a.expect("200 MESSAGE")
        b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
        refuse(b, i, 487)
        if do != "reply":
            end(w, a, 487, call=call)
    a.send("MESSAGE", "sip:x@SERVER", call="none", extra=["X-Case: BYCALLID", "X-Do: cancel", "X-Call: nobody"])
    a.expect("200 MESSAGE")
    a.nothing(0.2)


@scenario(UDP4)
def dropped(w):
    a = w.peer("alice")
    for n, case in enumerate(("DROP", "DROPCODE")):
        m = send(w, a, "MESSAGE", case, call="c%d" % n)
        a.nothing(0.2)
        a.again(m)
        a.nothing(0.2)
