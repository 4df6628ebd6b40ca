# SPDX-License-Identifier: Apache-2.0
"""Bytes that one contact, one ringing transaction, one idle connection takes; time to build and to start."""
import os
import shlex
import subprocess
import tempfile
import time

from server import LOAD_CORE, Server, resident
from workloads import GEN, IP, PORT, UAS, bound, script


def per_contact(build, command, n):
    with Server(build, command, "w12m") as s:
        s.register(100)
        before = resident(s.p.pid)
        s.register(n)
        return (resident(s.p.pid) - before) / n


def while_loaded(build, command, workload, args, n, warm):
    """Growth per item while the load holds n of them, all the time that it is looked at."""
    with Server(build, command, workload) as s:
        s.load("-n 200 -w 10", warm)
        before = resident(s.p.pid)
        cmd = "taskset -c %s %s/sipload -s %s:%d -l %s -D %s -j %s" % (LOAD_CORE, build, IP, PORT, GEN, IP, args)
        load = subprocess.Popen(shlex.split(cmd), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            most, end = before, time.monotonic() + 10
            while load.poll() is None and time.monotonic() < end:
                most = max(most, resident(s.p.pid))
                time.sleep(0.2)
        finally:
            load.kill()
            load.wait()
        return (most - before) / n


def per_transaction(build, command, n=10000):
    """All n calls ring until after the last look."""
    return while_loaded(build, command, "w3", "-m call -u %s -w %d -n %d -g 20000 -o 60000" % (UAS, n, n), n, "-m call -u " + UAS)


def per_connection(build, command, n=10000):
    """Each has sent requests before and is idle but for 20 of them."""
    return while_loaded(build, command, "w13i", "-m options -t tcp -S %d -w 20 -d 11" % n, n, "-m options -t tcp -S 10")


def until(what, limit=30):
    begin = time.monotonic()
    while time.monotonic() < begin + limit:
        if what():
            return time.monotonic() - begin
        time.sleep(0.002)
    return float("nan")


def build_time(build):
    with tempfile.TemporaryDirectory() as tmp:
        begin = time.monotonic()
        subprocess.run([os.path.join(build, "kiln"), "build", script("w6o"), "-o", tmp + "/x"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return time.monotonic() - begin


def start_time(command):
    """Until the socket is there; it answers from then on."""
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.devnull, "wb") as null:
            p = subprocess.Popen(shlex.split(command.format(cfg=script("w6o"), tmp=tmp, proto="udp")), stdout=null, stderr=null, cwd=tmp,
                                 start_new_session=True)
            took = until(bound)
            os.killpg(p.pid, 15)
            p.wait(20)
        until(lambda: not bound())
        return took
