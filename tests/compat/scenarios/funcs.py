# SPDX-License-Identifier: Apache-2.0
"""The functions of tm that ask or set; registrations with odd lifetimes."""
from scenarios.common import SDP, UDP4, ack, scenario, uri_of
from scenarios.fork import refuse

CONFIG = "funcs.cfg"


def ask(w, a, b, case, method="INVITE", **kw):
    extra = list(kw.pop("extra", ())) + ["X-Case: " + case, "X-To: " + uri_of(b.contact)]
    return a.send(method, "sip:x@SERVER", branch=w.branch("c"), extra=extra, body=SDP if method == "INVITE" else "", **kw)


def end(w, a, *codes, timeout=8):
    ack(w, a, "sip:x@SERVER", a.expect(*["%d INVITE" % c for c in codes], timeout=timeout), w.branch("c"))


@scenario(UDP4)
def timers_set(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "TIMERS")
    b.expect("INVITE")
    b.expect("INVITE", timeout=0.9)      # sooner than T1 of the parameters would
    end(w, a, 408, timeout=2.5)


@scenario(UDP4)
def timers_reset(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "RESET", "MESSAGE")
    m = b.expect("MESSAGE")
    b.nothing(0.3)
    b.reply(m, 404, "None")
    a.expect("404 MESSAGE")


@scenario(UDP4)
def edits_saved(w):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    ask(w, a, b, "LUMPS", extra=["X-Second: " + uri_of(c.contact)])
    refuse(b, b.expect("INVITE"), 486)
    refuse(c, c.expect("INVITE"), 404)
    end(w, a, 404)


@scenario(UDP4)
def looked_up(w):
    a, b = w.peer("alice"), w.peer("bob")
    m = ask(w, a, b, "LOOKUP", "MESSAGE")
    a.expect("404 MESSAGE")
    a.again(m)
    a.expect("404 MESSAGE")
    a.nothing(0.1)


def cancelled(w, case, extra=()):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, case)
    i = b.expect("INVITE")
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    a.send("CANCEL", "sip:x@SERVER", branch=w.branch("c"), contact=False, extra=["Reason: Q.850;cause=16"] + list(extra))
    a.expect("200 CANCEL")
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(b, i, 487)
    end(w, a, 487)


@scenario(UDP4)
def cancelled_with_its_reason(w):
    cancelled(w, "KEEPREASON")


@scenario(UDP4)
def cancelled_without_reason(w):
    cancelled(w, "REASON")


@scenario(UDP4)
def cancelled_without_reason_by_the_old_name(w):
    cancelled(w, "OLDREASON")


@scenario(UDP4)
def replies_sent(w):
    a = w.peer("alice")
    ask(w, a, a, "SEND")
    a.expect("183 INVITE")
    end(w, a, 486)
    a.nothing(0.1)


@scenario(UDP4)
def codes_of_replies(w):
    a = w.peer("alice")
    for code in ("100", "180", "199", "202", "299", "302", "404", "555", "603", "699", "none", "hdr", "int", "empty", "null", "number"):
        a.send("MESSAGE", "sip:x@SERVER", call=code, extra=["X-Case: CODES", "X-Code: " + code, "X-Number: 485"])
        a.poll(0.3)
    a.nothing(0.3)


@scenario(UDP4)
def cancelled_by_t_relay_cancel(w):
    cancelled(w, "KEEPREASON", ["X-Relay: 1"])
    a = w.peer("eve")
    a.send("CANCEL", "sip:x@SERVER", call="nobody", contact=False, extra=["X-Relay: 1"])
    a.nothing(0.3)


@scenario(UDP4, differs=True)
def no_internal_reply(w):
    """t_set_disable_internal_reply before there is a transaction: the reference forgets it."""
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "SILENT", "MESSAGE")
    a.nothing(0.4)
    if w.server.name == "kiln":
        assert not a.seen


@scenario(UDP4)
def flags_flushed(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "FLAGS", "MESSAGE")
    b.reply(b.expect("MESSAGE"), 486, "Busy")
    a.expect("486 MESSAGE")


@scenario(UDP4)
def branch_reused(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "REUSE")
    refuse(b, b.expect("INVITE"), 430)
    refuse(b, b.expect("INVITE"), 486)
    end(w, a, 430, 486)


# ---- lifetimes of registrations ------------------------------------------------------------------------------------

def lifetimes(w):
    a = w.peer("alice")
    for n, (contact, extra) in enumerate(((a.contact + ";expires=10", []), (a.contact, ["Expires: 10"]), (a.contact + ";expires=99999", []),
                                          (a.contact + ";expires=bad", []), (a.contact, ["Expires: bad"]),
                                          (a.contact + ";expires=0", []), (a.contact, ["Expires: -5"]), ("*", ["Expires: 5"]),
                                          (a.contact + ";q=2", []), ("<sip:;;bad>", []))):
        a.send("REGISTER", "sip:SERVER", to="sip:alice@SERVER", call="r%d" % n, contact=contact, extra=extra)
        a.expect(*["%d REGISTER" % c for c in (200, 400, 423, 500, 503)])


@scenario(UDP4)
def lifetimes_are_fitted(w):
    lifetimes(w)


@scenario(UDP4, defines=("WITH_423",))
def lifetimes_too_brief_are_refused(w):
    lifetimes(w)
