#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fmt over every script there is (tests/lang, tests/lint, examples, Debian's): the tree stays, twice is once; and the style
itself by style.in, style.out. run.py KILN. Prints what differs, then N passed, N failed."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BATCH = 60
# what fmt leaves as it is, and rightly
LEFT = {
    "backslash-end.cfg": "a lone backslash would become a blank",
    "define-open.cfg": "a define goes on where the text ends",
    "name-unclosed.cfg": "a name in parentheses never ends",
    "lex-stray-bytes.cfg": "the same",
    "lex-comment-unclosed.cfg": "a comment never ends",
    "lex-string-unclosed.cfg": "a string never ends",
    "pp-define-comment.cfg": "a define ends in a comment, so line breaks mean something",
    "pp-define-comment-eats.cfg": "the same",
    "pp-endif-no-eol.cfg": "the newline that is added at the end makes #!endif be seen",
    "zero-byte.cfg": "a comment ends at a zero byte",
    "pp-elif-in-skip.cfg": "an arm that is never read is no script",
    "pp-ifdef-skip-garbage.cfg": "an arm that is never read is no script",
    "sipcapture.cfg": "a quote is missing in an arm that is not read",
}


def scripts():
    found = []
    for pattern in ("tests/lang/**/*.cfg", "tests/lang/**/*.inc", "tests/lint/cases/*.cfg", "tests/fmt/*.cfg", "examples/**/*.cfg", "tests/bench/cfg/*.cfg"):
        found += glob.glob(os.path.join(ROOT, pattern), recursive=True)
    for top in ("/usr/share/doc/kamailio/examples", "/etc/kamailio"):
        found += glob.glob(os.path.join(top, "**", "*.cfg"), recursive=True)
    return sorted(found)


def fmt(kiln, args, files):
    out = ""
    for i in range(0, len(files), BATCH):
        p = subprocess.run([kiln, "fmt"] + args + files[i:i + BATCH], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        out += p.stdout.decode("utf-8", "replace")
        if p.returncode not in (0, 1):
            out += "exit %d\n" % p.returncode
    return out


def main():
    kiln = os.path.abspath(sys.argv[1])
    good = bad = 0
    with tempfile.TemporaryDirectory() as directory:
        names, copies = scripts(), []
        for i, name in enumerate(names):
            copy = os.path.join(directory, "%04d-%s" % (i, os.path.basename(name)))
            shutil.copy(name, copy)
            os.chmod(copy, 0o644)
            copies.append(copy)
        first = fmt(kiln, [], copies)
        second = fmt(kiln, ["--check"], copies)
        for name, copy in zip(names, copies):
            if os.path.basename(name) in LEFT:
                with open(name, "rb") as f, open(copy, "rb") as g:
                    same = f.read() == g.read()
                if same and copy + ":" in first:
                    good += 1
                else:
                    bad += 1
                    print("%s: formatted, although %s" % (name, LEFT[os.path.basename(name)]))
            elif copy + ":" in first or copy in second:
                bad += 1
                print("%s: %s" % (name, "not the same tree" if copy + ":" in first else "twice is not once"))
            else:
                good += 1
        if "exit " in first + second:
            bad += 1
            print(first, second)
        style = os.path.join(directory, "style.cfg")
        shutil.copy(os.path.join(HERE, "style.in"), style)
        code = subprocess.run([kiln, "fmt", "--check", style], stdout=subprocess.PIPE).returncode
        diff = subprocess.run([kiln, "fmt", "--diff", style], stdout=subprocess.PIPE).stdout.decode()
        fmt(kiln, [], [style])
        with open(style, encoding="utf-8") as f, open(os.path.join(HERE, "style.out"), encoding="utf-8") as g:
            got, want = f.read(), g.read()
        for what, truth in (("--check tells", code == 1), ("--diff shows", "\n+\tif (is_method(\"INVITE\")) { # trailing\n" in diff),
                            ("the style", got == want)):
            good, bad = good + truth, bad + (not truth)
            if not truth:
                print("%s: %s" % (what, got if what == "the style" else diff[:400]))
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
