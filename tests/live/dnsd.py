# SPDX-License-Identifier: Apache-2.0
"""A name server of the tests: answers from a table over UDP, counts what it is asked, can stay silent."""
import socket
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33, "NAPTR": 35}


def name(text):
    out = b""
    for label in text.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def string(text):
    return bytes([len(text)]) + text.encode()


def rdata(kind, v):
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, v)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, v)
    if kind in ("CNAME", "PTR"):
        return name(v)
    if kind == "TXT":
        return string(v)
    if kind == "SRV":
        return struct.pack("!HHH", *v[:3]) + name(v[3])
    if kind == "NAPTR":
        return struct.pack("!HH", *v[:2]) + string(v[2]) + string(v[3]) + string(v[4]) + name(v[5])
    raise ValueError(kind)


class Dns:
    """zone: {"host": [("A", "127.0.0.1"), ("A", "127.0.0.2", ttl)]}; silent: names that get no answer."""

    def __init__(self, zone, at=("127.0.0.1", 0)):
        self.zone = {k.lower(): v for k, v in zone.items()}
        self.silent = set()
        self.asked = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(at)
        self.address = "%s:%d" % self.sock.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                q, peer = self.sock.recvfrom(4096)
            except OSError:
                return
            a = self.answer(q)
            if a:
                self.sock.sendto(a, peer)

    def answer(self, q):
        at, labels = 12, []
        while q[at]:
            labels.append(q[at + 1:at + 1 + q[at]].decode().lower())
            at += q[at] + 1
        host, kind = ".".join(labels), struct.unpack("!H", q[at + 1:at + 3])[0]
        question = q[12:at + 5]
        self.asked.append((host, [k for k, v in TYPES.items() if v == kind][0]))
        if host in self.silent:
            return None
        records, seen = b"", 0
        for _ in range(8):
            rows = [r for r in self.zone.get(host, []) if TYPES[r[0]] in (kind, TYPES["CNAME"])]
            for r in rows:
                data = rdata(r[0], r[1])
                ttl = r[2] if len(r) > 2 else 300
                records += name(host) + struct.pack("!HHIH", TYPES[r[0]], 1, ttl, len(data)) + data
                seen += 1
            chain = [r for r in rows if r[0] == "CNAME"]
            if not chain or kind == TYPES["CNAME"]:
                break
            host = chain[0][1].lower()
        known = bool(self.zone.get(host))
        return q[:2] + struct.pack("!HHHHH", 0x8580 | (0 if known else 3), 1, seen, 0, 0) + question + records

    def count(self, host, kind):
        return sum(1 for a in self.asked if a == (host.lower(), kind))

    def close(self):
        self.sock.close()
