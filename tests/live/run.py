#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built server on real sockets: run.py --kiln CMD [FILE_OR_CASE ...] [-v]

A file case_*.py holds SCRIPT, optionally OPTIONS, LISTEN and setup() (whose result has close() and
.options), and functions test_*(s): one server serves them all, in the order of the file. The server
must end in order and, in a sanitizer build, without a report."""
import argparse
import glob
import importlib
import inspect
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import live  # noqa: E402


def tests_of(mod):
    fns = [f for n, f in vars(mod).items() if n.startswith("test_") and inspect.isfunction(f)]
    return sorted(fns, key=lambda f: f.__code__.co_firstlineno)


def run_file(mod, kiln, only, verbose):
    good, bad = 0, []
    setup = mod.setup() if hasattr(mod, "setup") else None
    options = list(getattr(mod, "OPTIONS", ())) + list(getattr(setup, "options", ()))
    extra = {"listen": mod.LISTEN} if hasattr(mod, "LISTEN") else {}
    s = None
    try:
        s = live.Server(kiln, mod.SCRIPT, options, **extra)
        s.setup = setup
        for t in tests_of(mod):
            if only and t.__name__ not in only and mod.__name__ not in only:
                continue
            try:
                t(s)
                good += 1
                if verbose:
                    print("ok   %s %s" % (mod.__name__, t.__name__), flush=True)
            except Exception:
                bad.append("%s %s\n%s%s" % (mod.__name__, t.__name__, traceback.format_exc(),
                                            s.text()[-1500:] if s else ""))
    except Exception:
        bad.append("%s\n%s" % (mod.__name__, traceback.format_exc()))
    finally:
        if s:
            ok, text = s.close(), s.text()
            if not ok or "Sanitizer" in text:
                bad.append("%s: the server did not end in order\n%s" % (mod.__name__, text[-6000:]))
            s.forget()
        if setup and hasattr(setup, "close"):
            setup.close()
    return good, bad


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--kiln", default="build/kamailio")
    ap.add_argument("-v", action="store_true")
    ap.add_argument("only", nargs="*")
    a = ap.parse_args()
    good, bad = 0, []
    for path in sorted(glob.glob(os.path.join(HERE, "case_*.py"))):
        mod = importlib.import_module(os.path.basename(path)[:-3])
        if a.only and mod.__name__ not in a.only and not any(t.__name__ in a.only for t in tests_of(mod)):
            continue
        g, b = run_file(mod, a.kiln, a.only, a.v)
        good, bad = good + g, bad + b
    for b in bad:
        print("FAIL " + b)
    print("%d passed, %d failed" % (good, len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
