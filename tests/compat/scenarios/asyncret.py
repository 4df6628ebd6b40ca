# SPDX-License-Identifier: Apache-2.0
"""The parameter `return` of async: the script goes on behind what waits."""
from scenarios.common import SDP, UDP4, ack, scenario, uri_of
from scenarios.fork import refuse

CONFIG = "asyncret.cfg"


def ask(w, a, case, method="MESSAGE", **kw):
    return a.send(method, "sip:x@SERVER", call=case + method, branch=w.branch(case + method), extra=["X-Case: " + case] + list(kw.pop("extra", ())), **kw)


@scenario(UDP4)
def script_goes_on_and_a_route_answers(w):
    a = w.peer("alice")
    for case in ("route", "ms", "task"):
        m = ask(w, a, case)
        a.again(m)
        a.expect("200 MESSAGE")
        a.again(m)
        a.nothing(0.1)


@scenario(UDP4)
def script_goes_on_and_a_route_relays(w):
    a, b = w.peer("alice"), w.peer("bob")
    ask(w, a, "relay", "INVITE", body=SDP, extra=["X-To: " + uri_of(b.contact)])
    refuse(b, b.expect("INVITE"), 486)
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("relayINVITE"), call="relayINVITE")
    a.nothing(0.1)


@scenario(UDP4)
def script_goes_on_and_answers(w):
    a = w.peer("alice")
    ask(w, a, "ms", extra=["X-Reply: yes"])
    a.expect("404 MESSAGE")
    a.nothing(0.4)


@scenario(UDP4)
def script_goes_on_and_nothing(w):
    a = w.peer("alice")
    ask(w, a, "msnothing")
    a.nothing(0.5)
