#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A script of some 3,000 lines in 20 included files, and what checking it costs: speed.py KILN [DIR]. Prints the processor time of
the whole command, of the command with an empty script (loading the program), and the difference. With DIR the script stays there."""
import os
import resource
import subprocess
import sys
import tempfile

ROUTE = """
# requests of tenant %(n)d
route[TENANT_%(n)d] {
	if (!mf_process_maxfwd_header("10")) {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	#!ifdef WITH_TRACE
	xlog("L_INFO", "tenant %(n)d: $rm from $si:$sp to $ru ($ci)\\n");
	#!endif
	$var(prefix) = "%(n)d";
	if (is_method("INVITE|SUBSCRIBE") && $rU =~ "^%(n)d[0-9]+$") {
		strip(%(d)d);
		$avp(tenant) = "%(n)d";
		append_hf("X-Tenant: $avp(tenant)\\r\\n");
		setflag(FLT_ACC);
	} else if ($(ru{uri.host}) == "tenant%(n)d.example.com" || src_ip == 10.%(n)d.0.0/16) {
		$du = "sip:10.%(n)d.0.1:5060";
	} else {
		xlog("L_WARN", "tenant %(n)d: unknown number $rU of $var(prefix)\\n");
	}
	switch ($rm) {
		case "REGISTER":
			if (!save("location"))
				sl_reply_error();
			exit;
		case "OPTIONS":
			sl_send_reply("200", "OK");
			exit;
		default:
			break;
	}
	t_on_failure("TENANT_%(n)d");
	if (!t_relay()) {
		sl_reply_error();
	}
	exit;
}

failure_route[TENANT_%(n)d] {
	if (t_is_canceled())
		exit;
	if (t_check_status("486|408")) {
		$du = "sip:10.%(n)d.0.2:5060";
		t_relay();
	}
}
"""
MAIN = """#!KAMAILIO
#!define FLT_ACC 1
loadmodule "tm"
loadmodule "tmx"
loadmodule "sl"
loadmodule "rr"
loadmodule "pv"
loadmodule "maxfwd"
loadmodule "usrloc"
loadmodule "registrar"
loadmodule "textops"
loadmodule "siputils"
loadmodule "xlog"
"""
FILES, ROUTES = 20, 3


def cost(command):
    best = None
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        p = subprocess.run(command, stderr=subprocess.PIPE)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if p.returncode:
            sys.exit(p.stderr.decode())
        ms = 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        best = ms if best is None else min(best, ms)
    return best


def main():
    kiln = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        directory = sys.argv[2] if len(sys.argv) > 2 else temporary
        os.makedirs(directory, exist_ok=True)
        lines, n, calls = 0, 0, ""
        main_text = MAIN
        for i in range(FILES):
            text = ""
            for _ in range(ROUTES):
                n += 1
                text += ROUTE % {"n": n, "d": len(str(n))}
                calls += '\tif ($rU =~ "^%d") route(TENANT_%d);\n' % (n, n)
            with open(os.path.join(directory, "part%02d.cfg" % i), "w") as f:
                f.write(text)
            lines += text.count("\n")
            main_text += 'include_file "part%02d.cfg"\n' % i
        main_text += "request_route {\n" + calls + "\tsl_send_reply(\"404\", \"Not Found\");\n\texit;\n}\n"
        path, empty = os.path.join(directory, "main.cfg"), os.path.join(directory, "empty.cfg")
        with open(path, "w") as f:
            f.write(main_text)
        with open(empty, "w") as f:
            f.write("request_route { exit; }\n")
        whole, start = cost([kiln, "check", path]), cost([kiln, "check", empty])
        print("%d lines in %d files: %.1f ms, of these %.1f ms to start, %.1f ms to check"
              % (lines + main_text.count("\n"), FILES + 1, whole, start, whole - start))


if __name__ == "__main__":
    main()
