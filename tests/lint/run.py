#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One fault, one report, on its line: run.py KILN [NAME ...]. Whole scripts in cases/ with their row in expected.tsv;
short ones in *.txt, each below a line "=== name line|- ID [how]" and behind preamble.cfg. Every id that `kiln explain`
lists must be hit by some case. Prints what differs, then N passed, N failed."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LEAST = {"note": 0, "warning": 1, "error": 2}


def whole_scripts():
    """name, text of the script, lines wanted, least severity, id or None, options, line offset"""
    with open(os.path.join(HERE, "expected.tsv"), encoding="utf-8") as f:
        for row in f:
            if not row.strip() or row.startswith("#"):
                continue
            case, lines, severity = row.rstrip("\n").split("\t")[:3]
            with open(os.path.join(HERE, "cases", case), "rb") as g:
                yield case, g.read(), lines, severity, None, [], 0


def short_scripts():
    with open(os.path.join(HERE, "preamble.cfg"), "rb") as f:
        preamble = f.read()
    for path in sorted(glob.glob(os.path.join(HERE, "*.txt"))):
        with open(path, "rb") as f:
            text = f.read()
        for block in re.split(rb"^=== ", text, flags=re.M)[1:]:
            head, body = block.split(b"\n", 1)
            words = head.decode().split()
            name, lines, how = words[0], words[1], words[2:]
            ident = how.pop(0) if how and re.match("[EWN]_[A-Z]", how[0]) else None
            options = [w for w in how if w != "alone"]
            alone = "alone" in how
            body = body.replace(b"\\EOF\n", b"") if body.endswith(b"\\EOF\n") else body
            body = body.replace(b"\\CR", b"\r").replace(b"\\NUL", b"\0").replace(b"\\NBSP", b"\xc2\xa0")
            yield (os.path.basename(path)[:-4] + "/" + name, body if alone else preamble + body, lines, "-", ident, options,
                   0 if alone else preamble.count(b"\n"))


def check(kiln, text, options, directory):
    path = os.path.join(directory, "case.cfg")
    with open(path, "wb") as f:
        f.write(text)
    env = {k: v for k, v in os.environ.items() if k != "KILN_LINT_UNSET"}
    p = subprocess.run([kiln, "check", "--format=json"] + options + [path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       cwd=directory, env=env, timeout=60)
    return p.returncode, json.loads(p.stdout.decode("utf-8", "replace"))["diagnostics"]


def fits(code, got, lines, severity, ident, offset):
    if lines == "-":
        return code == 0 and not got
    if len(got) != 1 or str(got[0]["line"] - offset) not in lines.split("|"):
        return False
    if code != (1 if got[0]["severity"] == "error" else 0) and got[0]["id"] != "E_UNSUPPORTED":
        return False
    if severity != "-" and LEAST[got[0]["severity"]] < LEAST[severity]:
        return False
    return ident is None or got[0]["id"] == ident


def main():
    kiln, only = os.path.abspath(sys.argv[1]), sys.argv[2:]
    good = bad = 0
    hit = set()
    with tempfile.TemporaryDirectory() as directory:
        for name, text, lines, severity, ident, options, offset in list(whole_scripts()) + list(short_scripts()):
            if only and not any(o in name for o in only):
                continue
            code, got = check(kiln, text, options, directory)
            hit |= {d["id"] for d in got}
            if fits(code, got, lines, severity, ident, offset):
                good += 1
                continue
            bad += 1
            print("%s wants %s in line %s, exit %d:" % (name, ident or "one", lines, code))
            for d in got:
                print("    %d:%d: %s[%s]: %s" % (d["line"] - offset, d["column"], d["severity"], d["id"], d["message"]))
    if not only:
        hit.add("N_SAMPLED")  # of --all-variants: tests/front
        listed = subprocess.run([kiln, "explain"], stdout=subprocess.PIPE, timeout=60).stdout.decode()
        for ident in re.findall(r"^([EWN]_[A-Z0-9_]+)", listed, re.M):
            if ident in hit:
                good += 1
            else:
                bad += 1
                print("no case hits %s" % ident)
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
