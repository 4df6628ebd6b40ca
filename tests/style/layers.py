#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes go down only (layers.txt); malloc only in base; llvm-c only in codegen; openssl only in net and auth; no banned
call; every C file has its SPDX line; every folder its README. Prints what breaks, then N passed, N failed."""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BANNED = r"\b(strcpy|strcat|sprintf|vsprintf|strncpy|strtok|atoi|gmtime|asctime|alloca|gets)\s*\("
ALLOC = r"(?<![\w.>])(malloc|calloc|realloc|free|strdup|strndup|asprintf)\s*\("


def rules():
    out = {}
    with open(os.path.join(ROOT, "tests/style/layers.txt")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                k, v = line.split(":")
                out[k.strip()] = v.split()
    return out


def code_of(text):
    """Without comments and strings."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.S)


def check(path, layers):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read()
    top, sub = path.split("/")[:2]
    key = "%s/%s" % (top, sub)
    allowed = layers.get(key, layers.get(top))
    if "SPDX-License-Identifier: Apache-2.0" not in text[:200]:
        yield "no SPDX line"
    for inc in re.findall(r'^#\s*include\s+"([^"/]+)/[^"]+"', text, re.M):
        kin = inc == sub or (top == "compiler" and os.path.isdir(os.path.join(ROOT, "compiler", inc)) and "compiler" in allowed)
        if top == "stdlib" and os.path.isdir(os.path.join(ROOT, "stdlib", inc)) and inc != sub \
                and inc not in allowed:
            yield "includes another module: %s" % inc
        elif not kin and inc not in (allowed or []) and os.path.isdir(os.path.join(ROOT, "runtime", inc)):
            yield "may not include %s/" % inc
    if re.search(r"#\s*include\s+<llvm-c", text) and key != "compiler/codegen":
        yield "llvm-c outside codegen"
    if re.search(r"#\s*include\s+<openssl", text) and key not in ("runtime/net", "runtime/auth"):
        yield "openssl outside net and auth"
    code = code_of(text)
    if path.endswith(".c"):
        for m in set(re.findall(BANNED, code)):
            yield "banned call: %s" % m
        if key != "runtime/base":
            for m in set(re.findall(ALLOC, code)):
                yield "allocates outside base: %s" % m
    if text.count("\n") > 1200:
        yield "over 1200 lines"


def main():
    good, bad, layers = 0, 0, rules()
    files = [os.path.relpath(p, ROOT) for pat in ("runtime/*/*.[ch]", "stdlib/*/*.[ch]", "compiler/*/*.[ch]")
             for p in glob.glob(os.path.join(ROOT, pat))]
    for path in sorted(files):
        problems = list(check(path, layers))
        for p in problems:
            print("%s: %s" % (path, p))
        good, bad = good + (not problems), bad + bool(problems)
    for d in sorted(set(os.path.dirname(f) for f in files)):
        if os.path.exists(os.path.join(ROOT, d, "README.md")):
            good += 1
        else:
            bad += 1
            print("%s: no README.md" % d)
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
