# SPDX-License-Identifier: Apache-2.0
"""kiln attach: a breakpoint stops one message and nobody else; live trace with a filter."""
import os
import stat
import subprocess

from live import Udp, equal, request, status, true

SCRIPT = """max_while_loops=10000
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
request_route {
    $var(n) = $(ci{s.len});
    if (is_method("OPTIONS")) { while ($rU == "long" && $var(n) < 6000) $var(n) = $var(n) + 1;
        sl_send_reply("200", "OK");
        exit;
    }
    sl_send_reply("405", "No");
}
"""
OPTIONS = ["--workers=2", "--debug-socket={tmp}/debug"]


class Attached:
    def __init__(self, s):
        kiln = os.path.join(os.path.dirname(s.cmd[0]), "kiln")
        self.p = subprocess.Popen([kiln, "attach", os.path.join(s.tmp, "debug")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True, bufsize=1)

    def say(self, line):
        self.p.stdin.write(line + "\n")
        self.p.stdin.flush()

    def until(self, text):
        seen = []
        for line in self.p.stdout:
            seen.append(line)
            if text in line:
                return seen
        raise AssertionError("attach ended: %r" % seen)

    def close(self):
        self.p.stdin.close()
        equal(self.p.wait(20), 0)


def test_socket_is_its_owners(s):
    equal(stat.S_IMODE(os.stat(os.path.join(s.tmp, "debug")).st_mode), 0o600)


def test_a_breakpoint_stops_one_message_only(s):
    a = Attached(s)
    a.say("filter call-id held")
    a.until("ok")
    a.say("break test.cfg:8")
    a.until("ok")
    held, free = Udp(), Udp()
    held.send(request("OPTIONS", "sip:x@127.0.0.1", held.port, "held"), s.port)
    report = a.until("stopped 1 at")
    true(report[-1].rstrip().endswith("test.cfg:8 call-id held"), report[-1])
    a.until("$var(n) = 4")
    for i in range(20):  # whichever worker it is, the rest is served
        free.send(request("OPTIONS", "sip:x@127.0.0.1", free.port, "free%d" % i), s.port)
        equal(status(free.recv()), 200)
    a.say("status")
    a.until("1 stopped")
    a.say("continue 1")
    a.until("1 go on")
    equal(status(held.recv()), 200)
    a.say("break test.cfg:99")
    a.until("error: no statement begins there")
    a.close()


def test_what_was_stopped_goes_on_when_the_client_leaves(s):
    a = Attached(s)
    a.say("break 8")
    a.until("ok")
    u = Udp()
    u.send(request("OPTIONS", "sip:x@127.0.0.1", u.port, "left"), s.port)
    a.until("stopped")
    a.close()
    equal(status(u.recv()), 200)
    u.send(request("OPTIONS", "sip:x@127.0.0.1", u.port, "after"), s.port)
    equal(status(u.recv()), 200)


def test_live_trace_of_one_call(s):
    a = Attached(s)
    a.say("filter call-id seen")
    a.until("ok")
    a.say("trace on")
    a.until("ok")
    u = Udp()
    u.send(request("OPTIONS", "sip:x@127.0.0.1", u.port, "unseen"), s.port)
    equal(status(u.recv()), 200)
    u.send(request("OPTIONS", "sip:x@127.0.0.1", u.port, "seen"), s.port)
    equal(status(u.recv()), 200)
    seen = a.until("sl_send_reply returned 1")
    true(any("$(ci{s.len}) is 4" in l for l in seen), seen)
    true(not any("unseen" in l for l in seen), seen)
    a.close()


def test_a_trace_of_everything_is_bounded(s):
    a = Attached(s)
    a.say("trace on")
    a.until("ok")
    u = Udp()
    for i in range(8):  # each runs more statements than a second may tell
        u.send(request("OPTIONS", "sip:long@127.0.0.1", u.port, "long%d" % i), s.port)
        equal(status(u.recv()), 200)
    a.say("status")
    left = int(a.until("messages left out")[-1].split()[-4])
    true(0 < left < 8, left)
    a.close()
