# SPDX-License-Identifier: Apache-2.0
"""Streams: framing, reuse, aliases, queues and every time limit of a connection."""
import time

from live import Tcp, TcpListener, Udp, equal, final, header, request, status, true

SCRIPT = """
tcp_connection_lifetime=4
tcp_first_byte_timeout=1
tcp_header_timeout=1
tcp_msg_read_timeout=2
tcp_msg_data_timeout=1
tcp_send_timeout=2
tcp_accept_iplimit=6
tcp_accept_aliases=yes
tcp_conn_wq_max=65536
tcp_wq_max=400000
tcp_rd_buf_size=20000
udp_mtu=1300
udp_mtu_try_proto=TCP
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "fifo_name", "")
modparam("tm", "fr_timer", 2000)
request_route {
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (!t_relay()) sl_send_reply("500", "no way");
}
"""
OPTIONS = ["--workers=2"]
N = [0]


def call_id():
    N[0] += 1
    return "tcp%d" % N[0]


def options(port, **more):
    return request("OPTIONS", "sip:x@127.0.0.1", port, call_id(), proto="TCP", **more)


def dead(c, what):
    """The server closed it."""
    while True:
        m = c.raw()
        true(m is not None, "still open: " + what)
        if m == b"":
            return
        true(b"408" not in m, m)


def serves(s):
    u = Udp()
    u.send(request("OPTIONS", "sip:x@127.0.0.1", u.port, call_id()), s.port)
    equal(status(u.recv()), 200, "answer over UDP")


def test_two_messages_in_one_segment(s):
    c = Tcp(s.port)
    c.send(options(c.port) + options(c.port))
    equal(status(c.recv()), 200)
    equal(status(c.recv()), 200)
    c.close()


def test_one_byte_at_a_time(s):
    c = Tcp(s.port)
    for b in options(c.port, body="hello"):
        c.send(bytes([b]))
    equal(status(c.recv()), 200)
    c.close()


def test_crlf_ping(s):
    c = Tcp(s.port)
    c.send(b"\r\n\r\n")
    equal(c.raw(), b"\r\n", "pong")
    c.send(b"\r\n")
    c.send(b"\r\n")
    equal(c.raw(), b"\r\n", "pong to a ping in two pieces")
    c.send(options(c.port))
    equal(status(c.recv()), 200)
    c.close()


def test_no_length_is_refused(s):
    c = Tcp(s.port)
    c.send(options(c.port, length=False))
    equal(status(c.recv()), 400)
    dead(c, "after a message without length")


def test_two_lengths_are_refused(s):
    c = Tcp(s.port)
    c.send(options(c.port, extra="Content-Length: 7\r\n"))
    equal(status(c.recv()), 400)
    dead(c, "after two lengths")


def test_too_long_is_refused(s):
    c = Tcp(s.port)
    c.send(options(c.port, body="x" * 30000))
    true(status(c.recv()) >= 400, "no refusal")
    dead(c, "after a message over tcp_rd_buf_size")


def test_first_byte(s):
    dead(Tcp(s.port), "nothing sent")
    serves(s)


def test_header_time(s):
    c = Tcp(s.port)
    c.send(b"OPTIONS sip:x SIP/2.0\r\nVia: ")
    dead(c, "half a header section")


def test_body_time(s):
    c = Tcp(s.port)
    c.send(options(c.port, body="0123456789")[:-5])
    dead(c, "half a body")


def test_whole_message_time(s):
    """Pieces that come often enough do not stretch a message for ever."""
    c = Tcp(s.port)
    c.s.settimeout(0.2)
    c.send(options(c.port, body="x" * 10000)[:-10000])
    for _ in range(100):
        try:
            c.send(b"x")
            if c.s.recv(100) == b"":
                return
        except TimeoutError:
            continue
        except OSError:
            return
    raise AssertionError("a message may take for ever")


def test_idle_time(s):
    c = Tcp(s.port)
    c.send(options(c.port))
    equal(status(c.recv()), 200)
    dead(c, "idle")


def test_share_of_a_source(s):
    greedy = [Tcp(s.port, source=("127.0.0.9", 0)) for _ in range(6)]
    for c in greedy:
        c.send(options(c.port))
        equal(status(c.recv()), 200)
    try:
        dead(Tcp(s.port, source=("127.0.0.9", 0)), "the one over the share")
    except ConnectionResetError:
        pass  # refused before the connect was seen to succeed
    other = Tcp(s.port, source=("127.0.0.10", 0))
    other.send(options(other.port))
    equal(status(other.recv()), 200, "another source")
    greedy.pop().close()
    while True:  # until the server has seen the end of that one
        try:
            c = Tcp(s.port, source=("127.0.0.9", 0))
            c.send(options(c.port))
            if status(c.recv()) == 200:
                break
        except OSError:
            pass
    for c in greedy + [other, c]:
        c.close()


def relay(s, listener, port=None):
    u = Udp()
    u.send(request("MESSAGE", "sip:x@127.0.0.1:%d;transport=tcp" % (port or listener.port), u.port, call_id()),
           s.port)
    return u


def test_reuse(s):
    """One connection for two calls that different workers own."""
    l = TcpListener()
    u = relay(s, l)
    c = l.accept()
    c.reply(c.recv(), 200)
    equal(status(final(u)), 200)
    for _ in range(12):
        u = relay(s, l)
        m = c.recv()
        true(m and m.startswith("MESSAGE"), "not over the connection that is there: %r" % m)
        c.reply(m, 200)
        equal(status(final(u)), 200)
    c.close()
    l.close()


def test_refused_connection_is_told_at_once(s):
    l = TcpListener()
    port = l.port
    l.close()
    u = relay(s, None, port)
    true(status(final(u)) in (408, 477, 503, 500), "no failure")


def test_lost_connection_fails_its_branch(s):
    l = TcpListener()
    u = relay(s, l)
    c = l.accept()
    c.reply(c.recv(), 200)
    final(u)
    c.close()
    l.close()
    true(status(final(relay(s, None, c.port))) >= 400, "no failure")


def test_alias(s):
    """RFC 5923: requests for the aliased port come over the connection that asked for it."""
    l = TcpListener()  # nobody may come here
    c = Tcp(s.port)
    c.send(options(l.port, extra="").replace(b";branch", b";alias;branch"))
    equal(status(c.recv()), 200)
    u = relay(s, l)
    m = c.recv()
    true(m and m.startswith("MESSAGE"), "not over the aliased connection: %r" % m)
    c.reply(m, 200)
    equal(status(final(u)), 200)
    c.close()
    l.close()


def test_alias_of_another_is_not_taken(s):
    l = TcpListener()
    a, b = Tcp(s.port), Tcp(s.port)
    for c in (a, b):
        c.send(options(l.port).replace(b";branch", b";alias;branch"))
        equal(status(c.recv()), 200)
    u = relay(s, l)
    m = a.recv()
    true(m and m.startswith("MESSAGE"), "the second took the alias of the first")
    a.reply(m, 200)
    equal(status(final(u)), 200)
    a.close(), b.close(), l.close()


def test_long_request_leaves_over_tcp(s):
    l = TcpListener()
    u = Udp()
    for n, proto in ((100, None), (1500, "TCP")):
        uas = Udp()
        if proto:
            uas = TcpListener()
        u.send(request("MESSAGE", "sip:x@127.0.0.1:%d" % (uas.port), u.port, call_id(), body="x" * n), s.port)
        peer = uas.accept() if proto else uas
        m = peer.recv()
        true(header(m, "Via").startswith("SIP/2.0/" + (proto or "UDP")), "wrong transport for %d bytes" % n)
        peer.reply(m, 200)
        equal(status(final(u)), 200)


def test_queue_of_a_slow_reader_is_bounded(s):
    """It fills and is refused; others are served; in the end the connection is given up."""
    l = TcpListener()
    l.s.setsockopt(1, 8, 4096)  # SO_RCVBUF
    u = Udp()
    full = s.rpc("net.stats")["tcp_wq_full"]
    c = None
    for i in range(2000):
        u.send(request("MESSAGE", "sip:x@127.0.0.1:%d;transport=tcp" % l.port, u.port, call_id(), body="x" * 8000),
               s.port)
        if c is None:
            c = l.accept()
        if i % 20 == 0:
            st = s.rpc("net.stats")
            # the connection's own share, and what is under way to its worker
            true(st["tcp_wq_bytes"] <= 400000, "queue of %d bytes" % st["tcp_wq_bytes"])
            if st["tcp_wq_full"] > full:
                break
    else:
        raise AssertionError("never full")
    serves(s)
    while s.rpc("net.stats")["tcp_wq_bytes"]:
        time.sleep(0.05)  # observed: until tcp_send_timeout gave it up
    c.close()
    l.close()


def test_malformed_input_logs_little(s):
    u = Udp()
    start = time.monotonic()
    for i in range(300):
        u.send(b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKbad%d\r\n\r\n" % i, s.port)
    serves(s)
    lines = s.text().count("127.0.0.1:%d refused" % u.port)
    true(lines <= time.monotonic() - start + 2, "%d lines" % lines)


def test_list_shows_all_workers(s):
    cs = []
    for i in range(16):  # each speaks at once: silent ones end after tcp_first_byte_timeout
        cs.append(c := Tcp(s.port, source=("127.0.0.%d" % (20 + i), 0)))
        c.send(options(c.port))
        equal(status(c.recv()), 200)
    rows = s.rpc("core.tcp_list")
    ports = [r["src_port"] for r in rows]
    true(all(c.port in ports for c in cs), "a connection is missing")
    equal(len(set(r["id"] for r in rows)), len(rows), "ids")
    for c in cs:
        c.close()
