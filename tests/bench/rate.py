#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server under a steady rate of whole calls: none may be lost and its memory must not grow.

  rate.py [--build build] [--calls 100] [--seconds 60] [--workers 1]

INVITE, 180, 200, ACK, BYE over UDP on loopback, transaction-stateful, record-routed (cfg/w3.cfg). A call that fails, is answered
wrongly or times out is lost; what a slow machine makes a peer send again is no loss and is told. Memory is looked at every second:
transactions stay for 64*T1 behind their answer, so it grows for the first half minute and a bit, and is flat from then on: the
last look may be at most GROWTH above the first that counts."""
import argparse
import json
import os
import shlex
import subprocess
import sys
import time

from server import Server, resident
from workloads import GEN, IP, PORT, UAS, script

SETTLED, GROWTH = 36, 256 * 1024  # s; bytes


def build_server(build):
    exe = os.path.join(build, "bench", "w3")
    os.makedirs(os.path.dirname(exe), exist_ok=True)
    subprocess.run([os.path.join(build, "kiln"), "build", "-A", "KILN", script("w3"), "-o", exe], check=True, stdout=subprocess.DEVNULL)
    return exe


def watch(s, load, begin):
    """(seconds, bytes) once a second until the load has ended."""
    seen = []
    while load.poll() is None:
        seen.append((time.monotonic() - begin, resident(s.p.pid)))
        time.sleep(1)
    return seen


def run(a):
    command = "%s -l {proto}:%s:%d -DD -E -a no -Y {tmp} -w {tmp} --workers=%d" % (build_server(a.build), IP, PORT, a.workers)
    with Server(a.build, command, "w3", pin=a.workers == 1) as s:
        cmd = "%s/sipload -s %s:%d -l %s -D %s -j -P %d -m call -u %s -S 8 -R %d -w 4000 -g 200 -h 500 -o 30000 -n %d -d %d" % (
            a.build, IP, PORT, GEN, IP, s.p.pid, UAS, a.calls, a.calls * a.seconds, a.seconds + 60)
        load = subprocess.Popen(shlex.split(cmd), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        seen = watch(s, load, time.monotonic())
        out, err = load.communicate()
        alive = s.p.poll() is None
        with open(s.log, errors="replace") as f:
            log = f.read()
    if not out:
        raise RuntimeError(err)
    return json.loads(out), seen, alive, log


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default="build")
    ap.add_argument("--calls", type=int, default=100, help="a second")
    ap.add_argument("--seconds", type=int, default=60)
    ap.add_argument("--workers", type=int, default=1)
    a = ap.parse_args()
    a.build = os.path.abspath(a.build)
    j, seen, alive, log = run(a)
    flat = [b for t, b in seen if SETTLED <= t <= a.seconds] or [seen[0][1], seen[-1][1]]
    wanted = a.calls * a.seconds
    lost = j["fail"] + j["timeout"] + j["late"] + max(0, wanted - j["ops"] - j["fail"] - j["timeout"])
    grown = flat[-1] - flat[0]
    print("%d calls of %d a second for %d s with %d worker(s): %d lost (%d messages sent again), p99 %.1f ms; resident %.1f MB at %d s, "
          "%.1f MB at the end; %.0f us of CPU a call" % (
              j["ops"], a.calls, a.seconds, a.workers, lost, j["retrans"], j["p99_us"] / 1e3, flat[0] / 1e6,
              SETTLED, flat[-1] / 1e6, j["srv_cpu_us_op"]))
    bad = [w for w, is_bad in (("calls were lost", lost), ("memory grew by %d bytes" % grown, grown > GROWTH),
                               ("the server died", not alive), ("the server logged:\n" + log[-2000:], log.strip())) if is_bad]
    for w in bad:
        print("rate: " + w)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
