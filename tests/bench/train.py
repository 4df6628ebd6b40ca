#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which ways the hot unit takes (Makefile.hot): runs servers that count them under load and merges what they counted.

  train.py --build build-profile --out runtime/hot.proftext

The loads are those of the stock script and the two that use most of the language's own functions; the others of workloads.py are
left out, so that they tell what a load gains that no profile was made with."""
import argparse
import glob
import os
import subprocess
import tempfile

from bench import RUN, compiles, executable
from server import Server
from workloads import CONTACTS

LOADS = ("w6o", "w6r", "w6c", "w10", "w12k")
OPERATIONS = 3000


def train(build, workload, counted):
    os.environ["LLVM_PROFILE_FILE"] = os.devnull  # kiln itself counts, too
    why_not = compiles(build, workload)
    if why_not:
        raise SystemExit(why_not)
    os.environ["LLVM_PROFILE_FILE"] = os.path.join(counted, workload + "-%p.profraw")
    with Server(build, "%s %s1" % (executable(build, workload), RUN), workload, pin=False) as server:
        if workload in CONTACTS:
            server.register(CONTACTS[workload])
        got = server.load("-n %d -w 20" % OPERATIONS)
    if got.get("error") or got["fail"]:
        raise SystemExit("%s: %s" % (workload, got))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--profdata", default="llvm-profdata-19", help="the merging tool")
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as counted:
        for w in LOADS:
            train(os.path.abspath(a.build), w, counted)
        subprocess.run([a.profdata, "merge", "-text", "-sparse", *glob.glob(counted + "/*.profraw"), "-o", a.out], check=True)
    print("%s: from %s" % (a.out, ", ".join(LOADS)))


if __name__ == "__main__":
    main()
