#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the debug adapter: breakpoints of all kinds, stepping both ways, scopes, variables, evaluate, setVariable, restart."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "../trace/filter.cfg")
MESSAGES = os.path.join(HERE, "../trace/two.sip")


class Adapter:
    def __init__(self, kiln):
        self.p = subprocess.Popen([kiln, "dap"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.seq = 0
        self.events = []

    def read(self):
        length = 0
        while True:
            line = self.p.stdout.readline()
            assert line, "the adapter ended"
            if line == b"\r\n":
                return json.loads(self.p.stdout.read(length))
            length = int(line.split(b":")[1])

    def request(self, command, ok=True, **args):
        self.seq += 1
        body = json.dumps({"seq": self.seq, "type": "request", "command": command, "arguments": args}).encode()
        self.p.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.p.stdin.flush()
        while True:
            m = self.read()
            if m["type"] == "event":
                self.events.append(m)
            elif m["request_seq"] == self.seq:
                assert m["success"] == ok, m
                return m["body"] if ok else m["message"]

    def event(self, name):
        while True:
            for i, m in enumerate(self.events):
                if m["event"] == name:
                    return self.events.pop(i)["body"]
            self.events.append(self.read())

    def move(self, command):
        self.request(command, threadId=1)
        return self.event("stopped")

    def where(self, thread):
        frames = self.request("stackTrace", threadId=thread)["stackFrames"]
        return [(f["name"], f["line"]) for f in frames], frames[0]["id"]


def main():
    d = Adapter(sys.argv[1])
    can = d.request("initialize", adapterID="kiln", linesStartAt1=True)
    assert can["supportsStepBack"] and can["supportsDataBreakpoints"], can
    assert "nothing is launched" in d.request("threads", ok=False)
    assert "needs" in d.request("launch", ok=False)
    d.request("launch", program=SCRIPT, sip=MESSAGES, defines=["STRICT"])
    d.event("initialized")
    path = {"path": os.path.realpath(SCRIPT)}
    b = d.request("setBreakpoints", source=path, breakpoints=[
        {"line": 23, "condition": '$rU == "bob"'}, {"line": 9999}, {"line": 19, "logMessage": "to {$si}"},
        {"line": 17, "hitCondition": "2"}, {"line": 17, "condition": "no such thing"}])["breakpoints"]
    assert [x["verified"] for x in b] == [True, False, True, True, False], b
    f = d.request("setFunctionBreakpoints", breakpoints=[{"name": "append_to_reply"}, {"name": "route KNOWN"}])["breakpoints"]
    assert [x["verified"] for x in f] == [True, True] and f[0]["line"] == 18, f
    d.request("setExceptionBreakpoints", filters=[])
    d.request("configurationDone")

    s = d.event("stopped")  # the function
    assert s["reason"] == "breakpoint" and s["hitBreakpointIds"] == [f[0]["id"]], s
    assert d.where(s["threadId"])[0] == [("request_route", 18)]
    s = d.move("continue")  # the second time at line 17
    assert s["hitBreakpointIds"] == [b[3]["id"]], s
    assert any("to 127.0.0.1" in e["body"]["output"] for e in d.events if e["event"] == "output"), d.events
    s = d.move("continue")  # the condition
    assert s["hitBreakpointIds"] == [b[0]["id"]], s
    s = d.move("stepIn")
    stack, frame = d.where(s["threadId"])
    assert stack == [("route[KNOWN]", 31), ("request_route", 23)], stack

    scopes = {x["name"]: x["variablesReference"] for x in d.request("scopes", frameId=frame)["scopes"]}
    values = {x["name"]: x["value"] for x in d.request("variables", variablesReference=scopes["Variables"])["variables"]}
    assert values["$var(seen)"] == "2" and values["$rU"] == '"bob"', values
    message = {x["name"]: x["value"] for x in d.request("variables", variablesReference=scopes["Message"])["variables"]}
    assert message["Call-ID"] == "two", message
    assert d.request("variables", variablesReference=scopes["Transaction"])["variables"][0]["name"] == "(none)"
    assert d.request("evaluate", expression="$rm", frameId=frame)["result"] == '"INVITE"'
    assert d.request("evaluate", expression='$rU == "bob" && 1', frameId=frame)["result"] == "1"
    assert "syntax error" in d.request("evaluate", ok=False, expression="$rm ==", frameId=frame)
    assert d.request("setVariable", variablesReference=scopes["Variables"], name="$var(seen)", value="40")["value"] == "40"
    assert d.request("setVariable", variablesReference=scopes["Variables"], name="$rU", value='"carl"')["value"] == '"carl"'

    s = d.move("stepOut")
    assert d.where(s["threadId"])[0] == [("request_route", 24)]
    s = d.move("next")
    assert d.where(s["threadId"])[0] == [("request_route", 25)]
    assert any("carl is not here" in e["body"]["output"] for e in d.events if e["event"] == "output"), "what was set is sent"
    s = d.move("stepBack")  # a fresh run: what was set by hand is gone
    stack, frame = d.where(s["threadId"])
    assert stack == [("request_route", 24)], stack
    assert d.request("evaluate", expression="$rU", frameId=frame)["result"] == '"bob"'
    s = d.move("reverseContinue")
    assert s["reason"] == "breakpoint" and d.where(s["threadId"])[0][0] == ("route[KNOWN]", 31), s
    assert "run 2: request_route, message #2" in d.request("threads")["threads"][0]["name"]

    d.request("setFunctionBreakpoints", breakpoints=[])
    d.request("setBreakpoints", source=path, breakpoints=[])
    info = d.request("dataBreakpointInfo", name="$var(seen)")
    w = d.request("setDataBreakpoints", breakpoints=[{"dataId": info["dataId"]}])["breakpoints"]
    assert w[0]["verified"], w
    d.request("restart")
    s = d.event("stopped")
    assert s["reason"] == "data breakpoint" and s["text"] == "0 -> 1", s
    s = d.move("continue")
    assert s["text"] == "1 -> 2", s
    s = d.move("continue")
    assert s["description"] == "the input has ended", s
    s = d.move("stepBack")
    assert d.where(s["threadId"])[0] == [("request_route", 25)]
    d.request("disconnect")
    assert d.p.wait(10) == 0


main()
