# SPDX-License-Identifier: Apache-2.0
"""What is measured, and where: the scripts are cfg/<name>.cfg, the loads are sipload's arguments."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
IP, PORT, GEN, UAS = "127.0.7.1", 5060, "127.0.7.2", "127.0.7.3:5090"
LOADS = {
    "w1": ("stateless OPTIONS", "-m options"),
    "w2": ("stateless forward", "-m message -u " + UAS),
    "w3": ("stateful call", "-m call -u " + UAS),
    "w4": ("REGISTER", "-m register -M 10000"),
    "w6o": ("stock script: OPTIONS", "-m options"),
    "w6r": ("stock script: REGISTER", "-m register -M 10000 -u " + UAS),
    "w6c": ("stock script: call", "-m call -a -M 1000 -u " + UAS),
    "w10": ("200 script operations", "-m options"),
    "w10e": ("the same, empty script", "-m options"),
}


def bound(ip=IP, port=PORT, proto="udp"):
    want = " %s:%04X " % ("".join("%02X" % int(b) for b in reversed(ip.split("."))), port)
    with open("/proc/net/" + proto) as f:
        return any(want in line for line in f)
