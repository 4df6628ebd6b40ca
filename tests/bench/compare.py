#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kiln and the reference side by side, interleaved, one server process pinned to one core, the load on the
other: CPU microseconds of the server for one operation at saturation, and operations a second.

  compare.py [--build build] [--runs 5] [--seconds 1.5] [w1 w2 ...]

The reference runs with its default allocator and with `-x fm` (its best); ratios are against the better.
Quote ratios of one run, never the absolutes: machines differ and drift."""
import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
IP, PORT, GEN, UAS = "127.0.7.1", 5060, "127.0.7.2", "127.0.7.3:5090"
LOADS = {
    "w1": ("stateless OPTIONS", "-m options"),
    "w2": ("stateless forward", "-m message -u " + UAS),
    "w3": ("stateful call", "-m call -u " + UAS),
    "w4": ("REGISTER", "-m register -M 10000"),
    "w6o": ("stock script: OPTIONS", "-m options"),
    "w6r": ("stock script: REGISTER", "-m register -M 10000 -u " + UAS),
    "w6c": ("stock script: call", "-m call -a -M 10000 -u " + UAS),
    "w10": ("200 script operations", "-m options"),
    "w10e": ("the same, empty script", "-m options"),
}


def servers(build):
    run = "-f {cfg} -l udp:%s:%d -DD -E -n 1 -a no -Y {tmp} -w {tmp}" % (IP, PORT)
    ref = "/usr/sbin/kamailio -m 512 -M 16 "
    return {"reference": ref + run, "reference -x fm": ref + "-x fm -X fm " + run,
            "kiln": os.path.join(build, "kamailio") + " " + run}


def bound():
    want = " %s:%04X " % ("".join("%02X" % int(b) for b in reversed(IP.split("."))), PORT)
    with open("/proc/net/udp") as f:
        return any(want in line for line in f)


def sipload(build, load, pid, extra):
    cmd = "taskset -c 1 %s/sipload -s %s:%d -l %s -D %s -j %s -P %d %s" % (build, IP, PORT, GEN, IP, load, pid, extra)
    out = subprocess.run(shlex.split(cmd), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    return json.loads(out.stdout) if out.stdout.strip() else {"error": out.stderr[-400:]}


def stop(p):
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(p.pid, sig)
            p.wait(10)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            pass


def one(build, command, workload, seconds):
    with tempfile.TemporaryDirectory() as tmp:
        cmd = command.format(cfg=os.path.join(HERE, "cfg", workload + ".cfg"), tmp=tmp)
        with open(os.path.join(tmp, "log"), "wb") as log:
            p = subprocess.Popen(["taskset", "-c", "0"] + shlex.split(cmd), stdout=log, stderr=log, start_new_session=True)
        try:
            end = time.monotonic() + 20
            while not bound():
                if p.poll() is not None or time.monotonic() > end:
                    with open(os.path.join(tmp, "log")) as f:
                        return {"error": "did not start: " + f.read()[-600:]}
                time.sleep(0.02)
            time.sleep(0.5)
            if workload == "w6c":
                sipload(build, LOADS["w6r"][1], p.pid, "-n 10000 -w 20 -e 3600")
            return sipload(build, LOADS[workload][1], p.pid, "-w 40 -d %g -W 0.4" % seconds)
        finally:
            stop(p)
            while bound():
                time.sleep(0.02)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default="build")
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--seconds", type=float, default=1.5)
    ap.add_argument("workloads", nargs="*", default=[])
    a = ap.parse_args()
    a.build = os.path.abspath(a.build)
    bad = 0
    print("%-6s %-26s %12s %12s %12s   %s" % ("", "CPU us per operation", "reference", "-x fm", "kiln", "better of the two / kiln"))
    for w in a.workloads or list(LOADS):
        got = {name: [] for name in servers(a.build)}
        for _ in range(a.runs):
            for name, command in servers(a.build).items():
                j = one(a.build, command, w, a.seconds)
                if "error" in j or j.get("fail"):
                    print("%s %s: %s" % (w, name, j.get("error", "%s failures" % j.get("fail"))), file=sys.stderr)
                    bad += 1
                else:
                    got[name].append(j["srv_cpu_us_op"])
        med = {n: statistics.median(v) if v else float("nan") for n, v in got.items()}
        best = min(med["reference"], med["reference -x fm"])
        print("%-6s %-26s %12.1f %12.1f %12.1f   %.2f" % (w, LOADS[w][0], med["reference"], med["reference -x fm"], med["kiln"], best / med["kiln"]))
        sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
