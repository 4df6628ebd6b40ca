# SPDX-License-Identifier: Apache-2.0
"""What a profiler reads: the line table of a linked server, and the jitdump that a jitted one writes when JITDUMPDIR asks
for it. perf itself needs rights that a test machine may not give; README.md says how to run it by hand."""
import glob
import os
import re
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
CFG = os.path.join(HERE, "routes.cfg")
CODE_LOAD, CODE_DEBUG_INFO = 0, 2  # records of perf's jitdump


def route_lines(name):
    """Line numbers of the body of route[name]."""
    with open(CFG) as f:
        lines = f.read().split("\n")
    first = next(i for i, l in enumerate(lines, 1) if l.startswith("route[%s]" % name))
    return range(first, next(i for i in range(first, len(lines)) if lines[i - 1].startswith("}")) + 1)


def linked(t, edge):
    symbols = subprocess.run(["nm", "-S", edge], stdout=subprocess.PIPE, text=True, check=True).stdout
    m = re.search(r"^([0-9a-f]+) ([0-9a-f]+) . route_sub_INNER$", symbols, re.M)
    t.check("a linked route is a symbol with a size", m, symbols[-2000:])
    if not m:
        return
    at, size = int(m[1], 16), int(m[2], 16)
    shown = subprocess.run(["addr2line", "-e", edge] + ["%x" % a for a in range(at, at + size, 4)], stdout=subprocess.PIPE,
                           text=True, check=True).stdout
    seen = {int(n) for n in re.findall(r"/routes\.cfg:(\d+)", shown)}
    t.check("its addresses are lines of the route", len(seen) >= 3 and seen <= set(route_lines("INNER")), shown)


def records(path):
    with open(path, "rb") as f:
        data = f.read()
    at = struct.unpack_from("<III", data)[2]
    while at + 16 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        yield kind, data[at + 16:at + size]
        at += size


def jitted(t, new_server, kiln, tmp):
    os.environ["JITDUMPDIR"] = tmp
    server = new_server([kiln, "run", CFG, "--"])
    del os.environ["JITDUMPDIR"]
    try:
        t.check("jitted with JITDUMPDIR: answers", server.answer(), server.text())
    finally:
        server.stop()
    names, lines = set(), {}
    for path in glob.glob(os.path.join(tmp, ".debug/jit/*/jit-*.dump")):
        for kind, body in records(path):
            if kind == CODE_LOAD:
                names.add(body[40:body.index(b"\0", 40)].decode())
            elif kind == CODE_DEBUG_INFO:
                n, at = struct.unpack_from("<Q", body, 8)[0], 16
                for _ in range(n):
                    line, end = struct.unpack_from("<I", body, at + 8)[0], body.index(b"\0", at + 16)
                    lines.setdefault(os.path.basename(body[at + 16:end].decode()), set()).add(line)
                    at = end + 1
    t.check("the jitdump names the routes", {"route_request", "route_sub_INNER", "route_sub_OUTER"} <= names, repr(names))
    t.check("and their lines", set(route_lines("INNER")) & lines.get("routes.cfg", set()), repr(lines))


def run(t, new_server, kiln, edge, tmp):
    linked(t, edge)
    jitted(t, new_server, kiln, tmp)
