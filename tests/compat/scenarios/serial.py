# SPDX-License-Identifier: Apache-2.0
"""Serial forking by q (t_load_contacts, t_next_contacts) and by flow."""
from scenarios.common import SDP, UDP4, ack, scenario, uri_of
from scenarios.fork import callees, finish, refuse, targets

CONFIG = "serial.cfg"


def append(w, n, order, codes):
    """order: groups of indices in which the targets must be tried."""
    a, bs = w.peer("alice"), callees(w, n)
    a.send("INVITE", "sip:x@SERVER", branch=w.branch("c"), body=SDP, extra=["X-Case: APPEND"] + targets(bs))
    for group in order:
        for i, inv in [(i, bs[i].expect("INVITE")) for i in group]:
            refuse(bs[i], inv, codes[i])
    m = a.expect(*["%d INVITE" % c for c in codes])
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    a.nothing(0.2)


@scenario(UDP4)
def three_of_different_q(w):
    append(w, 3, ((1,), (2,), (0,)), (404, 480, 486))


@scenario(UDP4)
def two_of_equal_q(w):
    append(w, 4, ((1, 3), (2,), (0,)), (404, 480, 486, 503))


def enroll(w, p, user, q, n, extra=""):
    p.send("REGISTER", "sip:SERVER", to="sip:%s@SERVER" % user, frm="sip:%s@SERVER" % user, call="r%s%d" % (p.name, n),
           contact="<sip:%s%d@%s>;q=%s%s" % (p.role, n, p.addr, q, extra), extra=["Supported: path, outbound"])
    p.expect("200 REGISTER")


@scenario(UDP4)
def registered_of_different_q(w):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    user = "u%d" % w.id
    enroll(w, b, user, "0.3", 1)
    enroll(w, c, user, "0.8", 2)
    enroll(w, b, user, "0.8", 3)
    a.send("INVITE", "sip:%s@SERVER" % user, branch=w.branch("c"), body=SDP)
    i = c.expect("INVITE")
    j = b.expect("INVITE")
    refuse(c, i, 486)
    refuse(b, j, 480)
    refuse(b, b.expect("INVITE"), 404)
    m = a.expect("404 INVITE", "480 INVITE", "486 INVITE")
    a.send("ACK", "sip:%s@SERVER" % user, to_tag="tt", branch=w.branch("c"), contact=False)
    a.nothing(0.2)
    for p in w.peers:
        for m in p.seen:
            m.raw = m.raw.replace(user, "USER")


@scenario(UDP4)
def one_registered(w):
    a, b = w.peer("alice"), w.peer("bob")
    user = "u%d" % w.id
    enroll(w, b, user, "0.3", 1)
    a.send("INVITE", "sip:%s@SERVER" % user, branch=w.branch("c"), body=SDP)
    refuse(b, b.expect("INVITE"), 486)
    a.expect("486 INVITE")
    a.send("ACK", "sip:%s@SERVER" % user, to_tag="tt", branch=w.branch("c"), contact=False)
    a.nothing(0.2)
    for p in w.peers:
        for m in p.seen:
            m.raw = m.raw.replace(user, "USER")


@scenario(UDP4)
def second_flow_of_an_instance(w):
    a, b = w.peer("alice"), w.peer("bob")
    user = "u%d" % w.id
    for n in (1, 2, 3):
        enroll(w, b, user, "0.5", n, ';+sip.instance="<urn:uuid:0000000%d>";reg-id=%d' % (n // 2, n))
    a.send("INVITE", "sip:%s@SERVER" % user, branch=w.branch("c"), body=SDP, extra=["X-Flow: 1"])
    for code in (430, 430, 430):
        refuse(b, b.expect("INVITE"), code)
    m = a.expect("430 INVITE")
    a.send("ACK", "sip:%s@SERVER" % user, to_tag="tt", branch=w.branch("c"), contact=False)
    a.nothing(0.2)
    for p in w.peers:
        for m in p.seen:
            m.raw = m.raw.replace(user, "USER")
