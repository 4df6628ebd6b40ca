# SPDX-License-Identifier: Apache-2.0
"""What a look into a running server costs it: W10 (some 200 statements a message) plain, compiled with --observe and nobody there, with a
live trace whose filter nothing matches, and with one of everything (what does not fit in its buffer is dropped and counted)."""
import os
import subprocess
import threading

from server import Server
from workloads import IP, PORT, script

WAYS = (("plain", None), ("observed, nobody attached", []), ("trace, filter matches nothing", ["filter call-id none", "trace on"]),
        ("trace of every message", ["filter none", "trace on"]))


class Viewer:
    """kiln attach, with its output read and thrown away."""

    def __init__(self, build, socket, lines):
        self.p = subprocess.Popen([os.path.join(build, "kiln"), "attach", socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True, bufsize=1)
        for line in lines:
            self.p.stdin.write(line + "\n")
            self.p.stdin.flush()
            while not self.p.stdout.readline().startswith("ok"):
                if self.p.poll() is not None:
                    raise RuntimeError("attach ended")
        self.sink = threading.Thread(target=lambda: [None for _ in self.p.stdout], daemon=True)
        self.sink.start()

    def close(self):
        self.p.stdin.close()
        self.p.wait(30)
        self.sink.join()


def one(build, lines, seconds):
    edge = os.path.join(build, "bench", "w10-observed" if lines is not None else "w10")
    subprocess.run([os.path.join(build, "kiln"), "build", "-A", "KILN", script("w10"), "-o", edge] +
                   (["--observe"] if lines is not None else []), check=True, stdout=subprocess.DEVNULL)
    command = edge + " -l {proto}:%s:%d -DD -E -a no -w {tmp} -n 1" % (IP, PORT) + (" --debug-socket={tmp}/debug" if lines is not None else "")
    with Server(build, command, "w10") as s:
        viewer = Viewer(build, os.path.join(s.tmp.name, "debug"), lines) if lines else None
        try:
            return s.measure(seconds)["cpu_us"]
        finally:
            if viewer:
                viewer.close()


def costs(build, seconds=1.5):
    """CPU microseconds of the server per message, by way."""
    return {name: one(build, lines, seconds) for name, lines in WAYS}
