# SPDX-License-Identifier: Apache-2.0
"""The targets, each with what a run of bench.py measured; and the table of the README."""


def times(out, workload, what):
    """Kiln's part of the reference's, or None."""
    r = out["workloads"].get(workload, {}).get("ratio")
    return 1 / r[what] if r and r[what] else None


def kiln(out, workload, what):
    r = out["workloads"].get(workload, {}).get("servers", {}).get("kiln")
    return r[what] if r else None


def over(x, y):
    return x / y if x is not None and y else None


def script_cost(out):
    """User time of W10 less W10e, Kiln's part."""
    def of(who):
        try:
            a, b = (out["workloads"][w]["servers"][out["workloads"][w]["best"] if who == "reference" else who]["user_us"] for w in ("w10", "w10e"))
        except (KeyError, TypeError):
            return None
        return a - b
    return over(of("kiln"), of("reference"))


def figure(out, *keys):
    v = out
    for k in keys:
        v = v.get(k) if isinstance(v, dict) else None
    return v


def rows(out):
    """(what, measured or None, at most; negative: at least)"""
    def part(w, what, limit):
        return ("%s, %s CPU of the reference's" % (w[0].upper() + w[1:], "user" if what == "user" else "all"), times(out, w, what), limit)
    contact, call, load = (tuple(figure(out, "figures", who, k) for who in ("kiln", "reference fm")) for k in (
        "contact_bytes", "transaction_bytes", "load_mb"))
    w1, echo = kiln(out, "w1", "cpu_us"), out["workloads"].get("w1", {}).get("floor_us")
    return ([("W10 less W10e, user CPU of the reference's", script_cost(out), 1 / 20)] +
            [part(w, "user", 1 / 4) for w in ("w1", "w2", "w6o")] + [("W1, all CPU over the echo's", over(w1, echo), 1.3)] +
            [part(w, what, limit) for w in ("w3", "w6c") for what, limit in (("user", 1 / 3), ("cpu", 1 / 2))] +
            [part(w, "user", 1 / 3) for w in ("w4", "w6r", "w12k", "w12m")] +
            [("a contact, bytes", contact[0], 400),
             ("W11, ms that 1,000 waits add to p99", figure(out, "waits", "added_p99_ms"), 1),
             ("a ringing call, bytes", call[0], 5000), ("a ringing call, of the reference's", over(*call), 1 / 3),
             ("resident at 1,500 calls a second, of the reference's", over(*load), 1 / 3),
             ("kiln build of the stock script, ms", figure(out, "figures", "build_ms"), 1500),
             ("kiln run of it to the first answer, ms", figure(out, "figures", "run_ms"), 300)] +
            [("two workers against one, %s" % w.upper(), figure(out, "two_workers", w, "ratio"), -1.7) for w in sorted(out.get("two_workers") or {})])


def text(out):
    def line(what, v, limit):
        reached = "not measured" if v is None else "reached" if (v <= limit if limit > 0 else v >= -limit) else "not reached"
        return "  %-52s %10s  %s %-7.4g %s" % (what, "-" if v is None else "%.3g" % v if v < 1000 else "%.0f" % v,
                                                "<=" if limit > 0 else ">=", abs(limit), reached)
    return "\n".join(line(*r) for r in rows(out)) + "\n"


def markdown(out):
    def row(w, r):
        ref, own = r["servers"][r["best"]], r["servers"]["kiln"]
        return "| %s, %s | %.1f, %.1f | %.1f, %.1f | %s | %.1f, %.1f | %.1f | %.1f, %.1f |" % (
            w[0].upper() + w[1:], r["title"], ref["cpu_us"], ref["user_us"], own["cpu_us"], own["user_us"],
            "%.1f" % r["floor_us"] if r["floor_us"] else "-", r["ratio"]["cpu"], r["ratio"]["user"], r["ratio"]["rate"],
            ref["rss"] / 1e6, own["rss"] / 1e6)
    head = ["| workload | reference: all, user | Kiln: all, user | echo | ratio: all, user | throughput | MB: reference, Kiln |", "|---|---|---|---|---|---|---|"]
    return "\n".join(head + [row(w, r) for w, r in out["workloads"].items() if r.get("ratio")]) + "\n"
