# SPDX-License-Identifier: Apache-2.0
"""What crosses on the way, early dialogs of several branches, redirections that are followed."""
from scenarios.common import SDP, UDP4, ack, routes_of, scenario, tag_of, uri_of
from scenarios.fork import callees, cancel, confirm, finish, fork, refuse, stop, targets

CONFIG = "fork.cfg"


def ring(a, bs, invs):
    for b, i in zip(bs, invs):
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")


# ---- CANCEL ------------------------------------------------------------------------------------------------------

@scenario(("udp4", "tcp4"))
def one_of_two_answers_behind_the_cancel(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    ring(a, bs, invs)
    cancel(w, a)
    for b in bs:
        b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    bs[0].reply(invs[0], 200, "OK", body=SDP)
    confirm(a, a.expect("200 INVITE"))
    bs[0].expect("ACK")
    refuse(bs[1], invs[1], 487)
    a.nothing(0.2)


@scenario(UDP4)
def both_answer_behind_the_cancel(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    ring(a, bs, invs)
    cancel(w, a)
    for b, i in zip(bs, invs):
        b.reply(b.expect("CANCEL"), 481, "Too late", contact=False)
        b.reply(i, 200, "OK", body=SDP)
        confirm(a, a.expect("200 INVITE"))
        b.expect("ACK")
    a.nothing(0.2)


@scenario(UDP4)
def cancel_and_invite_come_again(w):
    a, bs = w.peer("alice"), callees(w, 1)
    a.send("INVITE", "sip:x@SERVER", branch=w.branch("c"), body=SDP, extra=["X-Case: PARALLEL"] + targets(bs))
    i = bs[0].expect("INVITE")
    ring(a, bs, [i])
    c = a.send("CANCEL", "sip:x@SERVER", branch=w.branch("c"), contact=False)
    a.expect("200 CANCEL")
    a.again(c)
    a.expect("200 CANCEL")
    stop(bs[0], i)
    m = a.expect("487 INVITE")
    a.again(c)
    a.expect("200 CANCEL")
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)


@scenario(UDP4)
def cancelled_while_one_has_not_replied(w):
    """RFC 3261 9.1: its CANCEL waits for a provisional reply, the other's does not."""
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    ring(a, bs[:1], invs[:1])
    cancel(w, a)
    stop(bs[0], invs[0])
    bs[1].nothing(0.1)
    bs[1].reply(invs[1], 180, "Ringing")
    stop(bs[1], invs[1])
    finish(w, a, 487)
    a.nothing(0.1)


@scenario(UDP4)
def ringing_goes_on_behind_the_cancel(w):
    """Reply routes hear of it; what goes up does not depend on when the CANCEL left."""
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs, "PARALLEL_FAIL")
    ring(a, bs[:1], invs[:1])
    cancel(w, a)
    for b, i, code in zip(bs, invs, (183, 180)):
        b.reply(i, code, "Still")
        b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
        b.reply(i, 181, "And again")
        a.nothing(0.1)
    for b, i in zip(bs, invs):
        refuse(b, i, 487)
    finish(w, a, 487)
    a.nothing(0.1)


@scenario(UDP4)
def busy_crosses_the_cancel(w):
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs)
    ring(a, bs, invs)
    cancel(w, a)
    can = bs[0].expect("CANCEL")
    refuse(bs[0], invs[0], 486)
    bs[0].reply(can, 481, "Gone", contact=False)
    finish(w, a, 486)
    a.nothing(0.1)


@scenario(UDP4)
def final_reply_comes_again(w):
    """Each time it is acknowledged, and goes up once."""
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs)
    r = bs[0].reply(invs[0], 486, "Busy")
    bs[0].expect("ACK")
    finish(w, a, 486)
    for _ in range(2):
        bs[0].send_raw(r.raw)
        bs[0].expect("ACK")
    a.nothing(0.1)


@scenario(UDP4)
def provisional_behind_the_final(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    refuse(bs[0], invs[0], 404)
    bs[0].reply(invs[0], 180, "Late")
    a.nothing(0.1)
    refuse(bs[1], invs[1], 486)
    finish(w, a, 404)
    a.nothing(0.1)


# ---- early dialogs ------------------------------------------------------------------------------------------------

def early(a, prog, method, cseq, **kw):
    a.send(method, uri_of(prog.get("Contact")), cseq=cseq, to="sip:x@SERVER", to_tag=tag_of(prog.get("To")), routes=routes_of(prog, True), **kw)


@scenario(("udp4", "tcp4"))
def early_dialogs_of_two_branches(w):
    """Each has its PRACK and its UPDATE; the first answers, the second is cancelled."""
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    for n, (b, i) in enumerate(zip(bs, invs)):
        b.reply(i, 183, "Progress", extra=["RSeq: 1", "Require: 100rel"], body=SDP)
        prog = a.expect("183 INVITE")
        for k, method in enumerate(("PRACK", "UPDATE")):
            early(a, prog, method, 2 + 2 * n + k, extra=["RAck: 1 1 INVITE"] if method == "PRACK" else [], body="" if method == "PRACK" else SDP)
            b.reply(b.expect(method), 200, "OK")
            a.expect("200 " + method)
    bs[0].reply(invs[0], 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    stop(bs[1], invs[1])
    confirm(a, ok)
    bs[0].expect("ACK")
    a.nothing(0.1)


@scenario(UDP4)
def both_branches_answer_and_hang_up(w):
    """RFC 3261 13.2.2.4: two dialogs out of one INVITE."""
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    oks = []
    for b, i in zip(bs, invs):
        b.reply(i, 200, "OK", body=SDP)
        oks.append(a.expect("200 INVITE"))
    for b, ok in zip(bs, oks):
        confirm(a, ok)
        b.expect("ACK")
    for n, (b, ok) in enumerate(zip(bs, oks)):
        early(a, ok, "BYE", 2 + n, contact=False)
        b.reply(b.expect("BYE"), 200, "OK", contact=False)
        a.expect("200 BYE")
    for b in bs:
        b.nothing(0.1)


@scenario(UDP4)
def forked_subscription(w):
    """RFC 3261 16.7 step 5: one final reply goes up; of the other branch only its NOTIFY tells."""
    a, bs = w.peer("alice"), callees(w, 2)
    a.send("SUBSCRIBE", "sip:x@SERVER", extra=["X-Case: PARALLEL", "Event: presence"] + targets(bs))
    for b in bs:
        b.reply(b.expect("SUBSCRIBE"), 200, "OK", extra=["Expires: 60"])
    a.expect("200 SUBSCRIBE")
    a.nothing(0.2)


@scenario(UDP4)
def forked_message_refused_and_taken(w):
    a, bs = w.peer("alice"), callees(w, 3)
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: PARALLEL"] + targets(bs))
    for b, code in zip(bs, (404, 603, 200)):
        b.reply(b.expect("MESSAGE"), code, "R%d" % code)
    a.expect("200 MESSAGE", "603 MESSAGE")
    a.nothing(0.2)


# ---- redirections ---------------------------------------------------------------------------------------------------

@scenario(UDP4)
def redirection_followed(w):
    """The failure route sends the INVITE to the Contact of the 302."""
    a, bs = w.peer("alice"), callees(w, 2)
    i = fork(w, a, bs[:1], "FOLLOW")[0]
    bs[0].reply(i, 302, "Moved", contact=False, extra=["Contact: " + bs[1].contact])
    bs[0].expect("ACK")
    i = bs[1].expect("INVITE")
    bs[1].reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    bs[1].reply(i, 200, "OK", body=SDP)
    confirm(a, a.expect("200 INVITE"))
    bs[1].expect("ACK")


@scenario(UDP4)
def redirection_followed_to_the_busy(w):
    a, bs = w.peer("alice"), callees(w, 2)
    i = fork(w, a, bs[:1], "FOLLOW")[0]
    bs[0].reply(i, 301, "Moved", contact=False, extra=["Contact: " + bs[1].contact])
    bs[0].expect("ACK")
    refuse(bs[1], bs[1].expect("INVITE"), 486)
    finish(w, a, 486)


@scenario(UDP4)
def one_redirects_one_is_busy(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs, "PARALLEL_FAIL")
    bs[0].reply(invs[0], 302, "Moved", contact=False, extra=["Contact: <sip:z@example.com>"])
    bs[0].expect("ACK")
    refuse(bs[1], invs[1], 486)
    finish(w, a, 302)
    a.nothing(0.1)
