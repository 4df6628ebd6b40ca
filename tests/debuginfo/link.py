# SPDX-License-Identifier: Apache-2.0
"""Whole program: what a script does not load or reach is not in the server."""
import os
import subprocess


def symbols(exe):
    out = subprocess.run(["nm", exe], stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[-1] for line in out.splitlines() if line}


def built(kiln, tmp, text):
    cfg, exe = os.path.join(tmp, "link.cfg"), os.path.join(tmp, "link")
    with open(cfg, "w") as f:
        f.write(text)
    if subprocess.run([kiln, "build", cfg, "-o", exe]).returncode:
        return set()
    return symbols(exe)


def run(t, kiln, tmp):
    small = built(kiln, tmp, 'loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n')
    t.check("a reached function is linked", "std_sl_sl_send_reply" in small, str(sorted(small)[:50]))
    t.check("another of the same module is not", "std_sl_sl_reply_error" not in small)
    stray = sorted(s for s in small if s.startswith(("std_registrar_", "std_textops_", "std_rr_", "std_acc_", "std_xlog_")))
    t.check("no function of modules not loaded", not stray, str(stray))
    stray = sorted(s for s in small if s.startswith("std_module_") and s not in ("std_module_sl", "std_module_core", "std_module_pv"))
    t.check("no module not loaded", not stray, str(stray))
    more = built(kiln, tmp, 'loadmodule "sl.so"\nloadmodule "rr.so"\nrequest_route { if (loose_route()) sl_reply_error(); }\n')
    t.check("what more is used is linked", {"std_module_rr", "std_rr_loose_route", "std_sl_sl_reply_error"} <= more)
    t.check("and no more", "std_rr_record_route" not in more and "std_sl_sl_send_reply" not in more)
