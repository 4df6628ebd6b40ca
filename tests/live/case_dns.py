# SPDX-License-Identifier: Apache-2.0
"""Finding the next hop by name: NAPTR, SRV, A, CNAME, cache, failover (RFC 3263)."""
from dnsd import Dns
from live import Tcp, TcpListener, Udp, equal, final, header, request, status, true

SCRIPT = """
use_dns_failover=yes
dns_try_naptr=yes
dns_naptr_ignore_rfc=no
dns_cache_negative_ttl=60
dns_retr_time=1
dns_retr_no=1
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "fifo_name", "")
modparam("tm", "fr_timer", 700)
request_route {
    if ($rU == "ping") { sl_send_reply("200", "OK"); exit; }
    if (is_method("MESSAGE|ACK")) { if (!t_relay()) sl_send_reply("500", "no way"); exit; }
}
"""


class setup:
    def __init__(self):
        self.a, self.b, self.listener = Udp(), Udp(), TcpListener()
        self.dead = Udp()  # bound, never answers
        a, b, t = self.a.port, self.b.port, self.listener.port
        self.dns = Dns({
            "host.test": [("A", "127.0.0.1")],
            "alias.test": [("CNAME", "host.test")],
            "srv.test": [("TXT", "x")],
            "_sip._udp.srv.test": [("SRV", (20, 0, b, "host.test")), ("SRV", (10, 0, a, "host.test"))],
            "naptr.test": [("NAPTR", (20, 0, "s", "SIP+D2U", "", "_sip._udp.naptr.test")),
                           ("NAPTR", (10, 0, "s", "SIP+D2T", "", "_sip._tcp.naptr.test"))],
            "_sip._udp.naptr.test": [("SRV", (10, 0, a, "host.test"))],
            "_sip._tcp.naptr.test": [("SRV", (10, 0, t, "host.test"))],
            "fail.test": [("TXT", "x")],
            "_sip._udp.fail.test": [("SRV", (10, 0, self.dead.port, "host.test")),
                                    ("SRV", (20, 0, b, "host.test"))],
            "none.test": [("TXT", "x")],
            "short.test": [("A", "127.0.0.1", 1)],
            "refused.test": [("TXT", "x")],
            "_sip._tcp.refused.test": [("SRV", (10, 0, 1, "host.test")), ("SRV", (20, 0, t, "host.test"))],
        })
        self.dns.silent.add("silent.test")
        self.options = ["--workers=1", "--dns-server=" + self.dns.address]
        self.n = 0

    def close(self):
        self.dns.close()

    def id(self):
        self.n += 1
        return "dns%d" % self.n


def ask(s, uri, method="MESSAGE"):
    u = Udp()
    call = s.setup.id()
    u.send(request(method, uri, u.port, call), s.port)
    u.call = call
    return u


def carried(s, uri, to):
    u = ask(s, uri)
    m = to.recv()
    true(m and m.startswith("MESSAGE " + uri), "the request did not arrive: %r" % m)
    to.reply(m, 200)
    equal(status(final(u)), 200, "answer")


def test_address_record(s):
    carried(s, "sip:x@host.test:%d" % s.setup.a.port, s.setup.a)


def test_cname_is_followed(s):
    carried(s, "sip:x@alias.test:%d" % s.setup.a.port, s.setup.a)


def test_cached(s):
    before = s.setup.dns.count("host.test", "A")
    carried(s, "sip:x@host.test:%d" % s.setup.a.port, s.setup.a)
    equal(s.setup.dns.count("host.test", "A"), before, "questions for a cached name")


def test_srv_by_priority(s):
    carried(s, "sip:x@srv.test;transport=udp", s.setup.a)


def test_naptr_chooses_transport(s):
    u = ask(s, "sip:x@naptr.test")
    c = s.setup.listener.accept()
    m = c.recv()
    true(header(m, "Via").startswith("SIP/2.0/TCP"), "not over TCP")
    c.reply(m, 200)
    equal(status(final(u)), 200)


def test_silent_target_fails_over(s):
    u = ask(s, "sip:x@fail.test;transport=udp")
    first = s.setup.dead.recv()
    m = s.setup.b.recv()
    true(m, "the second target was not tried")
    true(header(first, "Via") != header(m, "Via"), "one branch for two targets")
    s.setup.b.reply(m, 200)
    equal(status(final(u)), 200)


def test_503_fails_over(s):
    u = ask(s, "sip:x@srv.test;transport=udp")
    m = s.setup.a.recv()
    s.setup.a.reply(m, 503, "Busy")
    m = s.setup.b.recv()
    true(m, "the second target was not tried")
    s.setup.b.reply(m, 200)
    equal(status(final(u)), 200)


def test_refused_connection_fails_over(s):
    u = ask(s, "sip:x@refused.test;transport=tcp")
    c = s.setup.listener.accept()
    m = c.recv()
    c.reply(m, 200)
    equal(status(final(u)), 200)


def test_unknown_name(s):
    u = ask(s, "sip:x@nowhere.test")
    true(status(final(u)) >= 400, "no refusal")
    before = s.setup.dns.count("nowhere.test", "A")
    u = ask(s, "sip:x@nowhere.test")
    true(status(final(u)) >= 400, "no refusal")
    equal(s.setup.dns.count("nowhere.test", "A"), before, "questions for a name known not to be")


def test_others_do_not_wait_for_a_silent_server(s):
    slow = ask(s, "sip:x@silent.test:5099")
    carried(s, "sip:x@host.test:%d" % s.setup.a.port, s.setup.a)
    true(status(final(slow)) >= 400, "no answer for the silent name")


def test_stateless_forward_by_name(s):
    ask(s, "sip:x@host.test:%d" % s.setup.b.port, "ACK")
    m = s.setup.b.recv()
    true(m and m.startswith("ACK"), "not forwarded")


def test_ttl_ends(s):
    carried(s, "sip:x@short.test:%d" % s.setup.a.port, s.setup.a)
    n = s.setup.dns.count("short.test", "A")
    while s.setup.dns.count("short.test", "A") == n:  # ends when the entry does
        carried(s, "sip:x@short.test:%d" % s.setup.a.port, s.setup.a)
