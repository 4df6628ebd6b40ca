#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every function that the core modules have built must be called by a case that is compared with the reference server.

  check.py [-v]

Functions are the FN, OVERLOAD and ALIAS rows of stdlib/MODULE/MODULE.def that version 5.6.3 has (the last column of
compiler/catalog/known/functions.tsv). A case is a script, a scenario or a step below CASES; comments do not count.
exceptions.tsv (module, function, reason) names those that cannot be compared. Last line: N passed, N failed."""
import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MODULES = ("kex corex tm tmx sl rr pv maxfwd usrloc registrar textops textopsx siputils xlog sanity counters acc cfgutils htable "
           "xhttp async tcpops statistics mqueue rtimer ipops cfg_rpc jsonrpcs").split()
CASES = ["/etc/kamailio/kamailio.cfg"] + [os.path.join(ROOT, "tests", g) for g in (
    "compat/cfg/*", "compat/scenarios/*.py", "beside/cases/*.case", "wire/cases/*.cfg", "modules/*.cfg")]


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def rows(path):
    return [l.split("\t") for l in read(path).splitlines() if l and not l.startswith("#")]


def called():
    names = set()
    for pattern in CASES:
        for path in glob.glob(pattern):
            text = re.sub(r"(?m)^[ \t]*(#(?!!).*|//.*)$", "", read(path))
            names.update(re.findall(r"\b([a-z_][a-z_0-9]*)[ \t]*\(", text))
    return names


def built(module):
    text = "".join(read(p) for p in glob.glob(os.path.join(ROOT, "stdlib", module, "*.def")))
    return sorted(set(re.findall(r"(?m)^(?:FN|OVERLOAD|ALIAS)\(\w+, (\w+)", text)))


def main():
    old = {(r[0], r[1]) for r in rows(os.path.join(ROOT, "compiler/catalog/known/functions.tsv")) if r[5] != "-"}
    excused = {(r[0], r[1]) for r in rows(os.path.join(os.path.dirname(os.path.abspath(__file__)), "exceptions.tsv")) if r[2]}
    names, good, bad = called(), 0, 0
    for module in MODULES:
        for function in built(module):
            if (module, function) not in old:
                continue
            if function in names or (module, function) in excused:
                good += 1
                if "-v" in sys.argv and function not in names:
                    print("excused %s.%s" % (module, function))
            else:
                bad += 1
                print("FAIL %s: no case calls %s" % (module, function))
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main())
