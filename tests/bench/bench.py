#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kiln and the reference side by side, interleaved, each on one pinned core, the load on another.

  bench.py [--build build] [--rounds 3] [--seconds 1] [--no-memory] [w1 w2 ...]

Of the reference the allocator that serves the first round best serves the others, workload by workload, with as many processes as
serve it best. Per workload: operations a second, CPU microseconds of the server per operation (user, system; all threads and processes,
from the kernel), p50 and p99 at half load, failures, retransmissions, resident memory; medians of the rounds, and ratios of medians.
The floor is a plain UDP echo of as many messages of the same sizes, in the same rounds. At the end the targets (targets.py) and, for
the README, the table in Markdown. Also in BUILD/bench: bench.json, table.md, chart.svg. Quote ratios of one run, never the absolutes."""
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

import chart
import live
import memory
import scaling
import targets
import waits
from server import Server
from workloads import IP, LOADS, PORT, messages, script

RUN = "-l {proto}:%s:%d -DD -E -a no -Y {tmp} -w {tmp} -n " % (IP, PORT)
REFERENCE = "/usr/sbin/kamailio -f {cfg} -m 3000 -M 16 -x %s -X %s " + RUN + "%d"
MANY = {"w11": 8, "w11q": 8}  # a wait holds one of its processes


def servers(build, workload):
    many = MANY.get(workload, 1)
    got = {"reference %s" % x: REFERENCE % (x, x, many) for x in ("fm", "tlsf")}
    got["kiln"] = "%s %s1" % (executable(build, workload), RUN)
    return got


def echo(build, seconds):
    """CPU microseconds of an echo, per message."""
    with Server(build, "%s/udpecho %s %d mmsg" % (build, IP, PORT), "w1") as s:
        return s.saturate(seconds)["srv_cpu_us_op"]


def median(rows):
    return {k: statistics.median(r[k] for r in rows) for k in rows[0]} if rows else None


def executable(build, workload):
    return os.path.join(build, "bench", os.path.basename(script(workload)).replace(".cfg", ""))


def compiles(build, workload):
    """Build the server; why not, or ""."""
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    p = subprocess.run([os.path.join(build, "kiln"), "build", "-A", "KILN", script(workload), "-o", executable(build, workload)],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "" if p.returncode == 0 else p.stdout.strip().splitlines()[0]


def run_round(a, workload, commands, got, errors):
    for name, command in commands.items():
        try:
            with Server(a.build, command, workload) as s:
                got[name].append(s.measure(a.seconds))
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            errors.append("%s: %s" % (name, str(e)[-300:]))


def best_reference(med):
    return min(((m["cpu_us"], name) for name, m in med.items() if m and name != "kiln"), default=(0, None))[1]


def run_workload(a, workload):
    commands = servers(a.build, workload)
    got, errors, echoes = {name: [] for name in commands}, [], []
    for _ in range(a.rounds):
        run_round(a, workload, commands, got, errors)
        if messages(workload):
            echoes.append(echo(a.build, a.seconds / 2) * messages(workload))
        best = best_reference({name: median(rows) for name, rows in got.items()})
        commands = {name: c for name, c in commands.items() if name in (best, "kiln")}
    return {"title": LOADS[workload][0], "servers": {name: median(rows) for name, rows in got.items()}, "best": best, "errors": errors,
            "floor_us": statistics.median(echoes) if echoes else None}


def ratio(x, y):
    return x / y if y else float("nan")


def show(workload, r):
    ref, kiln = r["servers"].get(r["best"] or "", None), r["servers"]["kiln"]
    for name, m in ((r["best"], ref), ("kiln", kiln)):
        if m:
            print("%-5s %-17s %9.0f %8.1f %8.1f %8.1f %9.0f %9.0f %5d %7d %8.1f" % (
                workload, name, m["rate"], m["cpu_us"], m["user_us"], m["sys_us"], m["p50_us"], m["p99_us"], m["fail"],
                m["retrans"], m["rss"] / 1e6))
    if ref and kiln:
        r["ratio"] = {"cpu": ratio(ref["cpu_us"], kiln["cpu_us"]), "user": ratio(ref["user_us"], kiln["user_us"]),
                      "rate": ratio(kiln["rate"], ref["rate"]), "rss": ratio(ref["rss"], kiln["rss"])}
        print("%-5s %s: CPU %.2f times, user %.2f, throughput %.2f, memory %.2f times better%s" % (
            workload, r["title"], r["ratio"]["cpu"], r["ratio"]["user"], r["ratio"]["rate"], r["ratio"]["rss"],
            "; floor %.1f us" % r["floor_us"] if r["floor_us"] else ""))
    for e in r["errors"]:
        print("%-5s %s" % (workload, e.replace("\n", " ")))
    sys.stdout.flush()


def one_figure(name, unit, fn):
    try:
        v = fn()
        print("%-44s %12.1f %s" % (name, v, unit))
    except (RuntimeError, OSError, subprocess.SubprocessError) as e:
        v = None
        print("%-44s %s" % (name, str(e).strip().splitlines()[-1][-200:]))
    sys.stdout.flush()
    return v


def figures(a):
    got = {}
    for w in ("w12m", "w3", "w13i", "w6o"):
        compiles(a.build, w)
    stock = os.path.join(a.build, "kiln") + " run {cfg} -- " + RUN + "1"
    for who in ("reference fm", "kiln"):
        def of(w, who=who):
            return servers(a.build, w)[who]
        got[who] = {
            "contact_bytes": one_figure(who + ": memory per contact", "bytes", lambda: memory.per_contact(a.build, of("w12m"), a.contacts)),
            "transaction_bytes": one_figure(who + ": memory per ringing call", "bytes", lambda: memory.per_transaction(a.build, of("w3"))),
            "connection_bytes": one_figure(who + ": memory per TCP connection", "bytes", lambda: memory.per_connection(a.build, of("w13i"))),
            "load_mb": one_figure(who + ": resident at 1,500 calls a second", "MB", lambda: memory.at_load(a.build, of("w3")) / 1e6),
            "start_ms": one_figure(who + ": stock script, start until the first answer", "ms", lambda: memory.start_time(of("w6o")) * 1e3),
        }
    got["run_ms"] = one_figure("kiln run of the stock script until the first answer", "ms", lambda: memory.start_time(stock) * 1e3)
    got["build_ms"] = one_figure("kiln build of the stock script", "ms", lambda: memory.build_time(a.build) * 1e3)
    return got


def waiting(a):
    why = compiles(a.build, "w11")
    try:
        if why:
            raise RuntimeError(why)
        got = waits.cost(a.build, servers(a.build, "w11")["kiln"])
    except (RuntimeError, OSError, subprocess.SubprocessError) as e:
        print("1,000 waits: %s" % str(e).strip().splitlines()[-1][-200:])
        return None
    print("%d waits outstanding: p99 of %d quick requests a second %.0f us without, %.0f us with them, %.2f ms more" % (
        waits.WAITS, waits.RATE, got["without"][1], got["among"][1], got["added_p99_ms"]))
    return got


def two_workers(a):
    got = {}
    for w in scaling.WORKLOADS:
        why = compiles(a.build, w)
        try:
            if why:
                raise RuntimeError(why)
            got[w] = r = scaling.scale(a.build, executable(a.build, w) + " " + RUN + "1 --workers=%d", w)
        except (RuntimeError, OSError, subprocess.SubprocessError) as e:
            print("two workers, %s: %s" % (w, str(e).strip().splitlines()[-1][-200:]))
            continue
        print("two workers, %-5s %.1f us of CPU an operation with one, %.1f with two, balance %.2f, %.1f%% in locks: %.2f times the throughput" % (
            w, r["one_us"], r["two_us"], r["balance"], 100 * r["locked"], r["ratio"]))
        sys.stdout.flush()
    return got


def live_trace(a):
    try:
        got = live.costs(a.build)
    except (RuntimeError, OSError, subprocess.SubprocessError) as e:
        print("live trace: %s" % str(e).strip().splitlines()[-1][-200:])
        return None
    for way, us in got.items():
        print("%-44s %12.1f us a message, %.2f times" % ("W10, " + way, us, us / got["plain"]))
    return got


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default="build")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--seconds", type=float, default=1)
    ap.add_argument("--contacts", type=int, default=200000)
    ap.add_argument("--no-memory", action="store_true")
    ap.add_argument("workloads", nargs="*")
    a = ap.parse_args()
    a.build, begin = os.path.abspath(a.build), time.monotonic()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    out = {"machine": "%s, %d cores, Linux %s" % (chart.cpu_name(), os.cpu_count(), platform.release()),
           "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "load": os.getloadavg()[0], "workloads": {}}
    print("%s; load before: %.1f" % (out["machine"], out["load"]))
    print("%-5s %-17s %9s %8s %8s %8s %9s %9s %5s %7s %8s" % ("", "", "ops/s", "CPU us", "user", "system", "p50 us", "p99 us",
                                                             "fail", "retrans", "MB"))
    bad = 0
    for w in a.workloads or list(LOADS):
        why = compiles(a.build, w)
        if why:
            print("%-5s %s: not measured: %s" % (w, LOADS[w][0], why))
            out["workloads"][w] = {"title": LOADS[w][0], "not_measured": why}
            continue
        out["workloads"][w] = r = run_workload(a, w)
        show(w, r)
        bad += len(r["errors"])
    if not a.no_memory and not a.workloads:
        out["figures"] = figures(a)
        out["waits"] = waiting(a)
        out["two_workers"] = two_workers(a)
        out["live_trace_us"] = live_trace(a)
    out["took_s"] = time.monotonic() - begin
    write(a, out)
    return 1 if bad else 0


def write(a, out):
    table, where = targets.markdown(out), os.path.join(a.build, "bench")
    print("\n%s\ntargets\n%s" % (table, targets.text(out)))
    for name, text in (("bench.json", json.dumps(out, indent=1)), ("table.md", table), ("chart.svg", chart.svg(out))):
        with open(os.path.join(where, name), "w") as f:
            f.write(text)
    print("%s: bench.json, table.md, chart.svg; %.1f minutes" % (where, out["took_s"] / 60))


if __name__ == "__main__":
    sys.exit(main())
