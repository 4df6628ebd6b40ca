#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same script and messages on the reference server and on Kiln: what it logs, answers and forwards must be equal.

  run.py [--kiln CMD] [--reference CMD] [--jobs N] [-v] [CASE ...]

A case is cases/NAME.cfg; comment lines at its top say what is played:
  #@ msgs: options invite     names in msgs/, in order
  #@ args: -A X=1             more options of both servers
  #@ drop: REGEX              lines (of the log, of messages) that may differ, and why on the line above
Log lines count from the marker "@@ " on. Last line: N passed, N failed."""
import argparse
import concurrent.futures
import difflib
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lang"))
import run as lang  # noqa: E402

lang.HERE = HERE
OPTIONS = " -f {cfg} -DD -E -n 1 -m 64 -M 16 -T -a no -l udp:127.0.0.1:{port} -Y {tmp} -w {tmp}"


def settings(path):
    out = {"msgs": [], "args": "", "drop": []}
    with open(path, encoding="utf-8") as f:
        for line in f:
            m = re.match(r"#@ (\w+): *(.*)", line)
            if m and m.group(1) == "msgs":
                out["msgs"] = m.group(2).split()
            elif m and m.group(1) == "drop":
                out["drop"].append(m.group(2))
            elif m:
                out[m.group(1)] = m.group(2)
    return out


def normal(text, names):
    def name(kind, value):
        return names.setdefault((kind, value), "%s%d" % (kind, 1 + sum(k[0] == kind for k in names)))

    text = re.sub(r"(branch=)(z9hG4bK(?!-[a-z]-\d|-second|-third)[^;,\s\"|]+)", lambda m: m.group(1) + name("BRANCH", m.group(2)), text)
    text = re.sub(r"(;tag=)([0-9a-f]{10,}[^;,\s]*)", lambda m: m.group(1) + name("TAG", m.group(2)), text)
    return re.sub(r"(?m)^(Server|User-Agent): (?!Tester|Set).*\r?\n", "", text)


def lines(case, res, drop):
    names, out = {}, []
    ports = [(str(res[k]), k.upper()) for k in ("port", "uasport", "cport") if res.get(k)]
    out += res["output"]
    for title, texts in (("reply", res.get("reply_text", [])), ("forwarded", res["uas"])):
        for t in texts:
            for number, word in ports:
                t = re.sub(r"(?<!\d)%s(?!\d)" % number, word, t)
            out += ["==== " + title] + normal(t, names).replace("\r\n", "\n").split("\n")
    return [l for l in out if not any(re.search(d, l) for d in drop)]


def play(path, server):
    s = settings(path)
    # what differs between two runs: ports, which run_case already replaces in log lines
    res = lang.run_case(path, s["msgs"], s["args"], None, server + OPTIONS, None, 0.4, True)
    texts = res.get("reply_text", []) + res["uas"]
    res["port"] = next((m.group(1) for t in texts for m in [re.search(r"X-Port: (\d+)", t)] if m), None)
    res["uasport"] = next((m.group(1) for t in texts for m in [re.search(r"X-Uas: (\d+)", t)] if m), None)
    res["cport"] = next((m.group(1) for t in texts for m in [re.search(r"rport=(\d{4,})", t)] if m), None)
    return res, lines(path, res, s["drop"])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--kiln", default="build/kamailio")
    ap.add_argument("--reference", default="/usr/sbin/kamailio")
    ap.add_argument("--jobs", type=int, default=4)
    ap.add_argument("-v", "--verbose", action="store_true")
    ap.add_argument("cases", nargs="*")
    a = ap.parse_args()
    paths = [p for p in sorted(glob.glob(os.path.join(HERE, "cases", "*.cfg")))
             if not a.cases or any(c in os.path.basename(p) for c in a.cases)]
    good = bad = 0
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        jobs = [(p, pool.submit(play, p, a.reference), pool.submit(play, p, a.kiln)) for p in paths]
        for p, r, k in jobs:
            (rres, ref), (kres, kiln) = r.result(), k.result()
            same = ref == kiln and rres["start"] == kres["start"] == "ok" and ref
            good, bad = good + bool(same), bad + (not same)
            if same and not a.verbose:
                continue
            print("%s %s: reference %s, kiln %s" % ("ok  " if same else "FAIL", os.path.basename(p)[:-4], rres["start"], kres["start"]))
            if a.verbose:
                print("\n".join("    " + l for l in ref))
            if rres["start"] == kres["start"] == "ok" and not same:
                print("\n".join(difflib.unified_diff(ref, kiln, "reference", "kiln", lineterm="", n=1)))
            if not same:
                for who, res in (("reference", rres), ("kiln", kres)):
                    if res["start"] != "ok" or not res["output"]:
                        print("  %s: %s" % (who, "\n    ".join(l for l in res["raw"].split("\n") if "rror" in l or "CRIT" in l)[:2000]))
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main())
