# SPDX-License-Identifier: Apache-2.0
"""Two workers against one. This needs three cores to be seen as throughput (the generator takes one), so it is accounted: CPU of the
server per operation with one worker and with two on the same core, how evenly the two share it, and how much of their time they wait
for a lock (system call that each thread is in, looked at some 200 times a second). Twice the work of one worker, less these three:

  throughput = 2 * CPU of one / CPU of two * mean of the threads / busiest thread * (1 - time in futex)

Medians of turns. What two cores lose by sharing cache lines is not in it; count.py --workers=2 has the instructions."""
import glob
import statistics
import threading
import time

from server import Server, tree
from workloads import CONTACTS

TURNS, SECONDS, FUTEX = 3, 3, "202"
WORKLOADS = ("w1", "w3", "w10", "w12k")


class Threads(threading.Thread):
    """Watches the threads of a server while it is under load."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.tasks = [t for p in tree(pid) for t in glob.glob("/proc/%d/task/*" % p)]
        self.before = {t: self.cpu(t) for t in self.tasks}
        self.looks = self.locked = 0
        self.end = threading.Event()
        self.start()

    @staticmethod
    def cpu(task):
        with open(task + "/schedstat") as f:
            return int(f.read().split()[0])

    def run(self):
        while not self.end.wait(0.005):
            for t in self.tasks:
                with open(t + "/syscall") as f:
                    call = f.read().split()[0]
                if t in self.before:
                    self.looks += 1
                    self.locked += call == FUTEX

    def stop(self, workers):
        """Mean over the busiest of the workers, share of looks at workers that found them in a lock."""
        self.end.set()
        self.join()
        took = sorted((self.cpu(t) - self.before[t] for t in self.tasks), reverse=True)[:workers]
        idle = len(self.tasks) - workers  # main threads, which wait in other calls
        return sum(took) / len(took) / took[0], self.locked / max(1, self.looks * workers / (workers + idle))


def once(build, command, workload, workers):
    """CPU us per operation, balance, locked share, operations a second."""
    with Server(build, command % workers, workload) as s:
        if workload in CONTACTS:
            s.register(CONTACTS[workload])
        s.load("-w 600 -S 16 -d 0.5")
        watch = Threads(s.p.pid)
        j = s.load("-w 600 -S 16 -d %g" % SECONDS)
        balance, locked = watch.stop(workers)
        if j.get("error") or j.get("fail"):
            raise RuntimeError("operations failed: %s" % j)
        return j["srv_cpu_us_op"], balance, locked, j["rate"]


def scale(build, command, workload):
    """command has %d for the number of workers. {one_us, two_us, balance, locked, ratio}."""
    turns = [(once(build, command, workload, 1), once(build, command, workload, 2)) for _ in range(TURNS)]
    one, two = (statistics.median(t[i][0] for t in turns) for i in (0, 1))
    balance, locked = (statistics.median(t[1][i] for t in turns) for i in (1, 2))
    return {"one_us": one, "two_us": two, "balance": balance, "locked": locked,
            "ratio": 2 * one / two * balance * (1 - locked)}
