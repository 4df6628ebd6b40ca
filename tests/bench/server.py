# SPDX-License-Identifier: Apache-2.0
"""One server process tree under one load: started on the server's core, the load on the other."""
import json
import os
import shlex
import signal
import subprocess
import tempfile
import time

from workloads import BESIDE, CONTACTS, GEN, IP, LOADS, PORT, UAS, bound, script

SERVER_CORE, LOAD_CORE = "0", "1"
START_LIMIT, LOAD_LIMIT = 60, 180


def tree(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            kids = [int(x) for x in f.read().split()]
    except OSError:
        return []
    return [pid] + [g for k in kids for g in tree(k)]


def resident(pid):
    """Bytes of the whole tree, shared pages counted once (PSS)."""
    total = 0
    for p in tree(pid):
        try:
            with open("/proc/%d/smaps_rollup" % p) as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            pass
    return total * 1024


class Server:
    """A context: the running server of one workload. `command` has {cfg}, {tmp}, {proto} in it."""

    def __init__(self, build, command, workload, pin=True):
        self.build, self.command, self.workload, self.pin = build, command, workload, pin

    def __enter__(self):
        self.tmp = tempfile.TemporaryDirectory()
        proto = "tcp" if self.workload.startswith("w13") else "udp"
        cmd = self.command.format(cfg=script(self.workload), tmp=self.tmp.name, proto=proto)
        self.log = os.path.join(self.tmp.name, "log")
        begin = time.monotonic()
        with open(self.log, "wb") as log:
            self.p = subprocess.Popen((["taskset", "-c", SERVER_CORE] if self.pin else []) + shlex.split(cmd), stdout=log, stderr=log,
                                      cwd=self.tmp.name, start_new_session=True)
        while not bound(proto=proto):
            if self.p.poll() is not None or time.monotonic() > begin + START_LIMIT:
                with open(self.log, errors="replace") as f:
                    text = f.read()[-800:]
                self.__exit__()
                raise RuntimeError("did not start: " + text)
            time.sleep(0.005)
        return self

    def __exit__(self, *_):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.p.pid, sig)
                self.p.wait(20)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                pass
        while bound() or bound(proto="tcp"):
            time.sleep(0.02)
        self.tmp.cleanup()

    def load(self, extra, args=None):
        """sipload's figures as a dict; {"error": ...} when it could not run."""
        cmd = "%s %s/sipload -s %s:%d -l %s -D %s -j -P %d %s %s" % (
            "taskset -c " + LOAD_CORE if self.pin else "", self.build, IP, PORT, GEN, IP, self.p.pid, args or LOADS[self.workload][1], extra)
        out = subprocess.run(shlex.split(cmd), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=LOAD_LIMIT)
        try:
            return json.loads(out.stdout)
        except ValueError:
            return {"error": (out.stderr or out.stdout)[-400:]}

    def register(self, contacts):
        j = self.load("-n %d -w 50 -e 7200" % contacts, "-m register -M %d -u %s" % (contacts, UAS))
        if j.get("error") or j.get("fail"):
            raise RuntimeError("registrations failed: %s" % j)

    def saturate(self, seconds):
        full = self.load("%s -d %g -W 0.5" % ("" if "-w " in LOADS[self.workload][1] else "-w 40", seconds))
        if full.get("error") or not full.get("ops"):
            raise RuntimeError(full.get("error") or "no operation was answered: %s" % full)
        return full

    def measure(self, seconds):
        """At saturation, then at half that rate: one dict of figures."""
        if self.workload in CONTACTS:
            self.register(CONTACTS[self.workload])
        beside = None
        if self.workload in BESIDE:
            beside = subprocess.Popen(shlex.split("taskset -c %s %s/sipload -s %s:%d -l 127.0.7.4 -D %s -j %s -d 3600" % (
                LOAD_CORE, self.build, IP, PORT, IP, BESIDE[self.workload])), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            full = self.saturate(seconds)
            half = self.load("-R %d -d %g -W 0.3" % (max(full["rate"] / 2, 1), seconds))
        finally:
            if beside:
                beside.kill()
                beside.wait()
        return {"rate": full["rate"], "cpu_us": full["srv_cpu_us_op"], "user_us": full["srv_user_us_op"],
                "sys_us": full["srv_cpu_us_op"] - full["srv_user_us_op"], "cpu_pct": full["srv_cpu_pct"],
                "fail": full["fail"] + half.get("fail", 0), "retrans": full["retrans"] + half.get("retrans", 0), "p50_us": half.get("p50_us", 0),
                "p99_us": half.get("p99_us", 0), "rss": resident(self.p.pid)}
