#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What check and explain show: run.py KILN. Prints what differs, then N passed, N failed."""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = "/usr/share/doc/kamailio/examples"
STOCK = "/etc/kamailio/kamailio.cfg"
HEAD = '#!KAMAILIO\nloadmodule "tm"\nloadmodule "sl"\nloadmodule "pv"\nloadmodule "xlog"\n'
GOOD = HEAD + "request_route { t_relay(); exit; }\n"
WARNS = HEAD + "request_route { t_relay(); exit; }\nroute[OLD] { exit; }\n"
ERRS = HEAD + "request_route { t_rely(); exit; }\n"
UNSUPPORTED = HEAD + 'loadmodule "mqtt"\nrequest_route { t_relay(); exit; }\n'


class Suite:
    def __init__(self, kiln, directory):
        self.kiln, self.directory, self.good, self.bad = kiln, directory, 0, 0

    def expect(self, what, truth, seen=""):
        if truth:
            self.good += 1
        else:
            self.bad += 1
            print("%s: %s" % (what, str(seen)[:600]))

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return name

    def run(self, *args, timeout=60):
        p = subprocess.run([self.kiln] + list(args), cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           stdin=subprocess.DEVNULL, timeout=timeout)
        return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")

    def report(self, *args):
        code, out, err = self.run("check", "--format=json", *args)
        return code, json.loads(out)["diagnostics"]


def exit_codes(s):
    good, warns, errs = s.file("good.cfg", GOOD), s.file("warns.cfg", WARNS), s.file("errs.cfg", ERRS)
    unsupported = s.file("unsupported.cfg", UNSUPPORTED)
    for want, args in ((0, [good]), (0, [warns]), (1, ["--fail-on=warning", warns]), (0, ["--fail-on=error", warns]), (1, [errs]),
                       (1, [good, errs]), (2, []), (2, ["--no-such-option", good]), (2, ["--format=xml", good]),
                       (3, ["gone.cfg"]), (4, [unsupported])):
        code, out, err = s.run("check", *args)
        s.expect("exit code of check %s" % args, code == want, "%d, not %d" % (code, want))
    s.expect("explain of nothing", s.run("explain", "E_NO_SUCH")[0] == 2)


def text_form(s):
    code, out, err = s.run("check", s.file("errs.cfg", ERRS))
    first = err.splitlines()[0] if err else ""
    s.expect("first line", first == "errs.cfg:6:17: error[E_UNKNOWN_FUNCTION]: unknown function t_rely", first)
    s.expect("the rest is indented", all(line.startswith("    ") for line in err.splitlines()[1:]), err)
    s.expect("no colour in a pipe", "\033" not in err, err)
    s.expect("the excerpt", "request_route { t_rely(); exit; }" in err and "^~~~~~" in err, err)
    s.expect("the hint", "hint: did you mean t_relay?" in err, err)
    s.expect("standard output is empty", out == "", out)
    master, slave = os.openpty()
    p = subprocess.Popen([s.kiln, "check", "errs.cfg"], cwd=s.directory, stderr=slave, stdout=slave)
    p.wait(timeout=60)
    os.close(slave)
    s.expect("colour on a terminal", b"\033[1;31m" in os.read(master, 65536))
    os.close(master)


def trails(s):
    s.file("inner.inc", "route[IN] {\n\tt_rely();\n}\n")
    s.file("outer.inc", '# one\ninclude_file "inner.inc"\n')
    main = s.file("trail.cfg", HEAD + '#!define SEND t_rely2();\ninclude_file "outer.inc"\nrequest_route {\n\troute(IN);\n\tSEND\n}\n')
    code, found = s.report(main)
    inner = [d for d in found if d["file"] == "inner.inc"]
    s.expect("line in an include", len(inner) == 1 and inner[0]["line"] == 2 and inner[0]["column"] == 2, found)
    shown = [(x["file"], x["line"], x["label"]) for x in inner[0]["spans"]] if inner else []
    s.expect("includes trail", shown == [("outer.inc", 2, "included from here"), ("trail.cfg", 7, "included from here")], shown)
    use = [d for d in found if d["file"] == "trail.cfg"]
    s.expect("line of a define's use", len(use) == 1 and use[0]["line"] == 10, found)
    shown = [(x["line"], x["label"]) for x in use[0]["spans"]] if use else []
    s.expect("define trail", (6, 'expanded from this define of "SEND"') in shown, shown)
    code, found = s.report(s.file("n.cfg", HEAD + 'loadmodule "siputils"\nroute[Q] { t_relay(); }\nroute[R] { route(Q); }\n'
                                                  "onreply_route { route(R); }\nrequest_route { route(R); }\n"))
    shown = [x["line"] for x in found[0]["spans"]] if found else []
    s.expect("witness of a context", len(found) == 1 and found[0]["id"] == "E_CONTEXT_REACHED" and shown == [8, 9], found)


def fixes(s):
    """The fix applied makes the report go away."""
    for name, text in (("semicolon", HEAD + 'request_route {\n\txlog("a\\n")\n\tt_relay();\n\texit;\n}\n'),
                       ("paren", HEAD + 'request_route {\n\tif (is_method("INVITE") {\n\t\tdrop;\n\t}\n\tt_relay();\n}\n'
                        .replace("is_method", "t_lookup_request").replace('"INVITE"', "")),
                       ("keyword", HEAD + "request_route {\n\tif ($rU == \"a\") { exit; }\n\tesle { drop; }\n\tt_relay();\n}\n"),
                       ("string", HEAD + 'request_route {\n\txlog("abc);\n\tt_relay();\n}\n'),
                       ("empty", HEAD + "request_route {\n\tif ($rU == \"a\") { }\n\tt_relay();\n}\n"),
                       ("brace", HEAD + "request_route {\n\tt_relay();\n}\n}\n")):
        path = s.file("fix.cfg", text)
        code, found = s.report(path)
        s.expect("one report for %s" % name, len(found) == 1 and "fix" in found[0], found)
        if len(found) != 1 or "fix" not in found[0]:
            continue
        fix = found[0]["fix"]
        lines = text.encode().split(b"\n")
        at = sum(len(x) + 1 for x in lines[:fix["line"] - 1]) + fix["column"] - 1
        mended = text.encode()[:at] + fix["text"].encode() + text.encode()[at + fix["length"]:]
        code, found = s.report(s.file("fixed.cfg", mended.decode()))
        s.expect("nothing after the fix of %s" % name, not [d for d in found if d["severity"] == "error"], (mended, found))


def sarif(s):
    """The members that SARIF 2.1.0 requires, and that what refers to something finds it."""
    s.file("outer.inc", "route[X] { t_rely(); }\n")
    path = s.file("sarif.cfg", HEAD + 'include_file "outer.inc"\nrequest_route {\n\troute(X)\n\tt_relay();\n}\nroute[ OLD] { exit; }\n')
    code, out, err = s.run("check", "--format=sarif", path, s.file("warns.cfg", WARNS), s.file("with space.cfg", ERRS))
    log = json.loads(out)
    s.expect("version", log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json") and len(log["runs"]) == 1)
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    rules = [r["id"] for r in driver["rules"]]
    s.expect("driver", driver["name"] == "kiln" and re.match(r"\d", driver["version"]) is not None)
    s.expect("rules are unique", len(rules) == len(set(rules)) and rules)
    s.expect("rules", all(r["shortDescription"]["text"] and r["fullDescription"]["text"]
                          and r["defaultConfiguration"]["level"] in ("note", "warning", "error") for r in driver["rules"]))
    s.expect("results", len(run["results"]) >= 4, run["results"])
    for r in run["results"]:
        s.expect("result's rule", r["ruleId"] in rules and r["level"] in ("note", "warning", "error", "none"), r)
        s.expect("result's text", r["message"]["text"] != "", r)
        for place in r["locations"] + r["relatedLocations"]:
            physical = place["physicalLocation"]
            region = physical["region"]
            s.expect("uri", re.fullmatch(r"[A-Za-z0-9/._~%-]+", physical["artifactLocation"]["uri"]) is not None, physical)
            s.expect("region", 1 <= region["startLine"] <= region["endLine"] and region["startColumn"] >= 1
                     and (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"]), region)
        for fix in r.get("fixes", []):
            s.expect("fix", fix["description"]["text"] and all(c["artifactLocation"]["uri"] and c["replacements"]
                                                              and all("deletedRegion" in x for x in c["replacements"])
                                                              for c in fix["artifactChanges"]), fix)
    s.expect("a fix is among them", any("fixes" in r for r in run["results"]))


def explained(s):
    code, listed, err = s.run("explain")
    ids = re.findall(r"^([EWN]_[A-Z0-9_]+) +\S", listed, re.M)
    s.expect("explain lists the ids", code == 0 and len(ids) > 60, len(ids))
    for ident in ids:
        code, out, err = s.run("explain", ident)
        s.expect("explain %s" % ident, code == 0 and out.startswith(ident + ": ") and "\nbad:\n    " in out
                 and "\ngood:\n    " in out and "\nsilence: " in out, out)
    s.expect("explain of a function", "t_relay" in s.run("explain", "t_relay")[1])


def variants(s):
    path = s.file("variants.cfg", HEAD + """#!ifdef WITH_A
route[A] { xlog("a\\n"); }
#!endif
#!ifdef WITH_B
#!ifndef WITH_C
route[B] { t_rely(); }
#!endif
#!endif
#!ifdef NOTES
here is some text; it was
never a script { and nobody minds
as long as it is off } so; it is
#!endif
request_route {
#!ifdef WITH_A
	route(A);
#!endif
#!ifdef WITH_D
	route(A);
#!endif
	t_relay();
	exit;
}
""")
    code, found = s.report("--all-variants", path)
    seen = sorted((d["id"], d["line"], d.get("condition", "")) for d in found)
    want = [("E_ROUTE_MISSING", 24, "WITH_D and not WITH_A"), ("E_UNKNOWN_FUNCTION", 11, "WITH_B and not WITH_C"),
            ("W_ROUTE_UNUSED", 11, "")]
    plain = [x for x in seen if not x[0].startswith("W_")]
    s.expect("variants", [(i, l, " and ".join(sorted(c.split(" and ")))) for i, l, c in plain]
             == [(i, l, " and ".join(sorted(c.split(" and ")))) for i, l, c in want if not i.startswith("W_")], seen)
    code, out, err = s.run("check", "--all-variants", path)
    s.expect("the condition is shown", "(with WITH_D and not WITH_A)" in err or "(with not WITH_A and WITH_D)" in err, err)
    many = "".join("#!ifdef WITH_N%02d\nroute[R%02d] { exit; }\n#!endif\n" % (i, i) for i in range(24))
    path = s.file("many.cfg", HEAD + many + "request_route {\n\tt_relay();\n#!ifdef WITH_N03\n#!ifdef WITH_N17\n\troute(R18);\n"
                                            "#!endif\n#!endif\n\texit;\n}\n")
    code, found = s.report("--all-variants", path)
    hits = [d for d in found if d["id"] == "E_ROUTE_MISSING"]
    s.expect("three of many names", len(hits) == 1 and sorted(hits[0].get("condition", "").split(" and ")) == ["WITH_N03", "WITH_N17", "not WITH_N18"], hits)


def far_variants(s):
    """A fault that needs nine of twenty names, some of them absent, spread over a chain of routes; and one place where too many meet."""
    fillers = "".join("#!ifdef WITH_N%02d\nroute[R%02d] { xlog(\"x\\n\"); }\n#!endif\n" % (i, i) for i in range(9, 20))
    calls = "".join("#!ifdef WITH_N%02d\n\troute(R%02d);\n#!endif\n" % (i, i) for i in range(9, 20))
    opened = "".join("#!if%s WITH_N%02d\n" % ("ndef" if i % 2 else "def", i) for i in range(4))
    head = HEAD.replace('loadmodule "tm"\n', '#!ifdef WITH_N08\nloadmodule "tm"\n#!endif\n')
    text = (head + fillers + "request_route {\n%s\troute(ONE);\n\texit;\n}\n" % calls + "onreply_route {\n%s\troute(ONE);\n%s\txlog(\"r\\n\");\n}\n"
            % (opened, "#!endif\n" * 4) + "route[ONE] {\n#!ifdef WITH_N04\n#!ifndef WITH_N05\n\troute(TWO);\n#!endif\n#!endif\n\txlog(\"1\\n\");\n}\n"
            "route[TWO] {\n#!ifdef WITH_N06\n#!ifndef WITH_N07\n\tt_relay();\n#!endif\n#!endif\n\txlog(\"2\\n\");\n}\n")
    code, found = s.report("--all-variants", s.file("far.cfg", text))
    hits = [sorted(d["condition"].split(" and ")) for d in found if d["id"] == "E_CONTEXT_REACHED"]
    want = sorted(("not WITH_N%02d" if i % 2 else "WITH_N%02d") % i for i in range(9))
    s.expect("a fault of nine names in a chain", hits == [want], hits)
    s.expect("nothing was sampled", not [d for d in found if d["id"] == "N_SAMPLED"])
    deep = "".join("#!ifdef WITH_N%02d\n" % i for i in range(12))
    path = s.file("deep.cfg", HEAD + "request_route {\n" + deep + "\tt_relay();\n" + "#!endif\n" * 12 + "\texit;\n}\n")
    code, found = s.report("--all-variants", path)
    s.expect("a sample says so", [d["id"] for d in found if d["id"] == "N_SAMPLED"] == ["N_SAMPLED"], found)


def opens_nothing(s):
    """A FIFO that is opened blocks for ever: every path that the script names is one."""
    os.mkfifo(os.path.join(s.directory, "trap"))
    trap = os.path.join(s.directory, "trap")
    path = s.file("trap.cfg", HEAD + 'loadmodule "%s/tmx.so"\nmpath="%s"\nmodparam("tm", "fr_timer", 5000)\nlisten=udp:nohost.invalid:5060\n'
                  'log_name="%s"\nchroot="%s"\nworkdir="%s"\nrequest_route { t_relay(); exit; }\n' % (trap, trap, trap, trap, trap))
    try:
        code, out, err = s.run("check", path, timeout=20)
        s.expect("nothing is opened", code in (0, 4), err)
    except subprocess.TimeoutExpired:
        s.expect("nothing is opened", False, "it waits for a FIFO")


def stock(s):
    """Debian's script under each of its names; those that need a database name DBURL, which WITH_MYSQL defines."""
    with open(STOCK, encoding="utf-8") as f:
        names = sorted(set(re.findall(r"\bWITH_[A-Z0-9_]+", f.read())))
    s.expect("names of the stock script", len(names) > 20, names)
    for name in [None] + names:
        args = ["-A", name] if name else []
        code, found = s.report(*args, STOCK)
        if [d for d in found if d["message"].startswith("DBURL is not defined here")]:
            args += ["-A", "WITH_MYSQL"]
            code, found = s.report(*args, STOCK)
        rest = [d for d in found if d["id"] != "E_UNSUPPORTED"]
        s.expect("stock script %s" % " ".join(args), not rest and code in (0, 4), rest)


def examples(s):
    listed = {}
    with open(os.path.join(HERE, "examples.tsv"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, verdict = line.rstrip("\n").split("\t")[:2]
                listed[name] = verdict
    there = sorted(os.path.relpath(os.path.join(d, f), EXAMPLES) for d, _, fs in os.walk(EXAMPLES) for f in fs
                   if f.endswith(".cfg"))
    s.expect("examples are listed", set(there) == set(listed), sorted(set(there) ^ set(listed)))
    for name in there:
        if listed.get(name) == "part":
            continue
        code, out, err = s.run("check", "--format=json", "--no-lint", os.path.join(EXAMPLES, name))
        found = json.loads(out)["diagnostics"]
        other = [d for d in found if d["id"] != "E_UNSUPPORTED" and d["severity"] == "error"]
        verdict = "refused" if other else "unsupported" if found else "ok"
        if verdict != "refused" and listed.get(name) in ("ok", "unsupported"):
            verdict = listed[name] if verdict == "ok" else verdict # what is built grows
        s.expect("example %s" % name, verdict == listed.get(name), (verdict, [(d["line"], d["message"]) for d in other][:3]))


def main():
    with tempfile.TemporaryDirectory() as directory:
        s = Suite(os.path.abspath(sys.argv[1]), directory)
        for part in (exit_codes, text_form, trails, fixes, sarif, explained, variants, far_variants, opens_nothing, stock, examples):
            part(s)
    print("%d passed, %d failed" % (s.good, s.bad))
    return 1 if s.bad else 0


if __name__ == "__main__":
    sys.exit(main())
