#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All tests, or those whose suite name is given: run.py BUILD [SUITE ...]. Each suite prints what fails; the last line
counts everything: N passed, N failed."""
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def run(cmd, timeout=1800):
    try:
        p = subprocess.run(cmd, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                           timeout=timeout)
        return p.returncode, p.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b"").decode("utf-8", "replace") + "\ntimed out\n"


def count(code, out):
    """From a runner's closing line, else from its exit code."""
    m = re.findall(r"^(?:.*: )?(\d+) (?:passed|ok), (\d+) failed", out, re.M)
    if m:
        good, bad = int(m[-1][0]), int(m[-1][1])
    else:
        good, bad = (1, 0) if code == 0 else (0, 1)
    return good, max(bad, 1 if code and not bad else 0)


def count_cmocka(code, out):
    good = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", out, re.M))
    bad = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (\d+) test", out, re.M))
    return good, max(bad, 1 if code else 0)


def binaries(build, pattern):
    return sorted(glob.glob(os.path.join(build, "tests", pattern)))


def suites(build):
    """name, command, how its output is counted"""
    for pattern in ("unit/*/*/*_test", "sim/*_test"):
        for b in binaries(build, pattern):
            yield os.path.relpath(b, os.path.join(build, "tests")).replace("_test", ""), [b], count_cmocka
    kiln = os.path.join(build, "kiln")
    for script in sorted(glob.glob(os.path.join(HERE, "*", "suite.sh"))):
        yield os.path.basename(os.path.dirname(script)), ["sh", script, build, kiln], count


def main():
    build, only = os.path.abspath(sys.argv[1]), sys.argv[2:]
    good = bad = 0
    for name, cmd, counter in suites(build):
        if only and not any(name == o or name.startswith(o + "/") for o in only):
            continue
        code, out = run(cmd)
        g, b = counter(code, out)
        good, bad = good + g, bad + b
        print("%-44s %5d passed, %d failed" % (name, g, b))
        if b:
            print("\n".join("    " + line for line in out.splitlines()[-200:]))
        sys.stdout.flush()
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main())
