# SPDX-License-Identifier: Apache-2.0
"""Record-Route as it is written, Route as it is followed."""
from scenarios.common import UDP, UDP4, routes_of, scenario, uri_of
from scenarios.relay import ask, back, call, within

CONFIG = "rr.cfg"


def dialog(w, a, b, case="RELAY", **kw):
    """A call with requests of both sides inside it."""
    got, ok = call(w, a, b, case, **kw)
    within(a, ok, "INFO", 2)
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")
    back(b, got, ok, "BYE", contact=False)
    a.reply(a.expect("BYE"), 200, "OK", contact=False)
    b.expect("200 BYE")


# ---- strict and loose ------------------------------------------------------------------------------------------

@scenario(UDP)
def strict_router_before_us(w):
    """RFC 3261 16.4: the R-URI is ours, the target is the last Route."""
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    rr = routes_of(ok, True)
    within(a, ok, "INFO", 2, uri=rr[0].strip("<>").replace(";lr", ";lr"), extra=["X-Show: 1"],
           routes=rr[1:] + ["<%s>" % uri_of(ok.get("Contact"))])
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")


@scenario(UDP)
def strict_router_behind_us(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    within(a, ok, "INFO", 2, uri="sip:far@example.invalid", extra=["X-Show: 1"],
           routes=routes_of(ok, True) + ["<sip:strict@%s>" % b.addr, "<sip:beyond@example.invalid;lr>"])
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")


@scenario(UDP)
def loose_router_behind_us(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    within(a, ok, "INFO", 2, uri="sip:far@example.invalid", extra=["X-Show: 1"],
           routes=[", ".join(routes_of(ok, True) + ["<sip:loose@%s;lr>" % b.addr, "<sip:beyond@example.invalid;lr>"])])
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")


@scenario(UDP)
def route_names_somebody_else(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    within(a, ok, "INFO", 2, extra=["X-Show: 1"], routes=["<sip:other@%s;lr>" % b.addr])
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")



@scenario(UDP4)
def strict_router_with_more_routes(w):
    """The R-URI is ours, loose routers follow, the target is last; one header, then one for each."""
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    own = routes_of(ok, True)[0].strip("<>")
    more = ["<sip:loose@%s;lr>" % b.addr, "<sip:far@example.invalid;lr>", "<sip:target@example.invalid>"]
    for n, routes in enumerate((more, [", ".join(more)], more[:1], ["<sip:s@%s>" % b.addr, more[1]])):
        within(a, ok, "INFO", 2 + n, uri=own, extra=["X-Show: 1"], routes=routes)
        b.reply(b.expect("INFO"), 200, "OK")
        a.expect("200 INFO")


@scenario(UDP4)
def preloaded(w):
    """Initial requests with routes."""
    a, b = w.peer("alice"), w.peer("bob")
    for n, routes in enumerate((["<sip:SERVER;lr>"], ["<sip:SERVER;lr>", "<sip:x@%s;lr>" % b.addr],
                                ["<sip:x@%s;lr>" % b.addr], ["<sip:x@%s>" % b.addr], ["<sip:SERVER;lr>", "<sip:x@%s>" % b.addr],
                                ["<sip:SERVER;lr;r2=on>, <sip:SERVER;transport=tcp;lr;r2=on>, <sip:y@%s;lr>" % b.addr])):
        for case in ("PRELOADED", "PRELOADED_ONLY"):
            call = "c%d%s" % (n, case)
            ask(w, a, b, "MESSAGE", case, call=call, routes=[r.replace("SERVER", "127.0.0.1:%d" % w.port) for r in routes])
            b.reply(b.expect("MESSAGE"), 200, "OK")
            a.expect("200 MESSAGE")


@scenario(UDP4)
def r_uri_ours_but_loose(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b)
    for n, mode in enumerate("01"):
        within(a, ok, "INFO", 2 + n, uri="sip:app@127.0.0.1:%d" % w.port, extra=["X-Mode: " + mode, "X-To: " + uri_of(b.contact)],
               routes=routes_of(ok, True) + ["<sip:loose@%s;lr>" % b.addr])
        b.reply(b.expect("INFO"), 200, "OK")
        a.expect("200 INFO")


# ---- what is written -------------------------------------------------------------------------------------------

CASES = ("RELAY", "PARAMS", "ADD", "ADDTWICE", "PRESET", "PRESET2", "ADVERTISED", "BRANCH", "INDIALOG")


def written(w, one, two, cases=CASES):
    a, b = w.peer("alice", one), w.peer("bob", two)
    for n, case in enumerate(cases):
        ask(w, a, b, "INVITE", case, call="c%d" % n)
        b.reply(b.expect("INVITE"), 200, "OK")
        ok = a.expect("200 INVITE")
        a.send("ACK", uri_of(b.contact), call="c%d" % n, to="sip:x@SERVER", to_tag="ttbob", cseq=1)
    a.nothing(0.1)


@scenario(UDP)
def record_route_in_every_way(w):
    written(w, w.net, w.net)


@scenario(("udp4", "tcp4"))
def record_route_over_a_change_of_transport(w):
    written(w, w.net, "tcp4" if w.net == "udp4" else "udp4")


@scenario(UDP4)
def record_route_over_a_change_of_family(w):
    written(w, "udp4", "udp6", ("RELAY", "PARAMS", "ADVERTISED"))


@scenario(UDP4, differs=True)
def record_route_removed(w):
    """The reference leaves a piece of it in the message."""
    written(w, w.net, w.net, ("REMOVED",))


@scenario(("udp4", "tcp4"), defines=("FULL",))
def record_route_full(w):
    """enable_full_lr, append_fromtag off, double always, user added."""
    written(w, w.net, w.net)


@scenario(("udp4", "tcp4"), defines=("FULL",))
def dialog_full(w):
    dialog(w, w.peer("alice"), w.peer("bob"))


@scenario(UDP4, defines=("FULL",))
def dialog_full_bridged(w):
    dialog(w, w.peer("alice", "udp4"), w.peer("bob", "tcp4"))


@scenario(("udp4", "tcp4"), defines=("SINGLE",))
def dialog_single(w):
    dialog(w, w.peer("alice"), w.peer("bob", "tcp4" if w.net == "udp4" else "udp4"))


# ---- several homes ---------------------------------------------------------------------------------------------

HOMES = ("udp:127.0.0.1:{port}", "tcp:127.0.0.1:{port}", "udp:127.0.0.2:{port}", "tcp:127.0.0.2:{port}")


@scenario(UDP4, defines=("HOMES",), listen=HOMES)
def two_homes(w):
    """The request leaves by the second address and the dialog stays on both."""
    for n in range(2):
        a, b = w.peer("alice%d" % n), w.peer("bob%d" % n, ("udp4", "tcp4")[n])
        dialog(w, a, b, "SECOND", call="c%d" % n)


@scenario(UDP4, defines=("MHOMED",), listen=HOMES)
def mhomed(w):
    dialog(w, w.peer("alice"), w.peer("bob"))


ADVERTISED = ("udp:127.0.0.1:{port}/10.9.9.9:5070", "tcp:127.0.0.1:{port}/10.9.9.9:5070",
              "udp:127.0.0.2:{port}/10.9.9.8:5071")


@scenario(UDP4, defines=("ADV",), listen=ADVERTISED)
def advertised(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, b, "INVITE", "RELAY")
    b.reply(b.expect("INVITE"), 200, "OK")
    ok = a.expect("200 INVITE")
    within(a, ok, "ACK", 1)
    b.expect("ACK")


# ---- direction -------------------------------------------------------------------------------------------------

@scenario(UDP)
def direction(w):
    a, b = w.peer("alice"), w.peer("bob")
    got, ok = call(w, a, b, "PARAMS")
    within(a, ok, "INFO", 2, extra=["X-Show: 1", "X-Record: 1"])
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")
    back(b, got, ok, "INFO", extra=["X-Show: 1", "X-Record: 1"])
    a.reply(a.expect("INFO"), 200, "OK")
    b.expect("200 INFO")


@scenario(UDP4)
def direction_over_two_transports(w):
    a, b = w.peer("alice", "udp4"), w.peer("bob", "tcp4")
    got, ok = call(w, a, b, "PARAMS")
    within(a, ok, "INFO", 2, extra=["X-Show: 1"])
    b.reply(b.expect("INFO"), 200, "OK")
    a.expect("200 INFO")
    back(b, got, ok, "INFO", extra=["X-Show: 1"])
    a.reply(a.expect("INFO"), 200, "OK")
    b.expect("200 INFO")
