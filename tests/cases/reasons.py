#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the built modules lack of the reference, and why: every missing name has a reason, and no name of usage.tsv is missing unless
another module or language would be needed for it, or its fifth column says why. Reasons of what is there by now are named.

  reasons.py KILN

Asks `kiln coverage`; the reasons are compiler/catalog/reasons.tsv. Offenders are printed. Last line: N passed, N failed."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REASONS = os.path.join(HERE, "..", "..", "compiler", "catalog", "reasons.tsv")
ELSEWHERE = re.compile(r"needs the \w+ module|@kemi")


def rows(path):
    with open(path, encoding="utf-8") as f:
        return [l.rstrip("\n").split("\t") for l in f if l.strip() and not l.startswith("#")]


def missing(kiln):
    """{(module, kind, name): reason}; of functions all arities together."""
    text = subprocess.run([kiln, "coverage"], stdout=subprocess.PIPE, check=True).stdout.decode()
    module, out = None, {}
    for line in text.split("\n"):
        m = re.match(r"    missing (\w+) ([^:]+(?::[^ ]+)*): (.*)", line)
        if m:
            out[(module, m.group(1), m.group(2).split("/")[0] if m.group(1) == "function" else m.group(2))] = m.group(3)
        elif re.match(r"\w", line):
            module = line.split(" ")[0]
    return out


def built_functions():
    """Functions that lack only some arity count as there."""
    text = ""
    for root, _, files in os.walk(os.path.join(HERE, "..", "..", "stdlib")):
        for f in files:
            if f.endswith(".def"):
                with open(os.path.join(root, f), encoding="utf-8") as d:
                    text += d.read()
    return set(re.findall(r"(?m)^(?:FN|OVERLOAD|ALIAS)\((\w+), (\w+)", text))


def fits(pattern, name):
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def main():
    gone, wrong, good = missing(sys.argv[1]), [], 0
    reasons = [r for r in rows(REASONS) if len(r) == 4]
    for key, why in gone.items():
        good += 1
        if why == "nobody has said why":
            wrong.append("no reason: %s %s %s" % key)
    for module, kind, name, _ in reasons:
        if not any(m == module and k == kind and fits(name, n) for m, k, n in gone):
            print("no longer needed in reasons.tsv: %s %s %s" % (module, kind, name))
    there = built_functions()
    for module, kind, name, repositories, *excuse in rows(os.path.join(HERE, "usage.tsv")):
        good += 1
        why = next((r[3] for r in reasons if r[0] == module and r[1] == kind and fits(r[2], name)), "")
        if (module, kind, name) in gone and (module, name) not in there and not ELSEWHERE.match(why):
            (print if excuse else wrong.append)("used by %s repositories: %s %s %s: %s" % (repositories, module, kind, name, (excuse or [why])[0]))
    for w in wrong:
        print("FAIL " + w)
    print("%d passed, %d failed" % (good - len(wrong), len(wrong)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
