#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Side by side: the same script on the reference server and on Kiln, the same peers, the same messages.

  run.py [--kiln CMD] [--reference CMD] [--only NAME ...] [-v] [--jobs N]

CMD is a server's command line up to its options; both take the reference's options. What each peer
received is compared message by message and byte by byte after tags, branches, ports, times left and
the Server header were named; and so is what the script logged for a call (lines "@@ CALL-ID text") and
what the scenario noted (RPC answers). Last line: N passed, N failed."""
import argparse
import concurrent.futures
import difflib
import fnmatch
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "live"))
import scenarios  # noqa: E402
from dnsd import Dns  # noqa: E402
from peer import Peer, Timeout  # noqa: E402

OPTIONS = "-f {cfg} -DD -E -n %s -a no -Y {tmp} -w {tmp} -P {tmp}/pid -A COMPAT_PORT={port} -A COMPAT_PEER={peer}" % os.environ.get("COMPAT_CHILDREN", "1")
# the fixed peer's address in the forms that functions take as constants: COMPAT_HP, COMPAT_UDP, ...
OPTIONS += "".join(" -A 'COMPAT_%s=\"%s127.0.0.1:{peer}\"'" % x
                   for x in (("HP", ""), ("UDP", "udp:"), ("TCP", "tcp:"), ("SIP", "sip:")))
LISTEN = ("udp:127.0.0.1:{port}", "tcp:127.0.0.1:{port}", "udp:[::1]:{port}", "tcp:[::1]:{port}")


def own_names(dns, tmp):
    """A command's beginning that lets it ask the tests' name server and nobody else (needs root)."""
    if not dns:
        return []
    with open(os.path.join(tmp, "resolv.conf"), "w") as f:
        f.write("nameserver %s\n" % dns.address.split(":")[0])
    return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', f.name]


class Server:
    """One running server. `group` is (config, defines, listen)."""

    def __init__(self, name, command, group, dns=None):
        self.name, self.command, self.dns = name, command, dns
        self.config, self.defines, self.listen = group

    def __enter__(self):
        self.tmp = tempfile.mkdtemp(prefix="compat-")
        with socket.socket() as s, socket.socket() as p:
            s.bind(("127.0.0.1", 0))
            p.bind(("127.0.0.1", 0))
            self.port, self.peer_port = s.getsockname()[1], p.getsockname()[1]
        self.log = open(os.path.join(self.tmp, "log"), "wb")
        line = self.command + " " + OPTIONS.format(cfg=os.path.join(HERE, "cfg", self.config), port=self.port, peer=self.peer_port, tmp=self.tmp)
        line += "".join(" -l " + l.format(port=self.port) for l in self.listen or LISTEN)
        line += "".join(" -A " + d for d in self.defines + (("COMPAT_KILN",) if self.name == "kiln" else ()))
        self.p = subprocess.Popen(own_names(self.dns, self.tmp) + shlex.split(line), stdout=self.log, stderr=self.log,
                                  stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 30
        while not self.answers():
            if self.p.poll() is not None or time.monotonic() > end:
                said = self.text()[-3000:]
                self.__exit__()
                raise RuntimeError("%s did not start: %s\n%s" % (self.name, line, said))
        return self

    def answers(self):
        """Ready when it answers an OPTIONS."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            s.settimeout(0.2)
            me = s.getsockname()[1]
            try:
                s.sendto(("OPTIONS sip:127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKping%f\r\n"
                          "From: <sip:p@x>;tag=1\r\nTo: <sip:p@x>\r\nCall-ID: ping%d\r\nCSeq: 1 OPTIONS\r\n"
                          "Content-Length: 0\r\n\r\n" % (self.port, me, time.time(), me)).encode(),
                         ("127.0.0.1", self.port))
                s.recv(4096)
                return True
            except OSError:
                return False

    def text(self):
        self.log.flush()
        with open(os.path.join(self.tmp, "log"), "rb") as f:
            return f.read().decode("utf-8", "replace")

    def rpc(self, *words):
        """What kamcmd prints for a command."""
        sock = os.path.join(self.tmp, "kamailio_ctl")
        p = subprocess.run(["kamcmd", "-s", "unix:" + sock] + [str(x) for x in words], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=20)
        return p.stdout.decode("utf-8", "replace")

    def __exit__(self, *exc):
        try:
            os.killpg(self.p.pid, signal.SIGTERM)
            self.p.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.p.pid, signal.SIGKILL)
            self.p.wait()
        self.log.close()


class World:
    """One run of one scenario on one server: its peers and the names of what differs by chance."""
    serial = 0
    lock = threading.Lock()

    def __init__(self, server, net):
        with World.lock:
            World.serial += 1
            self.id = World.serial
        self.server, self.net, self.port = server, net, server.port
        self.peers, self.branches, self.n, self.notes = [], {}, 0, []

    def add_peer(self, p):
        self.peers.append(p)

    def peer(self, name, net=None, port=0):
        return Peer(self, name, "%s.%d" % (name, self.id), net or self.net, port)

    def fixed_peer(self, name, net=None):
        """The one whose port the script knows as COMPAT_PEER; in one scenario of a script only."""
        return self.peer(name, net, self.server.peer_port)

    def users(self, uri):
        """Scenarios write roles; on the wire each run has users of its own."""
        for p in self.peers:
            uri = uri.replace("sip:%s@" % p.role, "sip:%s@" % p.name)
        return uri

    def branch(self, name=None):
        if name in self.branches:
            return self.branches[name]
        self.n += 1
        b = "z9hG4bKx%dx%d" % (self.id, self.n)
        if name:
            self.branches[name] = b
        return b

    def call_id(self, name):
        return "%s-%d@compat" % (name, self.id)

    def zone(self, records):
        """Names for the tests' name server; each has the number of this world: {"srv%d.test": [("A", ...)]}."""
        self.server.dns.zone.update({k.replace("%d", str(self.id)): [self.numbered(v) for v in vs] for k, vs in records.items()})

    def numbered(self, v):
        if isinstance(v, str):
            return v.replace("%d", str(self.id))
        return tuple(self.numbered(x) for x in v) if isinstance(v, tuple) else v

    def note(self, text):
        """Something else that both servers must agree on."""
        self.notes.append(text)

    def rpc(self, *words):
        """An RPC command by kamcmd; its answer is compared. Returns it."""
        out = self.server.rpc(*words)
        self.note("$ %s\n%s" % (words[0], out))
        return out

    def logged(self):
        """What the script logged about this world's calls."""
        return re.findall(r"@@ (\S*-%d@compat.*)" % self.id, self.server.text())

    def transcript(self):
        names = {}

        def name(kind, value):
            return names.setdefault((kind, value), "%s%d" % (kind, 1 + sum(k[0] == kind for k in names)))

        out = {}
        for p in self.peers:
            out[p.role] = [self.normal(m.raw, name) for m in p.seen]
        out["notes"] = [self.normal(x, name) for x in self.notes]
        out["log"] = [self.normal(x, name) for x in self.logged()]
        return out

    def normal(self, text, name):
        text = text.replace("z9hG4bKx%dx" % self.id, "z9hG4bKPEERx").replace("-%d@compat" % self.id, "@compat")
        text = re.sub(r"(?<=[a-z])%d(?=\.test)" % self.id, "N", text)
        for p in self.peers:
            text = text.replace(p.name, p.role)
            text = re.sub(r"(?<!\d)%d(?!\d)" % p.port, "PORT-" + p.role, text)
            for port in p.conn_ports if p.tcp else []:
                text = re.sub(r"(?<!\d)%d(?!\d)" % port, "CONN-" + p.role, text)
        text = re.sub(r"(?<!\d)%d(?!\d)" % self.port, "SERVER", text)
        text = re.sub(r"(branch=)(z9hG4bK(?!PEER)[^;,\s]+)", lambda m: m.group(1) + name("BRANCH", m.group(2)), text)
        text = re.sub(r"(;tag=)((?!ft\b|tt|gone)[^;,\s]+)", lambda m: m.group(1) + name("TAG", m.group(2)), text)
        text = re.sub(r";i=[0-9a-f]+", ";i=CONN", text)
        text = re.sub(r"(?m)^(Server|User-Agent): (?!friendly).*\r\n", "", text)
        return re.sub(r"expires=(\d+)", lambda m: "expires=%d" % (int(m.group(1)) // 10 * 10 + (10 if int(m.group(1)) % 10 >= 5 else 0)), text)


def play(fn, server, net):
    w = World(server, net)
    problem = ""
    try:
        fn(w)
    except Timeout as e:
        problem = str(e)
    except Exception as e:  # noqa: BLE001 - a scenario's own mistake is a finding, not the end of the run
        problem = "%s: %s" % (type(e).__name__, e)
    for p in w.peers:
        p.close()
    return w.transcript(), problem


def collapse(messages):
    """Timed retransmissions of one message count once: their number depends on the clock."""
    out = []
    for m in messages:
        if m not in out:
            out.append(m)
    return out


def compare(ref, kiln):
    diffs = []
    for role in ref:
        a, b = collapse(ref[role]), collapse(kiln.get(role, []))
        if a != b:
            show = lambda ms: "\n".join(ms).replace("\r\n", "\n").split("\n")
            diffs += ["--- %s" % role] + list(difflib.unified_diff(show(a), show(b), "reference", "kiln", lineterm="", n=2))
    return diffs


def judge(s, r, k):
    """The findings of one scenario; r, k: (transcript, problem) of the reference and of Kiln."""
    found = compare(r[0], k[0])
    if s.differs:
        return ["kiln: " + k[1]] if k[1] else [] if found else ["it does not differ from the reference any more"]
    if r[1]:
        found.insert(0, "the scenario does not fit the reference: " + r[1])
    if k[1]:
        found.insert(0, "kiln: " + k[1])
    return found


def run_group(a, group, cases):
    """One script on both servers; with WITH_DNS defined both ask the tests' name server. Yields (title, findings)."""
    dns = None
    if "WITH_DNS" in group[1]:
        try:
            dns = Dns({}, ("127.53.0.1", 53))
        except PermissionError:
            print("not played, because a name server needs port 53: %s" % ", ".join(s.name for s, _ in cases))
            return []
    try:
        return run_servers(a, group, cases, dns)
    finally:
        if dns:
            dns.close()


def run_servers(a, group, cases, dns):
    with Server("reference", a.reference, group, dns) as ref, Server("kiln", a.kiln, group, dns) as kiln, \
            concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        jobs = [(s, net, pool.submit(play, s.fn, ref, net), pool.submit(play, s.fn, kiln, net)) for s, net in cases]
        out = [("%s/%s" % (s.name, net), judge(s, r.result(), k.result())) for s, net, r, k in jobs]
        if a.verbose and any(f for _, f in out):
            for srv in (ref, kiln):
                print("---- %s: log of %s\n%s" % (group[0], srv.name, srv.text()[-6000:]))
        return out


def unknown_names():
    """Scenarios that README.md's table names and that are not there; each file is named in backquotes, * is a wildcard."""
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as f:
        table = f.read().split("## What is shown", 1)[1].split("\n## ", 1)[0]
    have = ["%s/%s" % (s.fn.__module__.rsplit(".", 1)[1], s.name) for s in scenarios.LIST]
    bad = []
    for files, names in re.findall(r"((?:`\w+`,? ?)+): ([\w*, ]+)", table):
        for name in re.findall(r"[\w*]+", names):
            wanted = ["%s/%s" % (x, "*" if name == "all" else name) for x in re.findall(r"`(\w+)`", files)]
            bad += [x for x in wanted if not fnmatch.filter(have, x)]
    return bad


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--kiln", default="build/kamailio")
    ap.add_argument("--reference", default="/usr/sbin/kamailio")
    ap.add_argument("--only", nargs="*", default=[])
    ap.add_argument("--jobs", type=int, default=12, help="scenarios at a time")
    ap.add_argument("--groups", type=int, default=2, help="scripts at a time")
    ap.add_argument("-v", "--verbose", action="store_true")
    a = ap.parse_args()
    groups = {}
    for s in scenarios.LIST:
        for net in s.nets:
            if not a.only or any(o in "%s/%s/%s" % (s.config, s.name, net) for o in a.only):
                groups.setdefault((s.config, s.defines, s.listen), []).append((s, net))
    bad = good = 0
    for name in unknown_names() if not a.only else []:
        bad += 1
        print("FAIL README.md names %s, which is not there" % name)
    with concurrent.futures.ThreadPoolExecutor(a.groups) as pool:
        for group, f in [(g, pool.submit(run_group, a, g, c)) for g, c in groups.items()]:
            try:
                out = f.result()
            except RuntimeError as e:
                out = [(group[0], [str(e)])]
            for title, found in out:
                bad, good = bad + bool(found), good + (not found)
                if found:
                    print("FAIL %s\n    %s" % (title, "\n    ".join(found)))
                elif a.verbose:
                    print("ok   %s" % title)
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
