#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The debugger on a pseudo-terminal: prompt, editing of a line, history with the arrow key, end by control-D."""
import os
import pty
import select
import sys
import termios

kiln = sys.argv[1]
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(kiln, [kiln, "debug", "../trace/filter.cfg", "--sip", "../trace/two.sip"])
seen = b""


def until(text, what):
    global seen
    while text not in seen:
        ready, _, _ = select.select([fd], [], [], 60)
        assert ready, "waiting for %s, got %r" % (what, seen[-400:])
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
    assert text in seen, (what, seen[-400:])
    seen = seen[seen.index(text) + len(text):]


def prompt():
    """The prompt is there and the editor has taken the terminal."""
    until(b"(kiln) ", "the prompt")
    for _ in range(6000):
        if not termios.tcgetattr(fd)[3] & termios.ICANON:
            return
        select.select([], [], [], 0.01)
    raise AssertionError("the terminal stays in line mode")


prompt()
os.write(fd, b"starr\x7ft\n")  # backspace mends the word
until(b"=>    16", "the first statement")
prompt()
os.write(fd, b"p $rm\n")
until(b'"OPTIONS"', "a value")
prompt()
os.write(fd, b"\x1b[A\x7f\x7fsi\n")  # up, and another name: p $si
until(b'"127.0.0.1"', "the value of the mended line")
prompt()
os.write(fd, b"\x04")
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
