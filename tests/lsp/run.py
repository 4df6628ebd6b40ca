#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the language server: run.py KILN. Each check is a function on an open session over the files of cases/."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "cases")


class Session:
    def __init__(self, kiln, encodings=None):
        self.p = subprocess.Popen([kiln, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.n = 0
        self.notes = []  # notifications not looked at yet
        general = {"positionEncodings": encodings} if encodings else {}
        self.caps = self.request("initialize", {
            "rootUri": self.uri(""), "capabilities": {"general": general, "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}}}}})["capabilities"]
        self.notify("initialized", {})

    def uri(self, name):
        return "file://" + os.path.join(CASES, name).rstrip("/")

    def write(self, message):
        body = json.dumps(dict(message, jsonrpc="2.0")).encode()
        self.p.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.p.stdin.flush()

    def read(self):
        length = 0
        while True:
            line = self.p.stdout.readline()
            assert line, "the server ended"
            if line == b"\r\n":
                break
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.p.stdout.read(length))

    def notify(self, method, params):
        self.write({"method": method, "params": params})

    def request(self, method, params, whole=False):
        self.n += 1
        self.write({"id": self.n, "method": method, "params": params})
        while True:
            m = self.read()
            if m.get("id") == self.n:
                return m if whole else m.get("result")
            self.notes.append(m)

    def about(self, method, name, line, char, **more):
        return self.request("textDocument/" + method, dict(
            textDocument={"uri": self.uri(name)}, position={"line": line, "character": char}, **more))

    def open(self, name, text=None):
        if text is None:
            text = open(os.path.join(CASES, name)).read()
        self.notify("textDocument/didOpen", {"textDocument": {
            "uri": self.uri(name), "languageId": "kamailio", "version": 1, "text": text}})

    def change(self, name, text, start=None, end=None):
        change = {"text": text}
        if start:
            change["range"] = {"start": dict(zip(("line", "character"), start)), "end": dict(zip(("line", "character"), end))}
        self.notify("textDocument/didChange", {"textDocument": {"uri": self.uri(name), "version": 2},
                                               "contentChanges": [change]})

    def diagnostics(self):
        """Newest diagnostics by file, after everything sent so far was handled."""
        self.request("kiln/nothing", {}, whole=True)  # an unknown method is answered: a fence
        out = {}
        for m in self.notes:
            if m["method"] == "textDocument/publishDiagnostics":
                out[os.path.basename(m["params"]["uri"])] = m["params"]["diagnostics"]
        self.notes = []
        return out

    def close(self):
        assert self.request("shutdown", None) is None
        self.notify("exit", None)
        assert self.p.wait(10) == 0


def labels(result):
    return {i["label"] for i in result["items"]}


def codes(list_):
    return [d.get("code") for d in list_ if d.get("severity", 4) < 4]


def complete(s, text):
    """Completion at the | of a text."""
    before, after = text.split("|")
    s.open("scratch.cfg", before + after)
    line = before.count("\n")
    return s.about("completion", "scratch.cfg", line, len(before.split("\n")[-1]))


def test_diagnostics_go_to_the_file_they_are_in(s):
    s.open("main.cfg")
    d = s.diagnostics()
    assert codes(d["part.inc"]) == ["E_UNKNOWN_FUNCTION"], d
    at = d["part.inc"][[x.get("code") for x in d["part.inc"]].index("E_UNKNOWN_FUNCTION")]["range"]["start"]
    assert at == {"line": 11, "character": 21}, at  # the clef is two UTF-16 units


def test_bytes_when_the_client_agrees(kiln):
    s = Session(kiln, ["utf-8", "utf-16"])
    assert s.caps["positionEncoding"] == "utf-8"
    s.open("main.cfg")
    d = [x for x in s.diagnostics()["part.inc"] if x.get("code")]
    assert d[0]["range"]["start"]["character"] == 24, d
    s.close()


def test_an_include_is_checked_with_its_script(s):
    s.open("part.inc")
    d = s.diagnostics()
    assert codes(d["part.inc"]) == ["E_UNKNOWN_FUNCTION"], d  # and not: t_relay needs loadmodule tm


def test_inactive_arms_are_faded(s):
    s.open("main.cfg")
    faded = [x for x in s.diagnostics()["main.cfg"] if x.get("tags") == [1]]
    assert [x["range"]["start"]["line"] for x in faded] == [4], faded


def test_buffers_go_before_files(s):
    s.open("main.cfg")
    s.open("part.inc", open(os.path.join(CASES, "part.inc")).read().replace("t_rely", "t_relay"))
    assert codes(s.diagnostics()["part.inc"]) == []
    s.change("part.inc", "t_repla", (11, 20), (11, 26))
    assert codes(s.diagnostics()["part.inc"]) != []


def test_closing_takes_diagnostics_back(s):
    s.open("main.cfg")
    assert codes(s.diagnostics()["part.inc"])
    s.notify("textDocument/didClose", {"textDocument": {"uri": s.uri("main.cfg")}})
    assert s.diagnostics()["part.inc"] == []


def test_definition_and_references(s):
    s.open("main.cfg")
    d = s.about("definition", "main.cfg", 15, 9)
    assert [(os.path.basename(x["uri"]), x["range"]["start"]["line"]) for x in d] == [("part.inc", 0)], d
    s.open("part.inc")
    r = s.about("references", "part.inc", 0, 7, context={"includeDeclaration": True})
    got = sorted((os.path.basename(x["uri"]), x["range"]["start"]["line"]) for x in r)
    assert got == [("main.cfg", 15), ("part.inc", 0), ("part.inc", 3)], got  # also in the arm that is not read
    d = s.about("definition", "part.inc", 1, 17)
    assert d[0]["range"]["start"] == {"line": 10, "character": 14}, d
    d = s.about("definition", "main.cfg", 11, 16)
    assert os.path.basename(d[0]["uri"]) == "part.inc", d
    d = s.about("definition", "main.cfg", 10, 8)
    assert d[0]["range"]["start"]["line"] == 2, d
    d = s.about("definition", "main.cfg", 20, 32)
    assert d[0]["range"]["start"] == {"line": 14, "character": 6}, d  # $var(n) inside of a string


def test_rename(s):
    s.open("main.cfg")
    s.open("part.inc")
    e = s.about("rename", "main.cfg", 15, 9, newName="SEND")["changes"]
    assert {os.path.basename(k): len(v) for k, v in e.items()} == {"main.cfg": 1, "part.inc": 2}, e
    bad = s.request("textDocument/rename", {"textDocument": {"uri": s.uri("main.cfg")},
                                            "position": {"line": 15, "character": 9}, "newName": "no-dash"}, whole=True)
    assert "name" in bad["error"]["message"], bad
    assert s.about("prepareRename", "main.cfg", 13, 3) is None  # request_route


def test_hover(s):
    s.open("main.cfg")
    text = s.about("hover", "main.cfg", 20, 3)["contents"]["value"]
    assert "xlog" in text and "module xlog" in text, text
    assert "$rm" in s.about("hover", "main.cfg", 20, 24)["contents"]["value"]
    assert "{s.len" in s.about("hover", "main.cfg", 20, 42)["contents"]["value"]
    assert "#!define LEVEL 2" in s.about("hover", "main.cfg", 10, 8)["contents"]["value"]
    assert "reached from: request_route" in s.about("hover", "main.cfg", 15, 9)["contents"]["value"]
    assert s.about("hover", "main.cfg", 12, 0) is None


def test_symbols_and_folding(s):
    s.open("main.cfg")
    names = [(x["name"], x["detail"]) for x in s.request("textDocument/documentSymbol",
                                                         {"textDocument": {"uri": s.uri("main.cfg")}})]
    assert ("tm:local-request", "event_route") in names and ("WITH_LOG", "#!define") in names, names
    folds = s.request("textDocument/foldingRange", {"textDocument": {"uri": s.uri("main.cfg")}})
    assert {"startLine": 13, "endLine": 16, "kind": "region"} in folds, folds
    assert {"startLine": 3, "endLine": 4, "kind": "region"} in folds, folds


def test_completion_of_functions(s):
    r = complete(s, 'loadmodule "tm"\nrequest_route {\n\tt_on_f|\n}\n')
    assert "t_on_failure" in labels(r) and "t_relay" not in labels(r), labels(r)
    item = [i for i in r["items"] if i["label"] == "t_on_failure"][0]
    assert item["textEdit"]["newText"].startswith("t_on_failure(${1:"), item
    assert item["detail"] == "module tm", item
    assert "xlog" in labels(complete(s, "request_route {\n\txl|\n}\n"))


def test_completion_of_variables_and_transformations(s):
    assert "rU" in labels(complete(s, 'request_route {\n\t$r|\n}\n'))
    assert "rU" in labels(complete(s, 'request_route {\n\txlog("a $r|");\n}\n'))
    assert "s.len" in labels(complete(s, 'request_route {\n\tif ($(rU{s.|}) > 1) exit;\n}\n'))
    assert "var(abc)" in labels(complete(s, 'request_route {\n\t$var(abc) = 1;\n\t$v|\n}\n'))


def test_completion_of_names(s):
    assert "RELAY" in labels(complete(s, "request_route {\n\troute(RE|)\n}\nroute[RELAY] { exit; }\n"))
    assert labels(complete(s, 'loadmodule "tm"\nrequest_route {\n\tt_on_failure("|")\n}\nfailure_route[F] { exit; }\nroute[R] { exit; }\n')) == {"F"}
    assert "fr_timer" in labels(complete(s, 'loadmodule "tm"\nmodparam("tm", "fr|", 1)\n'))
    assert labels(complete(s, 'loadmodule "tm"\nmodparam("t|")\n')) == {"tm"}
    assert "tmx" in labels(complete(s, 'loadmodule "tm|"\n'))
    assert "tm:local-request" in labels(complete(s, "event_route[tm:lo|] { exit; }\n"))
    assert "ifdef" in labels(complete(s, "#!if|\n"))
    assert "ABC" in labels(complete(s, "#!define ABC\n#!ifdef A|\n#!endif\n"))
    assert "children" in labels(complete(s, "chi|\n"))
    assert labels(complete(s, "# chi|\n")) == set()


def test_quick_fix_and_allow(s):
    text = 'loadmodule "sl"\nrequest_route {\n\tsl_send_reply("200", "OK");\n\texit;\n\tsl_send_reply("200", "OK");\n}\n'
    s.open("scratch.cfg", text)
    diag = [x for x in s.diagnostics()["scratch.cfg"] if x.get("severity") == 2][0]
    acts = s.request("textDocument/codeAction", {"textDocument": {"uri": s.uri("scratch.cfg")}, "range": diag["range"],
                                                 "context": {"diagnostics": []}})
    allow = [a for a in acts if a["title"].startswith("Allow ")]
    assert allow, acts
    edit = list(allow[0]["edit"]["changes"].values())[0][0]
    assert edit["newText"].startswith(" # kiln: allow " + diag["code"]), edit
    start = edit["range"]["start"]
    s.change("scratch.cfg", edit["newText"], (start["line"], start["character"]), (start["line"], start["character"]))
    assert diag["code"] not in codes(s.diagnostics()["scratch.cfg"])


def test_bad_input_is_answered(s):
    s.p.stdin.write(b"Content-Length: 4\r\n\r\n{no}")
    s.p.stdin.flush()
    assert s.read()["error"]["code"] == -32700
    bad = s.request("textDocument/hover", {"textDocument": {"uri": "file:///not/open"}, "position": {}}, whole=True)
    assert bad["error"]["code"] == -32602
    assert s.request("nonsense", {}, whole=True)["error"]["code"] == -32601


def main():
    kiln = sys.argv[1]
    good = bad = 0
    for name, fn in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            if fn.__code__.co_varnames[:1] == ("kiln",):
                fn(kiln)
            else:
                s = Session(kiln)
                fn(s)
                s.close()
            good += 1
        except Exception as e:  # a failed check or a dead server
            bad += 1
            print("lsp: %s: %s: %s" % (name, type(e).__name__, e))
    print("%d passed, %d failed" % (good, bad))
    return bad != 0


sys.exit(main())
