# SPDX-License-Identifier: Apache-2.0
"""Bytes that one contact, one ringing transaction, one idle connection takes; resident memory at one load; time to build and to start."""
import os
import shlex
import signal
import socket
import statistics
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


def at_load(build, command, rate=1500, seconds=8):
    """Resident bytes after so many calls a second for so long."""
    with Server(build, command, "w3") as s:
        j = s.load("-R %d -d %d -w 4000" % (rate, seconds))
        if j.get("error") or j.get("fail"):
            raise RuntimeError("calls failed: %s" % j)
        return resident(s.p.pid)


def build_time(build):
    with tempfile.TemporaryDirectory() as tmp:
        begin = time.monotonic()
        subprocess.run([os.path.join(build, "kiln"), "build", script("w6o"), "-o", tmp + "/x"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return time.monotonic() - begin


OPTIONS = ("OPTIONS sip:{ip} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKstart{n}\r\nFrom: <sip:a@{ip}>;tag=1\r\nTo: <sip:{ip}>\r\n"
           "Call-ID: start{n}\r\nCSeq: {n} OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")


def first_answer(limit):
    """Ask every 5 ms until somebody answers."""
    begin, n = time.monotonic(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((GEN, 0))
        s.settimeout(0.005)
        while time.monotonic() < begin + limit:
            n += 1
            try:
                s.sendto(OPTIONS.format(ip=IP, own="%s:%d" % s.getsockname(), n=n).encode(), (IP, PORT))
                s.recv(4096)
                return
            except OSError:  # too early: nobody there, or no answer yet
                time.sleep(0.001)
    raise RuntimeError("no answer after %d s" % limit)


def end(p):
    """Its answer is not the end of its start: the reference does not hear a signal that comes too early."""
    time.sleep(0.5)
    try:
        os.killpg(p.pid, signal.SIGTERM)
        p.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        p.wait(10)
    while bound():
        time.sleep(0.005)


def start_time(command, limit=30):
    """From the start to the first answer, median of 5."""
    took = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as tmp, open(os.devnull, "wb") as null:
            begin = time.monotonic()
            p = subprocess.Popen(shlex.split(command.format(cfg=script("w6o"), tmp=tmp, proto="udp")), stdout=null, stderr=null, cwd=tmp,
                                 start_new_session=True)
            try:
                first_answer(limit)
                took.append(time.monotonic() - begin)
            finally:
                end(p)
    return statistics.median(took)
