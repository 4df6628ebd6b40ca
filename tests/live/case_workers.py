# SPDX-License-Identifier: Apache-2.0
"""Two workers: calls over UDP and TCP, whoever receives a message and whoever has the connection."""
import select

from live import Tcp, TcpListener, Udp, equal, final, header, request, status, true

SCRIPT = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "jsonrpcs.so"
loadmodule "xlog.so"
modparam("jsonrpcs", "fifo_name", "")
request_route {
    if ($rU == "ping") { sl_send_reply("200", "OK"); exit; }
    if (is_method("REGISTER")) { save("location"); exit; }
    if (has_totag()) { loose_route(); t_relay(); exit; }
    if (is_method("CANCEL")) { t_relay(); exit; }
    if (is_method("INVITE")) record_route();
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_relay();
}
"""
OPTIONS = ["--workers=2"]


def register(s, u, user, n, transport=""):
    proto = "TCP" if transport else "UDP"
    u.send(request("REGISTER", "sip:127.0.0.1", u.port, "reg-%s-%d" % (user, n), proto=proto,
                   extra="Contact: <sip:%s@127.0.0.1:%d%s>\r\nExpires: 300\r\n" % (user, u.port, transport))
           .replace(b"To: <sip:127.0.0.1>", ("To: <sip:%s@127.0.0.1>" % user).encode()),
           *(() if transport else (s.port,)))
    equal(status(u.recv()), 200, "registration of " + user)


def call(s, caller, callee, user, call_id):
    """INVITE, 180, 200, ACK, BYE; tcp or udp on either side."""
    tcp = isinstance(caller, Tcp)
    to = () if tcp else (s.port,)
    invite = request("INVITE", "sip:%s@127.0.0.1" % user, caller.port, call_id, proto="TCP" if tcp else "UDP",
                     extra="Contact: <sip:c@127.0.0.1:%d%s>\r\n" % (caller.port, ";transport=tcp" if tcp else ""))
    caller.send(invite, *to)
    m = callee.recv()
    true(m and m.startswith("INVITE") and header(m, "Call-ID") == call_id, "no INVITE: %r" % m)
    callee.reply(m, 180, "Ringing")
    callee.reply(m, 200)
    ok = final(caller)
    equal(status(ok), 200)
    equal(header(ok, "Call-ID"), call_id)
    route = "Route: %s\r\n" % header(ok, "Record-Route")
    for method, n in (("ACK", 1), ("BYE", 2)):
        r = request(method, "sip:%s@127.0.0.1:%d%s" % (user, callee.port, ";transport=tcp" if isinstance(callee, Tcp) else ""),
                    caller.port, call_id, proto="TCP" if tcp else "UDP", extra=route, branch=call_id + method)
        r = r.replace(b"CSeq: 1", b"CSeq: %d" % n).replace(("To: <sip:%s@127.0.0.1" % user).encode(),
                                                          ("To: <sip:%s@127.0.0.1" % user).encode())
        to_line = [l for l in r.decode().split("\r\n") if l.startswith("To:")][0]
        caller.send(r.replace(to_line.encode(), (to_line + ";tag=uas").encode()), *to)
        m = callee.recv()
        true(m and m.startswith(method), "no %s: %r" % (method, m))
        if method == "BYE":
            callee.reply(m, 200)
            equal(status(final(caller)), 200)


def test_calls_over_udp(s):
    callee = Udp()
    register(s, callee, "bob", 1)
    for i in range(40):
        call(s, Udp(), callee, "bob", "udp-%d" % i)


def test_both_workers_had_work(s):
    st = s.rpc("net.stats")
    equal(st["workers"], 2)
    true(st["handed_over"] > 0, "nothing was handed over: %r" % st)
    equal(st["handover_dropped"], 0)


def test_replies_come_to_their_worker(s):
    """Half of the requests are handed over, but none of the replies of one neighbour: half of those would be, too."""
    caller, callee, n = Udp(), Udp(), 200
    register(s, callee, "eve", 5)
    before = s.rpc("net.stats")["handed_over"]
    for i in range(n):
        caller.send(request("MESSAGE", "sip:eve@127.0.0.1", caller.port, "steer-%d" % i, branch="steer-%d" % i), s.port)
        callee.reply(callee.recv(), 200)
        equal(status(final(caller)), 200)
    handed = s.rpc("net.stats")["handed_over"] - before
    true(handed < n * 3 // 4, "%d of %d messages were handed over" % (handed, 2 * n))


def test_calls_over_tcp(s):
    callee = Tcp(s.port)
    register(s, callee, "carol", 1, ";transport=tcp")
    for i in range(20):
        caller = Tcp(s.port)
        call(s, caller, callee, "carol", "tcp-%d" % i)
        caller.close()
    caller = Tcp(s.port)
    for i in range(20):
        call(s, caller, callee, "carol", "tcpone-%d" % i)


def test_udp_to_tcp_and_back(s):
    u, t = Udp(), Tcp(s.port)
    register(s, u, "dave", 1)
    register(s, t, "erin", 1, ";transport=tcp")
    for i in range(10):
        call(s, u, t, "erin", "ut-%d" % i)
        call(s, t, u, "dave", "tu-%d" % i)


def test_one_location_for_all(s):
    phones = [Udp() for _ in range(30)]
    for i, p in enumerate(phones):
        register(s, p, "many%d" % i, i)
    u = Udp()
    for i, p in enumerate(phones):
        u.send(request("MESSAGE", "sip:many%d@127.0.0.1" % i, u.port, "look%d" % i), s.port)
        m = p.recv()
        true(m and m.startswith("MESSAGE"), "many%d is not known to a worker" % i)
        p.reply(m, 200)
        equal(status(final(u)), 200)


def test_statistics_are_of_all(s):
    before = s.rpc("core.psx")
    equal(len(before), 2, "workers in core.psx")


def test_replies_before_a_bad_frame(s):
    """Whoever answers: the connection closes behind the answers to all that came before the bad frame."""
    for i in range(40):
        c = Tcp(s.port)
        ids = {"bad-%d-%d" % (i, k) for k in range(4)}
        c.send(b"".join(request("OPTIONS", "sip:ping@127.0.0.1", c.port, x, proto="TCP") for x in sorted(ids))
               + request("OPTIONS", "sip:ping@127.0.0.1", c.port, "worse-%d" % i, proto="TCP", length=False))
        while (m := c.recv()):
            ids.discard(header(m, "Call-ID"))
        equal(m, "", "the end of the stream")
        equal(ids, set(), "not answered")
        c.close()


def test_many_at_once(s):
    """From many sources, all answered once; no more under way than a socket's buffer holds."""
    us = [Udp() for _ in range(50)]
    socks = {u.s: u for u in us}
    for i in range(20):
        want = set()
        for k, u in enumerate(us):
            want.add("burst-%d-%d" % (k, i))
            u.send(request("OPTIONS", "sip:ping@127.0.0.1", u.port, "burst-%d-%d" % (k, i)), s.port)
        while want:
            ready = select.select(list(socks), [], [], 20)[0]
            true(ready, "%d answers missing" % len(want))
            for r in ready:
                got = header(socks[r].recv(), "Call-ID")
                true(got in want, "an answer that nobody waits for")
                want.discard(got)
