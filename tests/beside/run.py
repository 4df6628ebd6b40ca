#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cases on the reference server and on Kiln, side by side: the same script, the same steps, the same answers.

  run.py [--kiln CMD] [--reference CMD] [--jobs N] [--show] [CASE ...]

A case is cases/NAME.case: text before the first "==" line says what it shows, then steps:

  == config              the script (listen, run-time directory and log options come from here)
  == sip [METHOD ...]    a request, sent over UDP; Via, Max-Forwards, From, To, Call-ID, CSeq and Content-Length are
                         added where they are missing; the final reply is kept ("== sip!" does not wait for one)
  == tcp NAME METHOD ... the same over the TCP connection NAME, which is made when it is not there; {NAME} is its port
  == hangup NAME         close that connection
  == kamcmd ARGS         the command's output
  == commands            the commands that the server has (system.listMethods) but those that commands.tsv excuses
  == kamcli ARGS         the same
  == json TEXT           a JSON-RPC request over the datagram socket, its answer
  == fifo TEXT           the same over the FIFO
  == http                a request (first line and headers, blank line, body) to the TCP port
  == bytes               the text as it is to the TCP port; what comes back until the server closes or 1 s passed
  == database            SQL that fills the SQLite file {tmp}/x.db before the server starts
  == rows SELECT         what is in that file, a line a row, once the statement gives something or the server has stopped
  == sql STATEMENTS      change that file
  == stop                the server ends; only "rows" and "sql" may follow
  == fails               instead of steps: the server ends, or answers no request within 8 s
  == wait SECONDS        for what only time can bring (expiry)
  == logged TEXT         waits until the log holds it: for what happens behind an answer
  == zone                (before config, needs root) the records both servers find when they ask for names, a line each:
                         NAME TYPE DATA, as _sip._udp.a.test SRV 10 20 5060 host.a.test; "" is an empty text,
                         ttl=SECONDS at the end is the time to live (else 300)
  == asked NAME TYPE     whether the name server was asked that since the last such step
  == VERB~ ARGS          of the answer only names and nesting are compared: the values differ by nature

Kept beside the answers: log lines that hold one of MARKS, from there on. Neutral names replace ports, tags,
unique ids, moments, and the Server header; seconds left of a registration are rounded to 20. {port} and {tmp} in the
text are the server's; {extra} is a free port, {uas} the port of a callee that answers 200, or what the header X-Reply says. Last line: N passed, N failed."""
import argparse
import concurrent.futures
import difflib
import glob
import importlib.util
import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("lang_run", os.path.join(HERE, "..", "lang", "run.py"))
lang = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lang)
sys.path.insert(0, os.path.join(HERE, "..", "live"))
from dnsd import Dns  # noqa: E402
OPTIONS = "-f {cfg} -DD -E -n 1 -a no -m 64 -M 8 -l udp:127.0.0.1:{port} -l tcp:127.0.0.1:{port} -Y {tmp} -w {tmp} -P {tmp}/pid"


MARKS = ("@@ ", "ACC: ", "alert - action [", "alert - query ", "request-route executed", "reply-route executed")


def free_port():
    while True:
        with socket.socket() as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            s.bind(("127.0.0.1", 0))
            p = s.getsockname()[1]
            try:
                u.bind(("127.0.0.1", p))
            except OSError:
                continue
            if 10000 < p < 60000:
                return p


def load(path):
    steps, cur = [], None
    for line in open(path, encoding="utf-8").read().split("\n"):
        if line.startswith("== "):
            verb, _, rest = line[3:].partition(" ")
            cur = [verb, rest, []]
            steps.append(cur)
        elif cur is not None:
            cur[2].append(line)
    for s in steps:
        s[2] = "\n".join(s[2]).rstrip("\n")
    return steps


def name_server(text):
    """A name server of its own for one server under test: the system's resolvers ask port 53 only."""
    zone = {}
    for line in text.split("\n"):
        line, _, ttl = line.partition(" ttl=")
        words = ["" if w == '""' else int(w) if w.isdigit() else w for w in line.split()]
        if words:
            data = words[2] if len(words) == 3 else tuple(words[2:])
            zone.setdefault(words[0], []).append((words[1], data, int(ttl or 300)))
    for n in range(1, 250):
        try:
            return Dns(zone, ("127.53.1.%d" % n, 53))
        except PermissionError:
            raise
        except OSError: # another case's
            continue
    raise RuntimeError("no free address for a name server")


class Run:
    def __init__(self, command, case, config, zone=None, sql=None):
        self.command, self.case, self.config, self.sql = command, case, config, sql
        self.out, self.n, self.conns = [], 0, {}
        self.dns = name_server(zone) if zone is not None else None

    def start(self, fails=False):
        self.tmp = tempfile.mkdtemp(prefix="b-")
        self.port, self.uas, self.extra = free_port(), free_port(), free_port()
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", 0))
        self.me = self.s.getsockname()[1]
        cfg = os.path.join(self.tmp, "k.cfg")
        with open(cfg, "w", encoding="utf-8") as f:
            f.write(self.fill(self.config) + "\n")
        if self.sql is not None:
            with sqlite3.connect(os.path.join(self.tmp, "x.db")) as db:
                db.execute("PRAGMA journal_mode=WAL") # who reads locks nobody out
                db.executescript(self.fill(self.sql))
            self.db = db # stays open: the first of all connections locks the others out for a moment
        self.log = open(os.path.join(self.tmp, "log"), "wb")
        line = self.command + " " + OPTIONS.format(cfg=cfg, port=self.port, tmp=self.tmp)
        self.p = subprocess.Popen(self.own_names() + shlex.split(line), stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                  start_new_session=True, cwd=self.tmp)
        self.callee = lang.Uas(self.uas)
        self.callee.start()
        if fails:
            return self.answers(8)
        end = time.monotonic() + 15
        while not self.listens():
            if self.p.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.02)
        if "ctl" in self.config:
            while not os.path.exists(os.path.join(self.tmp, "kamailio_ctl")) and time.monotonic() < end and \
                    '"binrpc"' not in self.config:
                time.sleep(0.02)
        time.sleep(0.15)
        return True

    def own_names(self):
        """A command's beginning that lets it ask the case's name server and nobody else."""
        if not self.dns:
            return []
        path = os.path.join(self.tmp, "resolv.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write("nameserver %s\n" % self.dns.address.split(":")[0])
        return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', path]

    def answers(self, limit):
        """An OPTIONS before the server has ended or the time is over."""
        end = time.monotonic() + limit
        while self.p.poll() is None and time.monotonic() < end:
            if self.step_sip("OPTIONS sip:127.0.0.1", "", False):
                return True
        return False

    def listens(self):
        want = ":%04X 00000000:0000 0A" % self.port
        with open("/proc/net/tcp") as f:
            return want in f.read()

    def fill(self, t):
        for name, s in self.conns.items():
            t = t.replace("{%s}" % name, str(s.getsockname()[1]))
        return t.replace("{port}", str(getattr(self, "port", 0))).replace("{tmp}", getattr(self, "tmp", "")) \
                .replace("{me}", str(getattr(self, "me", 0))).replace("{uas}", str(getattr(self, "uas", 0))) \
                .replace("{extra}", str(getattr(self, "extra", 0)))

    def text(self):
        with open(os.path.join(self.tmp, "log"), "rb") as f:
            return f.read().decode("utf-8", "replace")

    def stop(self):
        self.stop_server()
        self.callee.stop = True
        self.callee.join()
        self.callee.s.close()
        if self.dns:
            self.dns.close()
        self.s.close()
        self.log.close()
        if self.sql is not None:
            self.db.close()

    def stop_server(self):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.p.pid, sig)
                self.p.wait(8)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass

    # ---- steps ----

    def compose(self, first, body, proto, mine):
        self.n += 1
        text = self.fill((first + "\n" if first else "") + body)
        head, _, content = text.partition("\n\n")
        lines = [x for x in head.split("\n") if x]
        names = [x.split(":")[0].strip().lower() for x in lines[1:]]
        method = lines[0].split(" ")[0]
        if len(lines[0].split(" ")) == 2:
            lines[0] += " SIP/2.0"
        add = [("via", "Via: SIP/2.0/%s 127.0.0.1:%d;branch=z9hG4bK%s%d" % (proto, mine, self.case.replace("-", ""), self.n)),
               ("max-forwards", "Max-Forwards: 70"), ("from", "From: <sip:alice@127.0.0.1>;tag=f1"),
               ("to", "To: <sip:alice@127.0.0.1>"), ("call-id", "Call-ID: call-%s" % self.case),
               ("cseq", "CSeq: %d %s" % (self.n, method)),
               ("content-length", "Content-Length: %d" % len(content.replace("\n", "\r\n").encode()))]
        lines += [v for k, v in add if k not in names]
        return "\r\n".join(lines) + "\r\n\r\n" + content.replace("\n", "\r\n")

    def step_tcp(self, args, body):
        name, _, first = args.partition(" ")
        if name not in self.conns:
            self.conns[name] = socket.create_connection(("127.0.0.1", self.port), 3)
        s, out = self.conns[name], b""
        s.sendall(self.compose(first, body, "TCP", s.getsockname()[1]).encode())
        s.settimeout(2)
        try:
            while True:
                d = s.recv(65536)
                out += d
                if not d:
                    out += b"\n(closed)"
                    break
                if re.match(rb"SIP/2.0 [2-6]", out):
                    s.settimeout(0.3)
        except (socket.timeout, ConnectionResetError):
            pass
        return out.decode("utf-8", "replace").replace("\r\n", "\n")

    def step_hangup(self, name, _):
        self.conns[name].shutdown(socket.SHUT_RDWR)
        time.sleep(0.3)
        return ""

    def step_sip(self, first, body, wait=True):
        msg = self.compose(first, body, "UDP", self.me)
        self.s.sendto(msg.encode(), ("127.0.0.1", self.port))
        self.s.settimeout(3 if wait else 0.3)
        got = []
        while True:
            try:
                d = self.s.recv(65535).decode("utf-8", "replace")
            except socket.timeout:
                break
            got.append(d)
            if wait and re.match(r"SIP/2.0 [2-6]", d):
                break
        return "\n".join(g.replace("\r\n", "\n").rstrip("\n") for g in got)

    def command_output(self, cmd):
        p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=20)
        return p.stdout.decode("utf-8", "replace").rstrip("\n")

    def step_kamcmd(self, args, _):
        where = [] if args.startswith("-s") else ["-s", "unix:%s/kamailio_ctl" % self.tmp]
        return self.command_output(["kamcmd"] + where + shlex.split(self.fill(args)))

    def step_commands(self, *_):
        with open(os.path.join(HERE, "commands.tsv"), encoding="utf-8") as f:
            excused = {l.split("\t")[0] for l in f if not l.startswith("#")}
        return "\n".join(sorted(set(self.step_kamcmd("system.listMethods", "").split("\n")) - excused))

    def step_kamcli(self, args, _):
        cfg = os.path.join(self.tmp, "kamcli.ini")
        with open(cfg, "w") as f:
            f.write(("[main]\ndomain=127.0.0.1\n[ctl]\ntype=jsonrpc\nkamgroup=root\n[jsonrpc]\ntransport=socket\n"
                     "path={t}/kamailio_rpc.fifo\nrplnamebase=kamcli_rpl\nrpldir={t}\nsrvaddr={t}/kamailio_rpc.sock\n"
                     "rcvaddr={t}/kamcli.sock\noutformat=json\n").replace("{t}", self.tmp))
        got = self.command_output(["kamcli", "-c", cfg] + shlex.split(self.fill(args)))
        return re.sub(r'("id"|"Expires"): \d+', r"\1: 0", got) # random; seconds left

    def step_json(self, text, body):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.n += 1
        mine = "%s/c%d" % (self.tmp, self.n)
        s.bind(mine)
        s.settimeout(3)
        try:
            s.sendto(self.fill(text or body).encode(), self.tmp + "/kamailio_rpc.sock")
            return s.recv(1 << 20).decode("utf-8", "replace")
        except OSError as e:
            return "no answer"
        finally:
            s.close()

    def step_fifo(self, text, body):
        reply = os.path.join(self.tmp, "kamailio_reply")
        if not os.path.exists(reply):
            os.mkfifo(reply)
        r = os.open(reply, os.O_RDWR | os.O_NONBLOCK)
        with open(self.tmp + "/kamailio_rpc.fifo", "w") as f:
            f.write(self.fill(text or body) + "\n")
        out, end = b"", time.monotonic() + 3
        while time.monotonic() < end and not (out.endswith(b"}\n") or out.endswith(b"}")):
            try:
                out += os.read(r, 65536)
            except BlockingIOError:
                time.sleep(0.02)
        os.close(r)
        return out.decode("utf-8", "replace")

    def step_bytes(self, _, body):
        return self.tcp(self.fill(body).replace("\n", "\r\n"), 1.0)

    def step_http(self, first, body):
        text = self.fill((first + "\n" if first else "") + body)
        head, _, content = text.partition("\n\n")
        if content and "content-length" not in head.lower():
            head += "\nContent-Length: %d" % len(content.encode())
        return self.tcp(head.replace("\n", "\r\n") + "\r\n\r\n" + content, 3.0)

    def tcp(self, text, wait):
        out = b""
        with socket.create_connection(("127.0.0.1", self.port), 3) as s:
            s.settimeout(wait)
            mine = s.getsockname()[1]
            s.sendall(text.encode())
            try:
                while True:
                    d = s.recv(65536)
                    if not d:
                        out += b"\n(closed)"
                        break
                    out += d
                    m = re.search(rb"(?i)\r\ncontent-length: *(\d+)", out)
                    if m and b"\r\n\r\n" in out and len(out.split(b"\r\n\r\n", 1)[1]) >= int(m.group(1)):
                        s.settimeout(0.15)
            except (socket.timeout, ConnectionResetError):
                pass
        got = re.sub(r"(?<!\d)%d(?!\d)" % mine, "CONN", out.decode("utf-8", "replace").replace("\r\n", "\n"))
        head, blank, body = got.partition("\n\n")
        try: # JSON: however it is indented
            return re.sub("(?m)^Content-Length: .*\n?", "", head) + "\n\n" + json.dumps(json.loads(body), indent=1)
        except ValueError:
            return got

    def step_asked(self, args, _):
        name, kind = args.split(" ")
        n, self.dns.asked = self.dns.count(name, kind), []
        return "yes" if n else "no"

    def step_rows(self, first, body):
        end, rows = time.monotonic() + 3, []
        while not rows and time.monotonic() < end:
            rows = self.db.execute(self.fill(first or body)).fetchall()
            if self.p.poll() is not None:
                break
            time.sleep(0.01)
        return "\n".join("|".join(repr(v) for v in row) for row in rows)

    def step_sql(self, first, body):
        self.db.executescript(self.fill(first or body))
        return ""

    def step_stop(self, _, body):
        self.stop_server()
        return ""

    def step_logged(self, text, _):
        end = time.monotonic() + 8
        while text not in self.text() and time.monotonic() < end:
            time.sleep(0.02)
        return ""

    def step_wait(self, seconds, _):
        time.sleep(float(seconds))
        return ""

    def play(self, steps):
        fails = any(s[0] == "fails" for s in steps)
        started = self.start(fails)
        if not started or fails:
            self.stop()
            self.out.append("== starts" if started else "== fails" if fails else
                            "does not start: " + " / ".join(self.text().split("\n")[-12:]))
            return
        try:
            for verb, args, body in steps:
                if verb in ("config", "zone", "database"):
                    continue
                shape = verb.endswith("~")
                verb = verb.rstrip("~")
                if verb == "sip!":
                    got = self.step_sip(args, body, False)
                else:
                    got = getattr(self, "step_" + verb)(args, body)
                got = self.normal(got)
                self.out.append("== %s %s\n%s" % (verb, args, self.shape(got) if shape else got))
        finally:
            time.sleep(0.1)
            self.stop()
        lines = []
        for x in self.text().split("\n"):
            for mark in MARKS:
                if mark in x:
                    lines.append(self.normal(x[x.index(mark):]))
                    break
        self.out.append("== log\n" + "\n".join(lines))

    def shape(self, t):
        """Names and nesting without the values, each line once."""
        out = []
        for line in t.split("\n"):
            line = re.sub(r"^(\t*|Module: )([^\t:{}\"]*)(: )?([^{}\[\]]*?)$",
                          lambda m: m.group(1) + (m.group(2) + ": VALUE" if m.group(3) else "VALUE" if m.group(2) else ""), line)
            line = re.sub(r"^( *)(\"[^\"]*\": )?(-?[0-9.]+|\"[^\"]*\"),?$", r"\1\2VALUE", line).rstrip(",")
            if line not in out:
                out.append(line)
        return "\n".join(out)

    def normal(self, t):
        t = t.replace(self.tmp, "TMP")
        for name, s in self.conns.items():
            t = re.sub(r"(?<!\d)%d(?!\d)" % s.getsockname()[1], name.upper(), t)
        t = re.sub(r"(?<!\d)%d(?!\d)" % self.port, "PORT", t)
        t = re.sub(r"(?<!\d)%d(?!\d)" % self.me, "ME", t)
        t = re.sub(r"(?<!\d)%d(?!\d)" % self.uas, "UAS", t)
        t = re.sub(r"(?<!\d)%d(?!\d)" % self.extra, "EXTRA", t)
        t = re.sub(r"branch=z9hG4bK(?:(?:-[a-p]{2})?[0-9a-f]+\.[0-9a-f]+\.\d+|\+[a-p]{2}[0-9a-f]{32})", "branch=BRANCH", t)
        t = re.sub(r"(to_tag=)(?!uas|t1)[^;\s]+", r"\1TAG", t)
        t = re.sub(r"ul(?:oc|cx)-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+(-[0-9a-f]+)?", "RUID", t)
        t = re.sub(r"(?m)^(Server|User-Agent): .*\n?", "", t)
        t = re.sub(r"(;tag=)(?!(?:f1|t1|mine)(?![0-9a-zA-Z.-]))[^;,\s<>\"]+", r"\1TAG", t)
        t = re.sub(r"(?i)(expires=|\"?expires\"?:\s*\"?)(\d{1,7})(?!\d)",
                   lambda m: m.group(1) + str((int(m.group(2)) + 10) // 20 * 20), t)
        t = re.sub(r"(?<!\d)1[789]\d{8}(?!\d)", "1111111111", t)
        t = re.sub(r"((?:size_bytes|reference_counter)\"?:\s*)\d+", r"\g<1>0", t)
        t = re.sub(r"  pid=\d+ ", "  pid=N ", t)
        t = re.sub(r"\d+ us(?=\]|ec)", "N us", re.sub(r"(alert - action \[\w+) \(\d+\)", r"\1", t))
        t = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE", t)
        try:
            t = json.dumps(json.loads(t), indent=1)
        except ValueError:
            pass
        return t


def play(path, command):
    steps = load(path)
    config, zone, sql = (next((s[2] for s in steps if s[0] == name), None) for name in ("config", "zone", "database"))
    r = Run(command, os.path.basename(path)[:-5], config, zone, sql)
    r.play(steps)
    return "\n".join(r.out), r


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--kiln", default="build/kamailio")
    ap.add_argument("--reference", default="/usr/sbin/kamailio")
    ap.add_argument("--jobs", type=int, default=4)
    ap.add_argument("--show", action="store_true", help="print the reference's transcript")
    ap.add_argument("--log", action="store_true", help="print Kiln's log of what failed")
    ap.add_argument("cases", nargs="*")
    a = ap.parse_args()
    a.kiln = os.path.abspath(a.kiln.split(" ")[0]) + a.kiln[len(a.kiln.split(" ")[0]):]
    paths = [p for p in sorted(glob.glob(os.path.join(HERE, "cases", "*.case")))
             if not a.cases or any(os.path.basename(p).startswith(c) for c in a.cases)]
    good = bad = 0
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        jobs = [(p, pool.submit(play, p, a.reference), pool.submit(play, p, a.kiln)) for p in paths]
        for p, ref, kiln in jobs:
            (rt, _), (kt, kr) = ref.result(), kiln.result()
            name = os.path.basename(p)[:-5]
            if a.show:
                print("#### %s\n%s" % (name, rt))
            diff = list(difflib.unified_diff(rt.split("\n"), kt.split("\n"), "reference", "kiln", lineterm="", n=4))
            if not diff and "== " in rt:
                good += 1
                continue
            bad += 1
            print("FAIL %s\n    %s" % (name, "\n    ".join(diff)))
            if a.log:
                print(open(os.path.join(kr.tmp, "log")).read()[-3000:])
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main())
