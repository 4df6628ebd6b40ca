# SPDX-License-Identifier: Apache-2.0
"""tcpops: connections by id, their events and lifetimes, over two workers."""
import re
import socket
import struct

from live import Tcp, TcpListener, Udp, equal, final, header, request, status, true

SCRIPT = """
tcp_connection_lifetime=30
tcp_first_byte_timeout=1
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "tcpops.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "fifo_name", "")
request_route {
    if ($rU == "ping") { sl_send_reply("200", "OK"); exit; }
    if ($rU == "id") { append_to_reply("X-Id: $conid $tcp(conid) $tcp(c_si) $tcp(c_sp)\\r\\n"); sl_send_reply("200", "OK"); exit; }
    if ($rU == "life") {
        if (tcp_set_connection_lifetime("1")) sl_send_reply("200", "OK"); else sl_send_reply("500", "no");
        exit;
    }
    if ($rU == "keep") {
        if (tcp_keepalive_enable("60", "5", "5") && tcp_keepalive_disable()) sl_send_reply("200", "OK");
        else sl_send_reply("500", "no");
        exit;
    }
    if ($rU == "close") {
        $var(s) = $(hdr(X-Conn){s.int});
        tcp_close_connection("$var(s)");
        sl_send_reply("200", "OK");
        exit;
    }
    if ($rU == "alive") {
        $var(s) = $(hdr(X-Conn){s.int});
        if (tcp_conid_alive("$var(s)") && tcp_conid_state("$var(s)")) sl_send_reply("200", "OK");
        else sl_send_reply("404", "Gone");
        exit;
    }
    if ($rU == "find") {
        if (tcp_get_conid("$hdr(X-Peer)", "$var(c)")) { append_to_reply("X-Id: $var(c)\\r\\n"); sl_send_reply("200", "OK"); }
        else sl_send_reply("404", "None");
        exit;
    }
    if ($rU == "there") {
        if (tcp_con_alive("$hdr(X-Peer)")) sl_send_reply("200", "OK"); else sl_send_reply("404", "None");
        exit;
    }
    if ($rU == "via") {
        $var(s) = $(hdr(X-Conn){s.int});
        tcp_set_otcpid("$var(s)");
        tcp_set_otcpid_flag("1");
        $ru = "sip:x@127.0.0.1:9;transport=tcp";
        if (!t_relay()) sl_send_reply("500", "no");
        exit;
    }
}
event_route[tcp:closed] { xlog("L_NOTICE", "ended=closed $conid $si $sp $proto $Rp\\n"); }
event_route[tcp:timeout] { xlog("L_NOTICE", "ended=timeout $conid $si $sp $proto $Rp\\n"); }
event_route[tcp:reset] { xlog("L_NOTICE", "ended=reset $conid $si $sp $proto $Rp\\n"); }
"""
OPTIONS = ["--workers=2", "--debug=1"]
N = [0]


def ask(s, c, user, extra=""):
    N[0] += 1
    proto = "TCP" if isinstance(c, Tcp) else "UDP"
    c.send(request("OPTIONS", "sip:%s@127.0.0.1" % user, c.port, "ops%d" % N[0], proto=proto, extra=extra),
           *(() if proto == "TCP" else (s.port,)))
    return c.recv()


def conn(s):
    c = Tcp(s.port)
    c.id = header(ask(s, c, "id"), "X-Id").split()[0]
    return c


def ended(s, how, c):
    s.wait_log(r"ended=%s %s 127\.0\.0\.1 %d tcp %d" % (how, c.id, c.port, s.port))


def test_variables(s):
    c = Tcp(s.port)
    x = header(ask(s, c, "id"), "X-Id").split()
    equal(x, [x[0], x[0], "127.0.0.1", str(c.port)], "$conid $tcp(..)")
    c.close()


def test_closed(s):
    c = conn(s)
    c.close()
    ended(s, "closed", c)


def test_reset(s):
    c = conn(s)
    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()
    ended(s, "reset", c)


def test_lifetime_and_timeout(s):
    c = conn(s)
    equal(status(ask(s, c, "life")), 200)
    equal(c.recv(), "", "end of the connection")
    ended(s, "timeout", c)


def test_keepalive(s):
    c = conn(s)
    equal(status(ask(s, c, "keep")), 200)
    c.close()


def test_no_connection(s):
    u = Udp()
    equal(status(ask(s, u, "life")), 500, "lifetime without a connection")
    equal(status(ask(s, u, "alive", "X-Conn: 999999\r\n")), 404)


def test_connection_to_an_address_is_alive(s):
    u, c = Udp(), Tcp(s.port)
    equal(status(ask(s, c, "ping")), 200)
    equal(status(ask(s, u, "there", "X-Peer: 127.0.0.1:%d\r\n" % c.port)), 200)
    equal(status(ask(s, u, "there", "X-Peer: 127.0.0.1:9\r\n")), 404)


def test_others_connection(s):
    """Whatever worker owns the asking call."""
    c, u = conn(s), Udp()
    for _ in range(8):
        equal(status(ask(s, u, "alive", "X-Conn: %s\r\n" % c.id)), 200)
        equal(header(ask(s, u, "find", "X-Peer: 127.0.0.1:%d\r\n" % c.port), "X-Id"), c.id)
    equal(status(ask(s, u, "find", "X-Peer: 127.0.0.1:1\r\n")), 404)
    ask(s, u, "close", "X-Conn: %s\r\n" % c.id)
    equal(c.recv(), "", "end of the connection")
    ended(s, "closed", c)


def test_leave_over_a_named_connection(s):
    c, u = conn(s), Udp()
    u.send(request("MESSAGE", "sip:via@127.0.0.1", u.port, "opsvia", extra="X-Conn: %s\r\n" % c.id), s.port)
    m = c.recv()
    true(m and m.startswith("MESSAGE sip:x@127.0.0.1:9"), "not over that connection: %r" % m)
    c.reply(m, 200)
    equal(status(final(u)), 200)
    c.close()
