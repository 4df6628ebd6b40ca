#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kiln test --watch runs again when the scenario changes."""
import os
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "a.scenario")
    text = 'config {\n\trequest_route { exit; }\n\troute[A] { exit; }\n}\nexpect %s visited route[A]\n'
    open(path, "w").write(text % "")
    p = subprocess.Popen([sys.argv[1], "test", "--watch", path], stdout=subprocess.PIPE, text=True)
    try:
        for line in p.stdout:
            if line.startswith("0 passed, 1 failed"):
                open(path, "w").write(text % "not")
            if line.startswith("1 passed, 0 failed"):
                break
        else:
            sys.exit("it ended")
    finally:
        p.kill()
        p.wait()
