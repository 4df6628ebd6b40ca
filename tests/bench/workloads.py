# SPDX-License-Identifier: Apache-2.0
"""What is measured, and where: the scripts are cfg/<script>.cfg, the loads are sipload's arguments."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
IP, PORT, GEN, UAS = "127.0.7.1", 5060, "127.0.7.2", "127.0.7.3:5090"
LOADS = {
    "w1": ("stateless OPTIONS", "-m options"),
    "w2": ("stateless forward", "-m message -u " + UAS),
    "w3": ("stateful call, Record-Route", "-m call -u " + UAS),
    "w3d": ("W3 with dialogs", "-m call -u " + UAS),
    "w4": ("REGISTER into memory", "-m register -M 10000"),
    "w5b": ("REGISTER with digest", "-m register -M 10000 -p secret"),
    "w6o": ("stock script: OPTIONS", "-m options"),
    "w6r": ("stock script: REGISTER", "-m register -M 10000 -u " + UAS),
    "w6c": ("stock script: call between phones", "-m call -a -M 1000 -u " + UAS),
    "w8": ("W3 with topology hiding", "-m call -u " + UAS),
    "w10": ("200 script operations", "-m options"),
    "w10e": ("the same, empty script", "-m options"),
    "w11": ("every request waits 5 ms", "-m options -H 'X-Slow: 1' -w 1000"),
    "w11q": ("quick beside 300 waits a second", "-m options"),
    "w12k": ("lookup, 1,000 contacts", "-m message -a -z -M 1000 -u " + UAS),
    "w12m": ("lookup, 1,000,000 contacts", "-m message -a -z -M 1000000 -u " + UAS),
    "w13i": ("OPTIONS on 10,000 TCP connections", "-m options -t tcp -S 10000"),
    "w13c": ("a TCP connection per OPTIONS", "-m options -t tcp -S 40 -k"),
}
# what an operation brings the server: messages; the echo of as many is the floor (UDP only)
MESSAGES = {"message": 2, "call": 6}
# the script, where it has another name
SCRIPTS = {"w11q": "w11", "w12k": "w12", "w12m": "w12", "w13i": "w13", "w13c": "w13"}
# contacts to register before, beside load while measuring
CONTACTS = {"w6c": 1000, "w12k": 1000, "w12m": 1000000}
BESIDE = {"w11q": "-m options -H 'X-Slow: 1' -R 300"}


def script(workload):
    return os.path.join(HERE, "cfg", SCRIPTS.get(workload, workload) + ".cfg")


def messages(workload):
    """0: the echo says nothing about it."""
    return 0 if "tcp" in LOADS[workload][1] or workload == "w11" else MESSAGES.get(LOADS[workload][1].split()[1], 1)


def bound(ip=IP, port=PORT, proto="udp"):
    """Somebody listens there; connections of one that has ended do not count."""
    want = "%s:%04X" % ("".join("%02X" % int(b) for b in reversed(ip.split("."))), port)
    with open("/proc/net/" + proto) as f:
        return any(f[1] == want and (proto == "udp" or f[3] == "0A") for f in (line.split() for line in f))
