# SPDX-License-Identifier: Apache-2.0
"""Each --dump shows its stage, each --stop-after stops there: an executable comes from the last only."""
import os
import subprocess

CFG = """loadmodule "pv.so"
loadmodule "sl.so"
#!define REASON "fine"
request_route {
	$var(a) = 1 + 2;
	route(ANSWER);
}
route[ANSWER] {
	sl_send_reply("200", REASON);
}
"""
DUMPS = {  # stage: what its dump must hold, what it must not
    "tokens": ("fine", "REASON\n"),
    "ast": ("sl_send_reply", "define i32"),
    "bound": ("ANSWER", "define i32"),
    "rir": ("route_sub_ANSWER:", "define i32"),
    "sites": ("9", "define i32"),
    "llvm": ("@route_sub_ANSWER(ptr", "route_sub_ANSWER:"),
}
STOPS = ("preproc", "parse", "check", "lower", "codegen")


def run(t, kiln, tmp):
    cfg, exe = os.path.join(tmp, "stages.cfg"), os.path.join(tmp, "stages")
    with open(cfg, "w") as f:
        f.write(CFG)
    for verb in ("check", "build"):
        for stage, (has, lacks) in DUMPS.items():
            p = subprocess.run([kiln, verb, "--dump=" + stage, "--stop-after=codegen", cfg, "-o", exe], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
            t.check("%s --dump=%s" % (verb, stage), p.returncode == 0 and has in p.stdout and lacks not in p.stdout,
                    "%d %s" % (p.returncode, p.stdout))
    p = subprocess.run([kiln, "check", "--dump=nonsense", cfg], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    t.check("an unknown dump is refused", p.returncode == 2)
    if os.path.exists(exe):
        t.check("a dump makes no executable", False)
        os.unlink(exe)
    for stop in STOPS:
        p = subprocess.run([kiln, "build", "--stop-after=" + stop, cfg, "-o", exe], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        t.check("--stop-after=" + stop, p.returncode == 0 and not os.path.exists(exe), str(p))
    with open(cfg, "a") as f:
        f.write("route[X] { unknown_function(); }\n")
    for stop, code in (("preproc", 0), ("parse", 0), ("check", 1), ("lower", 1)):
        p = subprocess.run([kiln, "build", "--stop-after=" + stop, cfg, "-o", exe], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        t.check("--stop-after=%s of a script with a fault" % stop, p.returncode == code, str(p))
    p = subprocess.run([kiln, "build", "--stop-after=nowhere", cfg, "-o", exe], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    t.check("an unknown stage is refused", p.returncode == 2)
