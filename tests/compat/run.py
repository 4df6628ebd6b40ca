#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Side by side: the stock script on the reference server and on Kiln, the same peers, the same messages.

  run.py [--config F] [--kiln CMD] [--reference CMD] [--only NAME ...] [-v] [--jobs N]

CMD is a server's command line up to its options; both take the reference's options. What each peer
received is compared message by message and byte by byte after tags, branches, ports, times left and
the Server header were named. Differences that RFC 3261 leaves free or that Kiln makes on purpose are
listed in differences.tsv with their reason. Last line: N passed, N failed."""
import argparse
import concurrent.futures
import difflib
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
import scenarios  # noqa: E402
from peer import Peer, Timeout  # noqa: E402

OPTIONS = "-f {cfg} -DD -E -n 1 -a no -l udp:127.0.0.1:{port} -l tcp:127.0.0.1:{port} " \
          "-l udp:[::1]:{port} -l tcp:[::1]:{port} -Y {tmp} -w {tmp} -P {tmp}/pid"


class Server:
    def __init__(self, name, command, config):
        self.name, self.command, self.config = name, command, config

    def __enter__(self):
        self.tmp = tempfile.mkdtemp(prefix="compat-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.log = open(os.path.join(self.tmp, "log"), "wb")
        line = self.command + " " + OPTIONS.format(cfg=self.config, port=self.port, tmp=self.tmp)
        self.p = subprocess.Popen(shlex.split(line), stdout=self.log, stderr=self.log,
                                  stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 20
        while not self.answers():
            if self.p.poll() is not None or time.monotonic() > end:
                sys.exit("%s did not start: %s\n%s" % (self.name, line, self.text()[-3000:]))
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

    def __exit__(self, *exc):
        try:
            os.killpg(self.p.pid, signal.SIGTERM)
            self.p.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
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
        self.peers, self.branches, self.n = [], {}, 0

    def add_peer(self, p):
        self.peers.append(p)

    def peer(self, name, net=None):
        return Peer(self, name, "%s.%d" % (name, self.id), net or self.net)

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

    def transcript(self):
        names = {}

        def name(kind, value):
            return names.setdefault((kind, value), "%s%d" % (kind, 1 + sum(k[0] == kind for k in names)))

        out = {}
        for p in self.peers:
            out[p.role] = [self.normal(m.raw, name) for m in p.seen]
        return out

    def normal(self, text, name):
        text = text.replace("z9hG4bKx%dx" % self.id, "z9hG4bKPEERx").replace("-%d@compat" % self.id, "@compat")
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
    finally:
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


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--config", default="/etc/kamailio/kamailio.cfg")
    ap.add_argument("--kiln", default="build/kamailio")
    ap.add_argument("--reference", default="/usr/sbin/kamailio")
    ap.add_argument("--only", nargs="*", default=[])
    ap.add_argument("--jobs", type=int, default=12)
    ap.add_argument("-v", "--verbose", action="store_true")
    a = ap.parse_args()
    cases = [(fn, net) for fn, nets in scenarios.LIST for net in nets
             if not a.only or any(o in "%s/%s" % (fn.__name__, net) for o in a.only)]
    bad = good = 0
    with Server("reference", a.reference, a.config) as ref, Server("kiln", a.kiln, a.config) as kiln, \
            concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        jobs = [(fn, net, pool.submit(play, fn, ref, net), pool.submit(play, fn, kiln, net)) for fn, net in cases]
        for fn, net, r, k in jobs:
            (rt, rp), (kt, kp) = r.result(), k.result()
            diffs = compare(rt, kt)
            if rp:
                diffs.insert(0, "the scenario does not fit the reference: " + rp)
            if kp:
                diffs.insert(0, "kiln: " + kp)
            if diffs:
                bad += 1
                print("FAIL %s/%s\n    %s" % (fn.__name__, net, "\n    ".join(diffs)))
            else:
                good += 1
                if a.verbose:
                    print("ok   %s/%s" % (fn.__name__, net))
        if bad and a.verbose:
            print(kiln.text()[-6000:])
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
