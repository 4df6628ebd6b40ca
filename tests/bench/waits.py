# SPDX-License-Identifier: Apache-2.0
"""What 1,000 requests that wait cost one that does not: p99 of quick requests at a steady rate, beside 1,000 others a second that wait
a second each, and beside as many that do not, turn by turn; the median of the turns."""
import contextlib
import os
import shlex
import statistics
import subprocess
import time

from server import LOAD_CORE, Server
from workloads import IP, PORT

WAITS, RATE, TURNS = 1000, 2000, 5


def quick(s, seconds):
    """p50 and p99 in us, CPU us per operation."""
    j = s.load("-R %d -d %g -W 0.5" % (RATE, seconds), "-m options")
    if j.get("error") or j.get("fail"):
        raise RuntimeError("quick requests failed: %s" % j)
    return j["p50_us"], j["p99_us"], j["srv_cpu_us_op"]


def beside(s, header, seconds):
    """quick() beside WAITS others a second."""
    cmd = "taskset -c %s %s/sipload -s %s:%d -l 127.0.7.4 -D %s -j -m options -H '%s: 1' -R %d -w %d -1 5000 -d 3600" % (
        LOAD_CORE, s.build, IP, PORT, IP, header, WAITS, 2 * WAITS)
    p = subprocess.Popen(shlex.split(cmd), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.2)  # until as many wait as ever will
        return quick(s, seconds)
    finally:
        p.kill()
        p.wait()
        time.sleep(1.2)


@contextlib.contextmanager
def ahead_of_others():
    """What we start runs before whatever else the machine does, where we may say so: its pauses would be counted."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        pass
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def cost(build, command, seconds=3):
    """Medians: without {p50, p99, cpu}, with {...}, and what was added to p99, in ms."""
    without, among = [], []
    with ahead_of_others(), Server(build, command, "w11") as s:
        for _ in range(TURNS):
            without.append(beside(s, "X-None", seconds))
            among.append(beside(s, "X-Long", seconds))
    a, b = ([statistics.median(x) for x in zip(*rows)] for rows in (without, among))
    return {"without": a, "among": b, "added_p99_ms": statistics.median(y[1] - x[1] for x, y in zip(without, among)) / 1e3}
