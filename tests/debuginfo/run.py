#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gdb on a linked and on a jitted server: a stop at a script line, the backtrace as routes with file and line, $var as
locals. And what a server says when it dies: line, route chain, message, last sites; its parent starts it again.
Also what is linked (link.py), and how the stages stop and dump (stages.py).  run.py BUILD"""
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time

import link
import perf
import stages

HERE = os.path.dirname(os.path.abspath(__file__))
CFG = os.path.join(HERE, "routes.cfg")
ADDR = ("127.0.0.1", 5060)
OPTIONS = ("OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%d\r\nFrom: <sip:a@x>;tag=1\r\n"
           "To: <sip:b@x>\r\nCall-ID: debuginfo-%d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n")


def line_of(text, file=CFG):
    with open(file) as f:
        return next(i for i, l in enumerate(f, 1) if text in l)


class Server:
    def __init__(self, command, tmp):
        self.log = os.path.join(tmp, "log")
        with open(self.log, "wb") as log:
            self.p = subprocess.Popen(command + ["-DD", "-E", "-l", "udp:%s:%d" % ADDR], stdout=log, stderr=log,
                                      cwd=tmp, start_new_session=True)
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", 0))
        self.n = 0

    def send(self):
        port = self.s.getsockname()[1]
        self.n += 1
        self.s.sendto((OPTIONS % (port, self.n, self.n)).encode(), ADDR)

    def answer(self, limit=15):
        """Asks until answered; False when nothing came within the limit."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            self.send()
            if select.select([self.s], [], [], 0.2)[0]:
                self.s.recv(4096)
                return True
        return False

    def child(self):
        with open("/proc/%d/task/%d/children" % (self.p.pid, self.p.pid)) as f:
            return int(f.read().split()[0])

    def wait_idle(self, limit=15):
        """Until the server waits for events."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            with open("/proc/%d/syscall" % self.child()) as f:
                if f.read().split()[0] in ("232", "281", "441"):
                    return
            time.sleep(0.01)

    def text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def wait_text(self, pattern, limit=15):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if re.search(pattern, self.text()):
                return True
            time.sleep(0.02)
        return False

    def stop(self):
        for sig in (15, 9):
            try:
                os.killpg(self.p.pid, sig)
                self.p.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        self.s.close()


def gdb(server, commands):
    """Attach, run the commands, send one message when the breakpoints are set; what gdb printed."""
    args = ["gdb", "-batch", "-nx", "-p", str(server.child()), "-ex", "set pagination off", "-ex", "set width 0",
            "-ex", "set breakpoint pending off"]
    for c in commands:
        args += ["-ex", c]
    p = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    out, sent, end = b"", False, time.monotonic() + 40
    while time.monotonic() < end:
        if select.select([p.stdout], [], [], 0.2)[0]:
            got = os.read(p.stdout.fileno(), 65536)
            if not got:
                break
            out += got
        if not sent and b"READY" in out:
            server.send()
            sent = True
    p.kill()
    p.wait()
    return out.decode("utf-8", "replace")


class Tests:
    def __init__(self):
        self.good = self.bad = 0

    def check(self, name, ok, shown=""):
        if ok:
            self.good += 1
        else:
            self.bad += 1
            print("FAIL %s\n%s" % (name, shown[-3000:]))


def stops(t, how, server):
    inner, outer = line_of("# stop here"), 1
    shown = gdb(server, ["break routes.cfg:%d" % inner, "echo READY\\n", "continue", "bt 3", "info locals", "print who.s",
                         "next", "print sum", "detach"])
    t.check(how + ": stops at the line", re.search(r"Breakpoint 1, route_sub_INNER \(\) at .*routes\.cfg:%d\n" % inner, shown), shown)
    chain = (r"#0 +route_sub_INNER \(\) at \S*routes\.cfg:%d\n#1 .* route_sub_OUTER \(\) at \S*inner\.cfg:%d\n"
             r"#2 .* route_request \(\) at \S*routes\.cfg:%d\n" % (inner, outer, line_of("route(OUTER)")))
    t.check(how + ": the backtrace reads as routes", re.search(chain, shown), shown)
    t.check(how + ": variables are locals", re.search(r"^sum = .*tag = int, i = 10,", shown, re.M), shown)
    t.check(how + ": a text", re.search(r'^\$1 = 0x[0-9a-f]+ (?:<[^>]*> )?"caller', shown, re.M), shown)
    t.check(how + ": next goes to the next statement", re.search(r"^%d\t\tsl_send_reply" % (inner + 1), shown, re.M) or
            re.search(r"^%d\tsl_send_reply" % (inner + 1), shown, re.M) or "\n%d\t\t" % (inner + 1) in shown, shown)
    t.check(how + ": and shows the new value", re.search(r"^\$2 = .*tag = int, i = 13,", shown, re.M), shown)


def dies_in_script(t, how, server):
    inner = line_of("sl_send_reply(")
    shown = gdb(server, ["break std_sl_sl_send_reply", "echo READY\\n", "continue", "delete", "handle SIGSEGV nostop noprint pass",
                         "signal SIGSEGV"])
    t.check(how + ": the parent starts it again", server.wait_text(r"killed by signal 11, starting again"), shown)
    text = server.text()
    want = [r"worker 0 was at \S*routes\.cfg:%d in route_sub_INNER\n" % inner,
            r"called from \S*inner\.cfg:1 in route_sub_OUTER\n.*called from \S*routes\.cfg:%d in route_request\n" % line_of("route(OUTER)"),
            r"with the message\nOPTIONS sip:x@127\.0\.0\.1 SIP/2\.0\r?\nVia: ",
            r"worker 0 ran last, newest at the end:.* \S*inner\.cfg:1 \S*routes\.cfg:%d %d %d\n" % (inner - 2, inner - 1, inner)]
    for w in want:
        t.check(how + ": the log has " + w, re.search(w, text), text)
    t.check(how + ": it answers again", server.answer())


def dies_idle(t, how, server):
    server.wait_idle()
    os.kill(server.child(), 11)
    t.check(how + ": restarted when idle", server.wait_text(r"(?s)starting again.*starting again"), server.text())
    last = line_of("exit;")
    t.check(how + ": says the last line", re.search(r"idles, was last at \S*routes\.cfg:%d in route_request" % last, server.text()),
            server.text())
    t.check(how + ": answers", server.answer())


def main():
    build = os.path.abspath(sys.argv[1])
    kiln = os.path.join(build, "kiln")
    t = Tests()
    with tempfile.TemporaryDirectory() as tmp:
        edge = os.path.join(tmp, "edge")
        t.check("builds", subprocess.run([kiln, "build", CFG, "-o", edge]).returncode == 0)
        for how, command in (("linked", [edge]), ("jitted", [kiln, "run", CFG, "--"])):
            server = Server(command, tmp)
            try:
                t.check(how + ": answers", server.answer(), server.text())
                stops(t, how, server)
                t.check(how + ": goes on", server.answer())
                dies_in_script(t, how, server)
                dies_idle(t, how, server)
            finally:
                server.stop()
        perf.run(t, lambda command: Server(command, tmp), kiln, edge, tmp)
        link.run(t, kiln, tmp)
        stages.run(t, kiln, tmp)
    print("%d passed, %d failed" % (t.good, t.bad))
    return 1 if t.bad else 0


if __name__ == "__main__":
    sys.exit(main())
