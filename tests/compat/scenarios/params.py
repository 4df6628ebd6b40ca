# SPDX-License-Identifier: Apache-2.0
"""Parameters of tm that are not at their default, and those that RPC changes."""
import re
import threading

from scenarios.common import SDP, UDP4, ack, scenario, uri_of
from scenarios.fork import refuse

CONFIG = "params.cfg"


def call(w, a, b, name="c", **kw):
    extra = ["X-To: " + uri_of(b.contact)] + list(kw.pop("extra", ()))
    a.send("INVITE", "sip:x@SERVER", call=name, branch=w.branch(name), body=SDP, extra=extra, **kw)
    return b.expect("INVITE")


@scenario(UDP4, defines=("EXTRA_HDRS",))
def headers_kept_for_ack_and_cancel(w):
    a, b = w.peer("alice"), w.peer("bob")
    extra = ["X-Keep-One: 1", "X-Other: no", "x-keep-two: first\r\n second", "X-Kee: no"]
    refuse(b, call(w, a, b, extra=extra), 486)
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("c"))
    i = call(w, a, b, "d", extra=extra)
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    a.send("CANCEL", "sip:x@SERVER", call="d", branch=w.branch("d"), contact=False, extra=["X-Keep-Own: 3", "Reason: SIP;cause=200"])
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(b, i, 487)
    ack(w, a, "sip:x@SERVER", a.expect("487 INVITE"), w.branch("d"), call="d")
    a.nothing(0.1)


def redirect(w):
    a = w.peer("alice")
    for n, extra in enumerate(([], ["X-Sl: yes"])):
        a.send("MESSAGE", "sip:x@SERVER", call="c%d" % n, extra=["X-Case: REDIRECT"] + extra)
        a.expect("302 MESSAGE")


@scenario(UDP4, defines=("RICH=0",))
def redirect_plain(w):
    redirect(w)


@scenario(UDP4, defines=("RICH=1",))
def redirect_with_flags(w):
    redirect(w)


@scenario(UDP4, defines=("RICH=2",))
def redirect_with_path(w):
    redirect(w)


@scenario(UDP4, defines=("RICH=3",))
def redirect_with_flags_and_path(w):
    redirect(w)


def own(w, again):
    """A request of our own is refused; X-Then names where the failure route sends it then."""
    b, c = w.peer("bob"), w.peer("carol")
    said = []
    for n, then in enumerate(("", "X-Then: %s\r\n" % uri_of(c.contact))):
        head = "From: <sip:me@here>\r\nTo: <sip:you@there>\r\nCall-ID: %s\r\nCSeq: 7 MESSAGE\r\n" % w.call_id("c%d" % n) + then
        t = threading.Thread(target=lambda: said.append(w.server.rpc("tm.t_uac_wait_block", "MESSAGE", uri_of(b.contact), ".", ".", "s:" + head, "s:")))
        t.start()
        b.reply(b.expect("MESSAGE"), 404, "None")
        if then and again:
            m = c.expect("MESSAGE")
            c.reply(m, 200, "Fine")
            m.raw = re.sub(r"(Via: .*\r\n)Via: .*\r\n", r"\1", m.raw)     # the reference leaves the Via of the first one in
        t.join()
    c.nothing(0.1)
    w.note(str(said))


@scenario(UDP4)
def own_request_fails(w):
    own(w, False)


@scenario(UDP4, defines=("UAC_FR",))
def own_request_fails_with_a_failure_route(w):
    own(w, True)


# ---- variables of the group tm -------------------------------------------------------------------------------------

LIVE = ("callid_matching", "fr_timer", "fr_inv_timer", "wt_timer", "retr_timer1", "retr_timer2", "max_inv_lifetime", "max_noninv_lifetime",
        "auto_inv_100", "restart_fr_on_each_reply", "aggregate_challenges", "unmatched_cancel", "default_code", "cancel_b_method",
        "disable_6xx_block", "local_ack_mode", "local_cancel_reason", "e2e_cancel_reason", "relay_100", "enable_uac_fr")


@scenario(UDP4, defines=("VARIABLES",))
def variables_by_rpc(w):
    w.note(re.sub(r"(?m)^tm: callid_cseq_matching\n", "", w.server.rpc("cfg.list", "tm")))
    w.note(re.sub(r"(?m)^\tcallid_cseq_matching: .*\n", "", w.server.rpc("cfg.get", "tm")))
    for name in LIVE:
        for value in ("0", "1", "2", "3", "500", "70000"):
            if name.endswith("timer") or name.startswith(("retr", "max")) and value == "0":
                continue    # the reference takes a timer of 0
            out = w.server.rpc("cfg.set_now_int", "tm", name, value)
            w.note("%s %s %s" % (name, value, "error" in out))
        w.note(name + " " + str("error" in w.server.rpc("cfg.get", "tm", name)))
        w.server.rpc("cfg.set_now_int", "tm", name, "0" if name != "default_code" else "500")
    w.note(re.sub(r"(?m)^\tcallid_cseq_matching: .*\n", "", w.server.rpc("cfg.get", "tm")))


def change(w, name, value):
    w.rpc("cfg.set_now_int", "tm", name, value)


@scenario(UDP4, defines=("CHANGED",))
def timers_changed_by_rpc(w):
    a, b = w.peer("alice"), w.peer("bob")
    change(w, "fr_timer", 900)
    change(w, "retr_timer1", 150)
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-To: " + uri_of(b.contact)])
    b.expect("MESSAGE")
    b.expect("MESSAGE", timeout=0.4)
    a.expect("408 MESSAGE", timeout=1.5)
    change(w, "retr_timer1", 500)
    change(w, "fr_timer", 4000)
    change(w, "auto_inv_100", 0)
    change(w, "local_cancel_reason", 0)
    change(w, "relay_100", 1)
    i = call(w, a, b)
    b.reply(i, 100, "Trying", contact=False)
    a.expect("100 INVITE")
    b.reply(i, 486, "Busy")
    b.expect("ACK")
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("c"))
    change(w, "unmatched_cancel", 2)
    a.send("CANCEL", "sip:x@SERVER", call="none", extra=["X-To: " + uri_of(b.contact)])
    b.nothing(0.2)
    a.nothing(0.1)
