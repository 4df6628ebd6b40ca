# SPDX-License-Identifier: Apache-2.0
"""Which reply wins, and what the other branches see."""
import itertools
import os

from scenarios.common import SDP, UDP4, ack, routes_of, scenario, tag_of, uri_of

CONFIG = "fork.cfg"
CODES = (200, 302, 401, 404, 486, 503, 603)
CHALLENGE = {401: 'WWW-Authenticate: Digest realm="%s", nonce="n"', 407: 'Proxy-Authenticate: Digest realm="%s", nonce="n"'}


def callees(w, n=3, net=None):
    return [w.peer("b%d" % i, net) for i in range(1, n + 1)]


def targets(peers):
    return ["X-Fork%d: %s" % (i + 1, uri_of(p.contact)) for i, p in enumerate(peers)]


def fork(w, a, bs, case="PARALLEL", call="c", extra=()):
    """One forked INVITE; returns the branches' INVITEs."""
    a.send("INVITE", "sip:x@SERVER", call=call, branch=w.branch(call), body=SDP,
           extra=["X-Case: " + case] + targets(bs) + list(extra))
    return [b.expect("INVITE") for b in bs]


def finals(code, who):
    return [CHALLENGE[code] % who] if code in CHALLENGE else []


def one(w, a, bs, codes, ring=False):
    """All branches answer in order; notes the winner."""
    call = "-".join(str(c) for c in codes)
    invs = fork(w, a, bs, call=call)
    if ring:
        for b, i in zip(bs, invs):
            b.reply(i, 180, "Ringing")
            a.expect("180 INVITE")
    for b, i, code in zip(bs, invs, codes):
        b.reply(i, code, "R%d" % code, extra=finals(code, b.role) + ["X-From: " + b.role])
        if code >= 300:
            b.expect("ACK")
    seen = []
    for _ in range(max(1, codes.count(200))):
        m = a.expect(*["%d INVITE" % c for c in CODES + (500,)])
        seen.append("%d %s %s" % (m.code, m.get("X-From"), sorted(m.all("WWW-Authenticate"))))
        if m.code >= 300:
            ack(w, a, "sip:x@SERVER", m, w.branch(call), call=call)
    w.note("%s -> %s" % (codes, seen))


def matrix(w, combos):
    a, bs = w.peer("alice"), callees(w)
    for codes in combos:
        one(w, a, bs, codes)
        for p in [a] + bs:     # only the notes are compared: the messages have scenarios of their own
            p.seen.clear()


def every():
    return list(itertools.product(CODES, repeat=3))


def sample(combos):
    """COMPAT_FULL=1 plays all; else every seventh."""
    return combos if os.environ.get("COMPAT_FULL") else combos[::7]


@scenario(UDP4)
def final_codes_of_three_branches(w):
    matrix(w, sample(every()))


def finish(w, a, code, call="c"):
    """The final reply and its ACK."""
    m = a.expect("%d INVITE" % code)
    ack(w, a, "sip:x@SERVER", m, w.branch(call), call=call)
    return m


def confirm(a, ok, call="c"):
    """The ACK of a 2xx."""
    a.send("ACK", uri_of(ok.get("Contact")), call=call, to="sip:x@SERVER", to_tag=tag_of(ok.get("To")),
           routes=routes_of(ok, True))


def refuse(b, inv, code, **kw):
    b.reply(inv, code, "R%d" % code, extra=finals(code, b.role) + ["X-From: " + b.role], **kw)
    b.expect("ACK")


def stop(b, inv):
    """Answer a CANCEL."""
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(b, inv, 487)


# ---- whose reply wins, byte by byte ----------------------------------------------------------------------

def all_refuse(w, codes, final, case="PARALLEL", net=None):
    a, bs = w.peer("alice", net), callees(w, len(codes), net)
    for b, i, code in zip(bs, fork(w, a, bs, case), codes):
        refuse(b, i, code)
    finish(w, a, final)
    a.nothing(0.2)


@scenario(("udp4", "tcp6"))
def two_challenges(w):
    all_refuse(w, (401, 401), 401)


@scenario(UDP4)
def two_kinds_of_challenges(w):
    all_refuse(w, (407, 404, 401), 401)


@scenario(UDP4)
def one_challenge(w):
    all_refuse(w, (407, 404), 407)


@scenario(UDP4)
def one_503(w):
    all_refuse(w, (503,), 500)


@scenario(UDP4)
def redirected(w):
    all_refuse(w, (302,), 302)


@scenario(UDP4)
def odd_codes(w):
    for n, codes in enumerate(((300, 302), (420, 480), (484, 404), (415, 488), (500, 503), (501, 580), (600, 603))):
        a, bs = w.peer("alice%d" % n), [w.peer("b%d%d" % (n, i)) for i in (1, 2)]
        for b, i, code in zip(bs, fork(w, a, bs, call="c%d" % n), codes):
            refuse(b, i, code)
        m = a.expect(*["%d INVITE" % c for c in codes])
        ack(w, a, "sip:x@SERVER", m, w.branch("c%d" % n), call="c%d" % n)


@scenario(UDP4)
def log_of_three(w):
    a, bs = w.peer("alice"), callees(w)
    invs = fork(w, a, bs, "PARALLEL_FAIL")
    for b, i in zip(bs, invs):
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")
    for b, i, code in zip(bs, invs, (486, 404, 480)):
        refuse(b, i, code)
    finish(w, a, 404)
    a.nothing(0.1)


# ---- 2xx, 6xx and CANCEL ---------------------------------------------------------------------------------

@scenario(("udp4", "tcp4"))
def two_2xx(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    for b, i in zip(bs, invs):
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")
    bs[0].reply(invs[0], 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    bs[1].reply(invs[1], 200, "OK", body=SDP)
    ok2 = a.expect("200 INVITE")
    for b, m in zip(bs, (ok, ok2)):
        confirm(a, m)
        b.expect("ACK")
    a.nothing(0.2)


@scenario(UDP4)
def global_refusal_while_others_ring(w):
    a, bs = w.peer("alice"), callees(w)
    invs = fork(w, a, bs)
    for b, i in zip(bs[1:], invs[1:]):
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")
    refuse(bs[0], invs[0], 600)
    for b, i in zip(bs[1:], invs[1:]):
        stop(b, i)
    finish(w, a, 600)


@scenario(UDP4)
def global_refusal_disabled(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs, "NO6XX")
    bs[1].reply(invs[1], 180, "Ringing")
    a.expect("180 INVITE")
    refuse(bs[0], invs[0], 600)
    bs[1].reply(invs[1], 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    confirm(a, ok)
    bs[1].expect("ACK")


@scenario(UDP4)
def global_refusal_then_200(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    bs[1].reply(invs[1], 180, "Ringing")
    a.expect("180 INVITE")
    refuse(bs[0], invs[0], 603)
    can = bs[1].expect("CANCEL")
    bs[1].reply(can, 200, "OK", contact=False)
    bs[1].reply(invs[1], 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    confirm(a, ok)
    bs[1].expect("ACK")
    a.nothing(0.2)


def cancel(w, a, call="c", **kw):
    a.send("CANCEL", "sip:x@SERVER", call=call, branch=w.branch(call), contact=False, **kw)
    a.expect("200 CANCEL")


@scenario(("udp4", "tcp4"))
def cancel_crosses_200(w):
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs)
    bs[0].reply(invs[0], 180, "Ringing")
    a.expect("180 INVITE")
    cancel(w, a)
    can = bs[0].expect("CANCEL")
    bs[0].reply(invs[0], 200, "OK", body=SDP)
    bs[0].reply(can, 481, "Gone", contact=False)
    ok = a.expect("200 INVITE")
    confirm(a, ok)
    bs[0].expect("ACK")
    a.nothing(0.2)


@scenario(UDP4)
def cancel_after_200(w):
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs)
    bs[0].reply(invs[0], 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    cancel(w, a)
    confirm(a, ok)
    bs[0].expect("ACK")
    a.nothing(0.2)
    bs[0].nothing(0.1)


@scenario(UDP4)
def cancel_after_negative(w):
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs)
    refuse(bs[0], invs[0], 486)
    m = a.expect("486 INVITE")
    cancel(w, a)
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)
    bs[0].nothing(0.1)


@scenario(UDP4)
def cancel_then_busy(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs, "PARALLEL_FAIL")
    for b, i in zip(bs, invs):
        b.reply(i, 180, "Ringing")
        a.expect("180 INVITE")
    cancel(w, a)
    for b in bs:
        b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(bs[0], invs[0], 486)
    refuse(bs[1], invs[1], 487)
    finish(w, a, 486)
    a.nothing(0.2)


@scenario(UDP4)
def cancel_when_one_has_failed(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    refuse(bs[0], invs[0], 404)
    bs[1].reply(invs[1], 180, "Ringing")
    a.expect("180 INVITE")
    cancel(w, a, extra=["Reason: Q.850;cause=16", 'Reason: SIP;cause=200;text="x"'])
    stop(bs[1], invs[1])
    m = a.expect("404 INVITE", "487 INVITE")
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)


@scenario(UDP4)
def cancel_before_any_reply(w):
    """RFC 3261 9.1: the CANCEL waits for a provisional reply; a branch that stays silent ends by its timer."""
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs)
    cancel(w, a)
    bs[0].reply(invs[0], 100, "Trying", contact=False)
    stop(bs[0], invs[0])
    m = a.expect("487 INVITE", "408 INVITE", timeout=10)
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)


@scenario(UDP4)
def cancel_gets_no_answer(w):
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs)
    bs[0].reply(invs[0], 180, "Ringing")
    a.expect("180 INVITE")
    cancel(w, a)
    bs[0].expect("CANCEL")
    m = a.expect("487 INVITE", "408 INVITE", timeout=10)
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)


# ---- serial ----------------------------------------------------------------------------------------------

@scenario(("udp4", "tcp4"))
def serial_second_answers(w):
    a, bs = w.peer("alice"), callees(w, 2)
    first = fork(w, a, bs[:1], "SERIAL", extra=["X-Fork2: " + uri_of(bs[1].contact)])
    refuse(bs[0], first[0], 486)
    i = bs[1].expect("INVITE")
    bs[1].reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    bs[1].reply(i, 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    confirm(a, ok)
    bs[1].expect("ACK")


def serial(w, codes, final, case="SERIAL"):
    a, bs = w.peer("alice"), callees(w, len(codes))
    invs = fork(w, a, bs[:1], case, extra=["X-Fork%d: %s" % (n + 1, uri_of(b.contact)) for n, b in enumerate(bs) if n])
    for n, (b, code) in enumerate(zip(bs, codes)):
        refuse(b, invs[0] if n == 0 else b.expect("INVITE"), code)
    finish(w, a, final)
    a.nothing(0.2)


@scenario(UDP4)
def serial_three_refuse(w):
    serial(w, (480, 486, 404), 404)


@scenario(UDP4)
def serial_better_first(w):
    serial(w, (404, 480), 480)


@scenario(UDP4)
def serial_cancelled_in_second(w):
    a, bs = w.peer("alice"), callees(w, 2)
    first = fork(w, a, bs[:1], "SERIAL", extra=["X-Fork2: " + uri_of(bs[1].contact)])
    refuse(bs[0], first[0], 486)
    i = bs[1].expect("INVITE")
    bs[1].reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    cancel(w, a)
    stop(bs[1], i)
    finish(w, a, 487)


@scenario(UDP4)
def failure_route_answers(w):
    all_refuse(w, (404, 486), 480, "ANSWER")


@scenario(UDP4)
def failure_route_does_nothing(w):
    all_refuse(w, (404, 486), 404, "NOCODE")


@scenario(UDP4)
def failure_route_drops_replies(w):
    serial(w, (404, 500), 500, "DROPREPLIES")


@scenario(UDP4)
def failure_route_drops_last(w):
    serial(w, (404, 500), 500, "DROPLAST")


@scenario(UDP4)
def late_200_of_an_earlier_leg(w):
    """The first leg times out, the second rings, then the first answers after all."""
    a, bs = w.peer("alice"), callees(w, 2)
    first = fork(w, a, bs[:1], "SERIAL", extra=["X-Fork2: " + uri_of(bs[1].contact)])
    refuse(bs[0], first[0], 486)
    i = bs[1].expect("INVITE")
    bs[0].reply(first[0], 200, "OK", body=SDP)
    bs[1].reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    refuse(bs[1], i, 404)
    finish(w, a, 404)
    a.nothing(0.2)


# ---- routes that edit and drop -----------------------------------------------------------------------------

@scenario(("udp4", "tcp4"))
def branch_and_reply_routes_edit(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs, "EDIT")
    for b, i in zip(bs, invs):
        b.reply(i, 180, "Ringing", extra=["X-From: y"])
        a.expect("180 INVITE")
    bs[1].reply(invs[1], 200, "OK", extra=["X-From: y"], body=SDP)
    ok = a.expect("200 INVITE")
    stop(bs[0], invs[0])
    confirm(a, ok)
    bs[1].expect("ACK")


@scenario(UDP4)
def reply_route_drops(w):
    a, bs = w.peer("alice"), callees(w, 1)
    i = fork(w, a, bs, "EDIT")[0]
    for code in (183, 182, 181, 180, 183):
        bs[0].reply(i, code, "R%d" % code)
    a.expect("180 INVITE")
    refuse(bs[0], i, 486)
    finish(w, a, 486)


@scenario(UDP4)
def reply_route_drops_final(w):
    a, bs = w.peer("alice"), callees(w, 1)
    i = fork(w, a, bs, "EDIT")[0]
    bs[0].reply(i, 408, "R408")
    bs[0].expect("ACK")
    m = a.expect("408 INVITE", timeout=8)
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)


@scenario(UDP4)
def failure_route_edits(w):
    a, bs = w.peer("alice"), callees(w, 3)
    invs = fork(w, a, bs[:2], "EDIT", extra=["X-Fork3: " + uri_of(bs[2].contact)])
    for b, i, code in zip(bs, invs, (486, 480)):
        refuse(b, i, code)
    refuse(bs[2], bs[2].expect("INVITE"), 404)
    finish(w, a, 404)


@scenario(UDP4)
def branch_route_drops_one(w):
    a, bs = w.peer("alice"), callees(w, 2)
    a.send("INVITE", "sip:x@SERVER", branch=w.branch("c"), body=SDP, extra=["X-Case: BRANCHDROP"] + targets(bs))
    refuse(bs[1], bs[1].expect("INVITE"), 486)
    finish(w, a, 486)
    bs[0].nothing(0.1)


@scenario(UDP4)
def branch_route_drops_all(w):
    a, bs = w.peer("alice"), callees(w, 2)
    a.send("INVITE", "sip:x@SERVER", branch=w.branch("c"), body=SDP, extra=["X-Case: BRANCHDROPALL"] + targets(bs))
    finish(w, a, 480)
    bs[0].nothing(0.1)


@scenario(UDP4)
def branch_failure_event(w):
    a, bs = w.peer("alice"), callees(w, 2)
    for b, i, code in zip(bs, fork(w, a, bs, "BRANCHFAIL"), (404, 486)):
        refuse(b, i, code)
    finish(w, a, 404)


@scenario(UDP4)
def branch_failure_event_retries(w):
    a, bs = w.peer("alice"), callees(w, 3)
    invs = fork(w, a, bs[:2], "BRANCHFAIL", extra=["X-Retry: " + uri_of(bs[2].contact)])
    refuse(bs[0], invs[0], 404)
    i = bs[2].expect("INVITE")
    refuse(bs[1], invs[1], 486)
    refuse(bs[2], i, 480)
    m = a.expect("404 INVITE", "480 INVITE", "486 INVITE")
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))


# ---- timers ------------------------------------------------------------------------------------------------

@scenario(("udp4", "tcp4"))
def silent_and_ringing_time_out(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs, "SHORT")
    bs[1].reply(invs[1], 180, "Ringing")
    a.expect("180 INVITE")
    can = bs[1].expect("CANCEL")
    bs[1].reply(can, 200, "OK", contact=False)
    refuse(bs[1], invs[1], 487)
    m = a.expect("408 INVITE", timeout=8)
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)


@scenario(UDP4)
def one_busy_one_silent(w):
    a, bs = w.peer("alice"), callees(w, 2)
    invs = fork(w, a, bs, "SHORT")
    refuse(bs[0], invs[0], 486)
    m = a.expect("408 INVITE", "486 INVITE", timeout=8)
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))


@scenario(UDP4)
def silent_message(w):
    a, bs = w.peer("alice"), callees(w, 1)
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: SHORT"] + targets(bs))
    bs[0].expect("MESSAGE")
    a.expect("408 MESSAGE", timeout=8)
    a.nothing(0.2)


@scenario(UDP4)
def lifetime_passes(w):
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs, "LIFE")
    while not any(m.method == "CANCEL" for m in bs[0].seen) and len(a.seen) < 30:
        bs[0].reply(invs[0], 180, "Ringing")
        bs[0].poll(0.1)
        a.poll(0)
    stop(bs[0], invs[0])
    m = a.expect("408 INVITE", "487 INVITE", timeout=8)
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))


@scenario(UDP4, differs=True)
def late_200_of_a_leg_that_timed_out(w):
    a, bs = w.peer("alice"), callees(w, 2)
    first = fork(w, a, bs[:1], "SHORTSERIAL", extra=["X-Fork2: " + uri_of(bs[1].contact)])
    i = bs[1].expect("INVITE")
    bs[1].reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    bs[0].reply(first[0], 200, "OK", body=SDP)
    m = a.expect("200 INVITE", timeout=1)
    confirm(a, m)
    a.nothing(0.2)


@scenario(UDP4)
def routes_that_stay_armed(w):
    """What a second leg made in a failure route inherits."""
    a, bs = w.peer("alice"), callees(w, 2)
    first = fork(w, a, bs[:1], "ARMED", extra=["X-Fork2: " + uri_of(bs[1].contact)])
    refuse(bs[0], first[0], 486)
    i = bs[1].expect("INVITE")
    bs[1].reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    refuse(bs[1], i, 480)
    finish(w, a, 480)
    a.nothing(0.2)


@scenario(UDP4)
def no_100(w):
    a, bs = w.peer("alice"), callees(w, 1)
    invs = fork(w, a, bs, "NO100")
    bs[0].reply(invs[0], 100, "Trying", contact=False)
    a.nothing(0.2)
    bs[0].reply(invs[0], 199, "Early", contact=False)
    a.expect("199 INVITE")
    refuse(bs[0], invs[0], 486)
    finish(w, a, 486)
