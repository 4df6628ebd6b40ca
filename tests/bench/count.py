#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions of the server for one operation, by callgrind: repeatable where timers are not (user space only).

  count.py [--build build] [--reference] [--top 25] [-n 2000] w1 w10 ...

The server runs on one worker (--workers) under valgrind twice, with 200 operations and with N more; the difference counts. With --top
the functions that cost most are shown. --reference counts the reference server instead (-x fm)."""
import argparse
import glob
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

from workloads import CONTACTS, GEN, IP, LOADS, PORT, UAS, bound, script


def load(build, args, n, w=20):
    cmd = "%s/sipload -s %s:%d -l %s -D %s -j %s -w %d -n %d -o 60000" % (build, IP, PORT, GEN, IP, args, w, n)
    out = subprocess.run(shlex.split(cmd), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if '"fail":0' not in out.stdout.replace(" ", ""):
        print("load: " + out.stdout[-300:] + out.stderr[-300:], file=sys.stderr)


def run(a, workload, n):
    """Instructions by function over the server's whole life, n operations in it."""
    with tempfile.TemporaryDirectory() as tmp:
        cfg = script(workload)
        opts = shlex.split("-l udp:%s:%d -DD -E -n %d -a no -Y %s -w %s" % (IP, PORT, a.workers, tmp, tmp))
        if a.reference:
            cmd = ["/usr/sbin/kamailio", "-m", "256", "-M", "16", "-x", "fm", "-X", "fm", "-f", cfg] + opts
        else:
            exe = os.path.join(tmp, "server")
            subprocess.run([os.path.join(a.build, "kiln"), "build", "-A", "KILN", cfg, "-o", exe], check=True, stdout=subprocess.DEVNULL)
            cmd = [exe] + opts
        with open(os.path.join(tmp, "log"), "wb") as log:
            p = subprocess.Popen(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + tmp + "/cg.%p"] + cmd, stdout=log,
                                 stderr=log, cwd=tmp, start_new_session=True)
        try:
            end = time.monotonic() + 60
            while not bound() and time.monotonic() < end and p.poll() is None:
                time.sleep(0.05)
            known = a.contacts or CONTACTS.get(workload, 0)
            if known:
                load(a.build, "-m register -M %d -u %s -e 7200" % (known, UAS), known, 10)
            load(a.build, re.sub(r"-M \d+", "-M %d" % known, LOADS[workload][1]) if known else LOADS[workload][1], n)
            os.kill(p.pid, signal.SIGTERM)
            p.wait(60)
            return costs(tmp, a.inclusive)
        finally:
            try:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass


def costs(tmp, inclusive):
    got = {}
    for f in glob.glob(tmp + "/cg.*"):
        out = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no",
                              "--tree=none", "--inclusive=" + ("yes" if inclusive else "no"), f], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        for c, name in re.findall(r"^\s*([\d,]+) (?:\([^)]*\))?\s+(\S.*)$", out, re.M):
            if name[:2] in ("=>", "ev") or len(name) < 3:
                continue
            name = re.sub(r"^\S*?([^/ ]+:)", r"\1", name.split(" [")[0])
            got[name] = got.get(name, 0) + int(c.replace(",", ""))
    return got


def one(a, workload, top):
    few, many = run(a, workload, 200), run(a, workload, 200 + a.n)
    per = {k: (v - few.get(k, 0)) / a.n for k, v in many.items()}
    print("%-6s %9.0f instructions an operation" % (workload, per.get("PROGRAM TOTALS", 0)))
    for name, v in sorted(per.items(), key=lambda x: -x[1])[1:top + 1]:
        print("       %9.1f  %s" % (v, name[-90:]))
    sys.stdout.flush()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default="build")
    ap.add_argument("--reference", action="store_true")
    ap.add_argument("--top", type=int, default=0)
    ap.add_argument("--workers", type=int, default=1, help="two of them hand half of the messages over")
    ap.add_argument("--inclusive", action="store_true", help="with --top: what a function calls counts as its own")
    ap.add_argument("--contacts", type=int, default=0, help="registered before, instead of the workload's own number")
    ap.add_argument("-n", type=int, default=2000)
    ap.add_argument("workloads", nargs="*", default=[])
    a = ap.parse_args()
    a.build = os.path.abspath(a.build)
    for w in a.workloads or list(LOADS):
        one(a, w, a.top)


if __name__ == "__main__":
    main()
