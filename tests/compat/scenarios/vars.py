# SPDX-License-Identifier: Apache-2.0
"""Variables of tmx in every kind of route."""
from scenarios.common import SDP, UDP4, ack, scenario, uri_of
from scenarios.fork import refuse

CONFIG = "vars.cfg"


@scenario(UDP4)
def variables_of_replies_made_here(w):
    a = w.peer("alice")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: REPLY"])
    a.expect("404 MESSAGE")
    a.nothing(0.1)


@scenario(UDP4)
def variables_of_two_branches(w):
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    a.send("INVITE", "sip:x@SERVER", branch=w.branch("c"), body=SDP, extra=["X-To: " + uri_of(b.contact), "X-To2: " + uri_of(c.contact)])
    i, j = b.expect("INVITE"), c.expect("INVITE")
    b.reply(i, 180, "Bob rings")
    a.expect("180 INVITE")
    refuse(c, j, 404)
    refuse(b, i, 486)
    ack(w, a, "sip:x@SERVER", a.expect("404 INVITE"), w.branch("c"))
    a.nothing(0.1)


@scenario(UDP4)
def variables_of_a_timeout(w):
    a, b = w.peer("alice"), w.peer("bob")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-To: " + uri_of(b.contact)])
    a.expect("408 MESSAGE", timeout=4)


@scenario(UDP4)
def variables_of_a_success(w):
    a, b = w.peer("alice"), w.peer("bob")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-To: " + uri_of(b.contact)])
    b.reply(b.expect("MESSAGE"), 200, "Fine")
    a.expect("200 MESSAGE")
    a.nothing(0.1)
