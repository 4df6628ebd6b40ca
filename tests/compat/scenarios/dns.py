# SPDX-License-Identifier: Apache-2.0
"""RFC 3263: where a name leads, and the next address when one fails."""
from scenarios.common import SDP, UDP4, ack, scenario

CONFIG = "dns.cfg"
WITH = ("WITH_DNS",)


def ask(w, a, to, method="MESSAGE", **kw):
    extra = list(kw.pop("extra", ())) + ["X-To: " + to.replace("%d", str(w.id))]
    return a.send(method, "sip:x@SERVER", branch=w.branch("c"), extra=extra, **kw)


def srv(w, name, *targets, proto="udp"):
    """Priorities in the order given: 10, 20, ..."""
    w.zone({name: [("TXT", "x")], "_sip._%s.%s" % (proto, name): [("SRV", (10 * (n + 1), 0, p, "host%d.test"))
                                                                 for n, p in enumerate(targets)],
            "host%d.test": [("A", "127.0.0.1")]})


@scenario(UDP4, defines=WITH)
def address_record(w):
    a, b = w.peer("alice"), w.peer("bob")
    w.zone({"plain%d.test": [("A", "127.0.0.1")]})
    ask(w, a, "sip:x@plain%%d.test:%d" % b.port)
    b.reply(b.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")


@scenario(UDP4, defines=WITH)
def naptr_chooses_tcp(w):
    a, t = w.peer("alice"), w.peer("bob", "tcp4")
    u = w.peer("carol", "udp4")
    w.zone({"naptr%d.test": [("NAPTR", (20, 0, "s", "SIP+D2U", "", "_sip._udp.naptr%d.test")),
                             ("NAPTR", (10, 0, "s", "SIP+D2T", "", "_sip._tcp.naptr%d.test"))],
            "_sip._udp.naptr%d.test": [("SRV", (10, 0, u.port, "nhost%d.test"))],
            "_sip._tcp.naptr%d.test": [("SRV", (10, 0, t.port, "nhost%d.test"))],
            "nhost%d.test": [("A", "127.0.0.1")]})
    ask(w, a, "sip:x@naptr%d.test")
    t.reply(t.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")


@scenario(UDP4, defines=WITH)
def best_srv_first(w):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    srv(w, "best%d.test", b.port, c.port)
    ask(w, a, "sip:x@best%d.test")
    b.reply(b.expect("MESSAGE"), 404, "None")
    a.expect("404 MESSAGE")
    c.nothing(0.1)


@scenario(UDP4, defines=WITH, differs=True)
def silent_one_then_the_next(w):
    """The reference lets the 408 of the first address win over what the second answers."""
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    srv(w, "silent%d.test", b.port, c.port)
    ask(w, a, "sip:x@silent%d.test", "INVITE", body=SDP)
    b.expect("INVITE")
    i = c.expect("INVITE")
    c.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    c.reply(i, 486, "Busy")
    c.expect("ACK")
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("c"))


@scenario(UDP4, defines=WITH)
def all_silent(w):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    srv(w, "dead%d.test", b.port, c.port)
    ask(w, a, "sip:x@dead%d.test")
    a.expect("408 MESSAGE")


@scenario(UDP4, defines=WITH, differs=True)
def failover_disabled(w):
    """By t_set_disable_failover before there is a transaction: the reference forgets it."""
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    srv(w, "only%d.test", b.port, c.port)
    ask(w, a, "sip:x@only%d.test", extra=["X-Only: 1"])
    b.expect("MESSAGE")
    a.expect("408 MESSAGE")
    c.nothing(0.1)
    assert not c.seen


@scenario(UDP4, defines=WITH)
def overloaded_one_then_the_next(w):
    """503 of the first (RFC 3263 4.3)."""
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    srv(w, "busy%d.test", b.port, c.port)
    ask(w, a, "sip:x@busy%d.test", "INVITE", body=SDP)
    i = b.expect("INVITE")
    b.reply(i, 503, "Full")
    b.expect("ACK")
    i = c.expect("INVITE")
    c.reply(i, 486, "Busy")
    c.expect("ACK")
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("c"))


@scenario(UDP4, defines=WITH)
def name_without_address(w):
    a = w.peer("alice")
    ask(w, a, "sip:x@nothing%d.test")
    a.expect("478 MESSAGE")


def services(w, name, first, second):
    """Two NAPTR services, each (order, proto, port)."""
    zone = {name: [("NAPTR", (order, 0, "s", "SIP+D2" + proto[0].upper(), "", "_sip._%s.%s" % (proto, name))) for order, proto, _ in (first, second)],
            "fhost%d.test": [("A", "127.0.0.1")]}
    for _, proto, port in (first, second):
        zone["_sip._%s.%s" % (proto, name)] = [("SRV", (10, 0, port, "fhost%d.test"))]
    w.zone(zone)


@scenario(UDP4, defines=WITH)
def naptr_chooses_udp(w):
    a, t, u = w.peer("alice"), w.peer("bob", "tcp4"), w.peer("carol", "udp4")
    services(w, "order%d.test", (10, "udp", u.port), (20, "tcp", t.port))
    ask(w, a, "sip:x@order%d.test")
    u.reply(u.expect("MESSAGE", timeout=3), 200, "OK")
    a.expect("200 MESSAGE")
    t.nothing(0.1)


@scenario(UDP4, defines=WITH)
def second_srv_of_the_naptr_service(w):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    w.zone({"nsrv%d.test": [("NAPTR", (10, 0, "s", "SIP+D2U", "", "_sip._udp.nsrv%d.test"))],
            "_sip._udp.nsrv%d.test": [("SRV", (10, 0, b.port, "nshost%d.test")), ("SRV", (20, 0, c.port, "nshost%d.test"))],
            "nshost%d.test": [("A", "127.0.0.1")]})
    ask(w, a, "sip:x@nsrv%d.test", "INVITE", body=SDP)
    i = b.expect("INVITE")
    b.reply(i, 503, "Full")
    b.expect("ACK")
    i = c.expect("INVITE")
    c.reply(i, 486, "Busy")
    c.expect("ACK")
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("c"))


@scenario(UDP4, defines=WITH)
def two_addresses_of_a_name(w):
    a, b = w.peer("alice"), w.peer("bob")
    w.zone({"both%d.test": [("A", "127.0.0.1"), ("A", "127.0.0.1")]})
    ask(w, a, "sip:x@both%%d.test:%d" % b.port)
    b.reply(b.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")


@scenario(UDP4, defines=WITH)
def transport_of_the_uri_wins(w):
    """RFC 3263 4.1: with it no NAPTR is asked for."""
    a, t = w.peer("alice"), w.peer("carol", "tcp4")
    services(w, "given%d.test", (10, "udp", 9), (20, "tcp", t.port))
    ask(w, a, "sip:x@given%d.test;transport=tcp")
    t.reply(t.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")


@scenario(UDP4, defines=WITH)
def port_of_the_uri_wins(w):
    """RFC 3263 4.2: with it no SRV is asked for."""
    a, b = w.peer("alice"), w.peer("bob")
    services(w, "port%d.test", (10, "tcp", 9), (20, "udp", 9))
    w.zone({"port%d.test": [("A", "127.0.0.1")]})
    ask(w, a, "sip:x@port%%d.test:%d" % b.port)
    b.reply(b.expect("MESSAGE"), 200, "OK")
    a.expect("200 MESSAGE")
