# SPDX-License-Identifier: Apache-2.0
"""Core parameters and options of sockets, log and process, as a peer or the system sees them."""
import os
import re
import socket

from live import Tcp, Udp, equal, final, header, request, status, true

SCRIPT = """
server_header="Server: edge/1"
user_agent_header="User-Agent: edge/1"
force_rport=yes
local_rport=yes
mhomed=yes
advertised_address=9.9.9.9
advertised_port=5099
log_prefix="{$rm $ci $hdr(X-Who)} "
disable_core_dump=yes
open_files_limit=3333
ipv6_hex_style="A"
alias="other.test"
listen=udp:127.0.0.3:5077 advertise 8.8.8.8:5088 name "named"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "fifo_name", "")
request_route {
    if ($rU == "edited") { remove_hf("X-Who"); msg_apply_changes(); }
    if ($rU =~ "log|edited") xlog("L_NOTICE", "marked line\\n");
    if ($rU == "self") { if (uri == myself) sl_send_reply("200", "OK"); else sl_send_reply("404", "Not us"); exit; }
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    t_relay();
}
"""
LISTEN = ("udp:127.0.0.1:{port}", "tcp:(127.0.0.1,127.0.0.2):{port}", "udp:[::1]:{port}")
OPTIONS = ["--workers=2", "--debug=1", "--alias=udp:third.test:5070"]


def options(s, u, user, host="127.0.0.1", **more):
    u.send(request("OPTIONS", "sip:%s@%s" % (user, host), u.port, "set-%s-%d" % (user, u.port), **more), s.port)
    return u.recv()


def test_server_header(s):
    equal(header(options(s, Udp(), "x"), "Server"), "edge/1")


def test_force_rport(s):
    u = Udp()
    m = options(s, u, "x", via="127.0.0.1")
    true("rport=%d" % u.port in header(m, "Via"), "no rport: " + header(m, "Via"))


def test_via_of_a_forwarded_request(s):
    u, uas = Udp(), Udp()
    u.send(request("MESSAGE", "sip:x@127.0.0.1:%d" % uas.port, u.port, "set-fwd"), s.port)
    m = uas.recv()
    via = header(m, "Via")
    true(via.startswith("SIP/2.0/UDP 9.9.9.9:5099;"), "not as advertised: " + via)
    true(re.search(r";rport(;|$)", via), "no rport of ours: " + via)
    uas.reply(m, 200)
    equal(status(final(u)), 200)


def test_log_prefix(s):
    options(s, Udp(), "log")
    s.wait_log(r"\{OPTIONS set-log-\d+ <null>\} <script>: marked line")
    options(s, Udp(), "edited", extra="X-Who: me\r\n")  # the prefix is as the message came, whenever the first line is
    s.wait_log(r"\{OPTIONS set-edited-\d+ me\} <script>: marked line")


def test_ipv6(s):
    u = Udp("::1")
    u.s.sendto(request("OPTIONS", "sip:x@[::1]", u.port, "set-v6", via="[::1]"), ("::1", s.port))
    equal(status(u.recv()), 200)
    rows = str(s.rpc("core.sockets_list"))
    true("0000:0000:0000:0000:0000:0000:0000:0001" in rows, rows)


def test_ourselves(s):
    for host, code in (("other.test", 200), ("third.test:5070", 200), ("third.test:5071", 404), ("9.9.9.9:5099", 200),
                       ("8.8.8.8:5088", 200), ("1.2.3.4", 404), ("127.0.0.1:%d" % s.port, 200)):
        equal(status(options(s, Udp(), "self", host)), code, host)


def test_address_list(s):
    for ip in ("127.0.0.1", "127.0.0.2"):
        c = Tcp(sock=socket.create_connection((ip, s.port), timeout=20))
        c.send(request("OPTIONS", "sip:x", c.port, "set-list" + ip, proto="TCP"))
        equal(status(c.recv()), 200, ip)
        c.close()


def test_limits(s):
    with open("/proc/%d/limits" % s.rpc("core.psx")[0]["PID"]) as f:
        text = f.read()
    equal(re.search(r"Max open files\s+(\d+)", text).group(1), "3333")
    equal(re.search(r"Max core file size\s+(\S+)", text).group(1), "0")


def test_workers_are_threads_with_names(s):
    pid = s.rpc("core.psx")[0]["PID"]
    names = set()
    for t in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/comm" % (pid, t)) as f:
            names.add(f.read().strip())
    true({"worker 0", "worker 1"} <= names, names)
