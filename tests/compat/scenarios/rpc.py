# SPDX-License-Identifier: Apache-2.0
"""RPC commands of tm and sl as kamcmd shows them, and requests of our own."""
import re
import threading

from scenarios.common import SDP, UDP4, ack, scenario, uri_of
from scenarios.fork import refuse

CONFIG = "rpc.cfg"
HEADERS = "From: <sip:me@here>;tag=ft\r\nTo: <sip:you@there>\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"


def call(w, a, b, name):
    a.send("INVITE", "sip:x@SERVER", call=name, branch=w.branch(name), body=SDP, extra=["X-To: " + uri_of(b.contact)])
    i = b.expect("INVITE")
    b.reply(i, 180, "Ringing")
    a.expect("180 INVITE")
    return i


def shown(w, *cmd):
    """The answer with what differs by chance named; the transactions' own texts stay."""
    out = w.server.rpc(*cmd)
    out = re.sub(r"(cell|tindex|tlabel|lifetime|tflags|ref_count): \S+", r"\1: N", out)
    w.note("$ %s\n%s" % (cmd[0], out))
    return out


@scenario(UDP4, defines=("STATS",))
def statistics(w):
    """Alone on its server, so that the numbers are known."""
    a, b = w.peer("alice"), w.peer("bob")
    i = call(w, a, b, "c")
    shown(w, "tm.stats")
    shown(w, "tm.list")
    refuse(b, i, 486)
    ack(w, a, "sip:x@SERVER", a.expect("486 INVITE"), w.branch("c"))
    a.nothing(0.1)
    shown(w, "tm.stats")
    a.send("OPTIONS", "sip:SERVER", call="o")
    a.expect("200 OPTIONS")
    w.note(re.sub(r"\b(200|2xx): \d+", r"\1: N", w.server.rpc("sl.stats")))
    shown(w, "tm.hash_stats")
    shown(w, "tm.clean")


@scenario(UDP4)
def cancel_by_rpc(w):
    a, b = w.peer("alice"), w.peer("bob")
    i = call(w, a, b, "c")
    w.rpc("tm.cancel", "s:" + w.call_id("c"), "s:1")
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(b, i, 487)
    ack(w, a, "sip:x@SERVER", a.expect("487 INVITE"), w.branch("c"))
    w.rpc("tm.cancel", "s:nobody", "s:1")
    w.rpc("tm.cancel")


@scenario(UDP4)
def reply_by_rpc(w):
    a, b = w.peer("alice"), w.peer("bob")
    i = call(w, a, b, "c")
    w.rpc("tm.reply_callid", "404", "Gone", "s:" + w.call_id("c"), "s:1", "s:tt", "s:X-Rpc: yes\r\n", "s:")
    b.reply(b.expect("CANCEL"), 200, "OK", contact=False)
    refuse(b, i, 487)
    m = a.expect("404 INVITE")
    m.raw = re.sub(r"tag=(?!ft)[^\r]+", "tag=OWN", m.raw)    # Kiln keeps the transaction's tag
    ack(w, a, "sip:x@SERVER", m, w.branch("c"))
    w.rpc("tm.reply", "480", "Gone", "s:1:2", "s:totag", "s:", "s:")
    w.rpc("tm.reply", "480", "Gone", "s:bad", "s:totag", "s:", "s:")
    w.rpc("tm.reply")


def asked(w, b, cmd, method, code, headers="", body="", nexthop="."):
    """Send by RPC, answer with `code`, note what the command said."""
    said = []
    head = HEADERS % (w.call_id(method + str(code)), 7, method) + headers
    t = threading.Thread(target=lambda: said.append(w.server.rpc(cmd, method, uri_of(b.contact), nexthop, ".", "s:" + head, "s:" + body)))
    t.start()
    m = b.expect(method)
    for line in m.raw.split("\r\n"):      # the reference adds a second tag to a From that has one
        if line.startswith("From:"):
            for x in b.seen:
                x.raw = x.raw.replace(line, "From: <sip:me@here>;tag=ft")
    b.reply(m, code, "Fine", contact=method == "INVITE")
    t.join()
    w.note("%s %s" % (cmd, said))
    return m


@scenario(UDP4)
def requests_by_rpc(w):
    b = w.peer("bob")
    asked(w, b, "tm.t_uac_start", "MESSAGE", 202, "Content-Type: text/plain\r\nX-More: 1\r\n", "hello")
    asked(w, b, "tm.t_uac_start", "NOTIFY", 481, "Event: x\r\nSubscription-State: active\r\n", nexthop="s:" + "sip:" + b.addr)
    asked(w, b, "tm.t_uac_wait_block", "MESSAGE", 404)
    asked(w, b, "tm.t_uac_wait_block", "OPTIONS", 200)
    for cmd in (("tm.t_uac_start", "MESSAGE", "bad", ".", ".", "s:From: <sip:a@b>\r\n", "s:"),
                ("tm.t_uac_start", "MESSAGE", "sip:a@b", ".", ".", "s:From: <sip:a@b>\r\n", "s:"),
                ("tm.t_uac_start", "MESSAGE", "sip:a@b", ".", ".", "s:To: <sip:a@b>\r\n", "s:"),
                ("tm.t_uac_start", "MESSAGE", "sip:a@b", ".", "s:udp:1.1.1.1:9", "s:From: <sip:a@b>\r\nTo: <sip:a@b>\r\n", "s:"),
                ("tm.t_uac_start", "MESSAGE", "sip:a@b", ".", ".", "s:From: <sip:a@b>\r\nTo: <sip:a@b>\r\n", "s:body")):
        w.rpc(*cmd)


@scenario(UDP4)
def invite_by_rpc_refused(w):
    b = w.peer("bob")
    asked(w, b, "tm.t_uac_start", "INVITE", 486)
    k = b.expect("ACK")
    k.raw = re.sub(r"From: .*", "From: <sip:me@here>;tag=ft\r", k.raw)


@scenario(UDP4, differs=True)
def invite_by_rpc_answered(w):
    """The ACK of the 2xx has a branch of its own and Max-Forwards (RFC 3261 13.2.2.4)."""
    b = w.peer("bob")
    said = []
    head = HEADERS % (w.call_id("i"), 7, "INVITE")
    t = threading.Thread(target=lambda: said.append(w.server.rpc("tm.t_uac_wait_block", "INVITE", uri_of(b.contact), ".", ".", "s:" + head, "s:")))
    t.start()
    m = b.expect("INVITE")
    b.reply(m, 180, "Ringing")
    ok = b.reply(m, 200, "Fine", extra=["Record-Route: <sip:far@example.invalid;lr>, <sip:%s;lr;x=1>" % b.addr])
    k = b.expect("ACK")
    t.join()
    assert k.uri == uri_of(b.contact) and k.all("Route") == ["<sip:%s;lr;x=1>" % b.addr, "<sip:far@example.invalid;lr>"], k.raw
    assert k.get("Max-Forwards") == "70" and k.get("CSeq") == "7 ACK" and "tag=" in k.get("To"), k.raw
    assert "code: 200" in said[0], said
    b.send_raw(ok.raw)
    assert b.expect("ACK").raw == k.raw


@scenario(UDP4)
def request_by_the_script(w):
    a, b = w.peer("alice"), w.peer("bob")
    a.send("MESSAGE", "sip:x@SERVER", extra=["X-Case: SEND", "X-To: " + uri_of(b.contact)])
    a.expect("200 MESSAGE")
    m = b.expect("MESSAGE")
    for x in b.seen:
        x.raw = re.sub(r"From: .*", "From: <sip:me@here>;tag=ft\r", x.raw).replace("-own", "")
    b.reply(m, 200, "OK")
    a.nothing(0.1)


BOTH = "s:From: <sip:a@b>\r\nTo: <sip:a@b>\r\n"


@scenario(UDP4)
def shapes_of_commands(w):
    """Too little, too much, of the wrong kind."""
    for words in ("tm.t_uac_start", "tm.t_uac_start MESSAGE", "tm.t_uac_start MESSAGE sip:a@b", "tm.t_uac_start MESSAGE sip:a@b .", "tm.t_uac_start MESSAGE sip:a@b . .",
                  "tm.t_uac_wait_block MESSAGE sip:a@b", "tm.cancel s:x", "tm.cancel s:x y", "tm.reply 404", "tm.reply 404 Gone",
                  "tm.reply 404 Gone s:1:2", "tm.reply 404 Gone s:1:2 s:t", "tm.reply abc Gone s:1:2 s:t s: s:", "tm.reply 404 Gone s::2 s:t s: s:",
                  "tm.reply 404 Gone s:1:x s:t s: s:", "tm.reply 404 Gone s:99999999:1 s:t s: s:", "tm.reply_callid 404 Gone s:x", "tm.reply_callid 404 Gone s:x s:1",
                  "tm.reply_callid 404 Gone s:x s:1 s:t", "tm.reply_callid 404 Gone s:x s:1 s:t s: s:", "tm.reply_callid 404", "tm.clean", "tm.hash_stats"):
        w.note(words + "\n" + w.server.rpc(*words.split(" ")))
    for words in (("MESS AGE", "sip:a@b", ".", ".", BOTH, "s:"), ("MESSAGE", "tel:123", ".", ".", BOTH, "s:"), ("MESSAGE", "sip:a@b", "bad", ".", BOTH),
                  ("MESSAGE", "sip:a@b", ".", "bad", BOTH), ("MESSAGE", "sip:a@b", ".", ".", "s:"), ("MESSAGE", "sip:a@b", ".", ".", "s:From: <sip:a@b>\r\nTo: <sip:a@b>\r\nCSeq: x\r\n"),
                  ("MESSAGE", "sip:a@b", ".", ".", "s:From: <sip:a@b>\r\nTo: <sip:a@b>\r\nCall-ID: x\r\n", "s:body"), ("MESSAGE", "sip:a@nowhere.invalid", ".", ".", BOTH, "s:")):
        w.note("%r\n%s" % (words, w.server.rpc("tm.t_uac_start", *words)))


@scenario(UDP4)
def headers_of_requests_by_rpc(w):
    """What is given and what is made: Call-ID, CSeq, tags, Route, Contact, Max-Forwards, several of a kind."""
    b = w.peer("bob")
    for n, (method, headers, body) in enumerate((("OPTIONS", "Call-ID: %s\r\n", ""), ("INFO", "Call-ID: %s\r\nCSeq: 99 INFO\r\nContact: <sip:me@example.com>\r\n", ""),
                                                ("MESSAGE", "Call-ID: %s\r\nRoute: <sip:edge@example.com;lr>\r\nContent-Type: text/plain\r\n", "hello"),
                                                ("NOTIFY", "Call-ID: %s\r\nX-One: 1\r\nX-One: 2\r\nMax-Forwards: 5\r\n", ""),
                                                ("FOO", "Call-ID: %s\r\nX-Me: me\r\n", ""))):
        head = "From: \"Me\" <sip:me@here;x=1>\r\nTo: <sip:you@there>;tag=ttgiven\r\n" + headers % w.call_id("h%d" % n)
        w.rpc("tm.t_uac_start", method, uri_of(b.contact), ".", ".", "s:" + head, "s:" + body)
        b.reply(b.expect(method), 200, "OK", contact=False)
    b.nothing(0.1)


@scenario(UDP4)
def requests_by_the_script(w):
    """t_uac_send: what it takes and refuses."""
    a, b, c = w.peer("alice"), w.peer("bob"), w.peer("carol")
    sock = "udp:127.0.0.1:%d" % w.port
    to_b = uri_of(b.contact)
    for n, (method, to, given, at) in enumerate((
            ("OPTIONS", to_b, {}, b), ("MESSAGE", "sip:x@example.invalid", {"Hop": "sip:" + c.addr}, c), ("INFO", to_b, {"Sock": sock}, b),
            ("NOTIFY", to_b, {"Head": "Event: x"}, b), ("MESSAGE", to_b, {"Head": "Content-Type: text/plain", "Body": "hello"}, b),
            ("MESSAGE", to_b, {"Body": "without a type"}, None), ("MESSAGE", "bad", {}, None), ("MESSAGE", "sip:x@nowhere.invalid", {}, None),
            ("MESSAGE", to_b, {"Hop": "bad"}, None), ("MESSAGE", to_b, {"Sock": "udp:1.1.1.1:9"}, None), ("MESSAGE", to_b, {"Hop": "sip:x@nowhere.invalid"}, None))):
        given = dict({"Hop": ".", "Sock": ".", "Head": "X-None: 1", "Body": ""}, **given)
        a.send("MESSAGE", "sip:x@SERVER", call="s%d" % n, extra=["X-Case: SENDS", "X-Method: " + method, "X-To: " + to] + ["X-%s: %s" % x for x in given.items()])
        a.expect("200 MESSAGE")
        if at:
            at.reply(at.expect(method), 200, "OK", contact=False)
    for p in (b, c):
        p.nothing(0.1)
