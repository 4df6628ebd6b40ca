#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A message that Kiln forwards reads the same to three parsers: Kiln's own, Python's, and the reference server's.

  three.py KILN REFERENCE [FILE ...]

Each torture message is sent to a Kiln that forwards everything to the peer here; what arrives is read by a few lines of Python
and sent to the two servers under a script that logs what they read (method, URI, From, To, Call-ID, CSeq, body length, counts
of headers). A message that one parser refuses is compared between the others. Last line: N passed, N failed."""
import glob
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Length", "Content-Type", "Max-Forwards", "Record-Route"]
COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}
READ = """loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
request_route {
	xlog("@@ $rm|$ru|$fu|$ft|$tu|$tt|$ci|$cs|$bs|%s\\n");
	exit;
}
""" % "|".join("$hdrc(%s)" % n for n in NAMES)
FORWARD = """loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
request_route {
	$du = "sip:127.0.0.1:%d";
	forward();
}
"""


class Server:
    def __init__(self, command, script, tmp, name):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        cfg = os.path.join(tmp, name + ".cfg")
        with open(cfg, "w") as f:
            f.write(script)
        self.dir = os.path.join(tmp, name)
        os.mkdir(self.dir)
        self.logpath = os.path.join(self.dir, "log")
        self.log = open(self.logpath, "wb")
        line = "%s -f %s -DD -E -n 1 -T -a no -l udp:127.0.0.1:%d -Y %s -w %s" % (command, cfg, self.port, self.dir, self.dir)
        self.p = subprocess.Popen(shlex.split(line), stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 20
        while not self.bound() and self.p.poll() is None and time.monotonic() < end:
            time.sleep(0.02)  # polls /proc: nothing tells when a foreign server is ready

    def bound(self):
        with open("/proc/net/udp") as f:
            return any(l.split()[1].endswith(":%04X" % self.port) for l in f.readlines()[1:])

    def lines(self):
        with open(self.logpath, "rb") as f:
            return re.findall(rb"@@ ([^\n]*)", f.read())

    def stop(self):
        os.killpg(self.p.pid, signal.SIGTERM)
        self.p.wait(10)
        self.log.close()


def python_reads(raw):
    first, _, rest = raw.partition(b"\r\n")
    head, _, body = rest.partition(b"\r\n\r\n")
    count = dict.fromkeys((n.lower() for n in NAMES), 0)
    value = {}
    for line in re.sub(rb"\r\n[ \t]+", b" ", head).decode("latin1").split("\r\n"):
        n, _, v = line.partition(":")
        n = n.strip().lower()
        n = COMPACT.get(n, n)
        count[n] = count.get(n, 0) + 1
        value.setdefault(n, re.sub(r"\s+", " ", v).strip())
    method, uri, _ = first.decode("latin1").split(" ", 2)
    return {"method": method, "uri": uri, "call": value.get("call-id", ""), "cseq": value.get("cseq", "").split(" ")[0],
            "body": str(len(body)), "counts": [str(count[n.lower()]) for n in NAMES]}


def server_reads(line):
    f = line.decode("latin1").split("|")
    k = len(NAMES)
    return {"method": f[0], "uri": "|".join(f[1:-k - 7]), "call": f[-k - 3], "cseq": f[-k - 2], "body": f[-k - 1], "counts": f[-k:]}


def agree(seen):
    """What a parser did not read (a defect, a URI it knows no scheme of, headers it gave up on) says nothing."""
    read = [s for s in seen if s]
    for key in ("method", "uri", "call", "cseq", "body", "counts"):
        values = [s[key] for s in read if s[key] != "<null>" and (key != "counts" or any(c != "0" for c in s[key]))]
        if any(v != values[0] for v in values):
            return False
    return len(read) > 1


def main():
    kiln, reference, files = sys.argv[1], sys.argv[2], sys.argv[3:] or sorted(glob.glob(os.path.join(HERE, "*.dat")))
    good = bad = 0
    with tempfile.TemporaryDirectory(prefix="three-") as tmp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(0.15)
        edge = Server(kiln, FORWARD % peer.getsockname()[1], tmp, "edge")
        readers = [Server(kiln, READ, tmp, "kiln"), Server(reference, READ, tmp, "reference")]
        try:
            for path in files:
                with open(path, "rb") as f:
                    peer.sendto(f.read(), ("127.0.0.1", edge.port))
                try:
                    raw = peer.recv(65535)
                    while raw.startswith(b"SIP/2.0"):  # refused: nothing was forwarded
                        raw = peer.recv(65535)
                except socket.timeout:
                    continue
                seen = [python_reads(raw)]
                for r in readers:
                    before, end = len(r.lines()), time.monotonic() + 2
                    peer.sendto(raw, ("127.0.0.1", r.port))
                    while len(r.lines()) == before and time.monotonic() < end:
                        time.sleep(0.01)  # the log of another process
                    got = r.lines()[before:]
                    seen.append(server_reads(got[0]) if got else None)
                same = agree(seen)
                good, bad = good + same, bad + (not same)
                if not same:
                    print(os.path.basename(path), *("\n    %s" % s for s in seen))
        finally:
            for s in readers + [edge]:
                s.stop()
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main())
