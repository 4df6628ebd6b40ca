# SPDX-License-Identifier: Apache-2.0
"""A full class of connections refuses its next one and starves nobody else."""
from live import Tcp, Udp, equal, request, status, true

SCRIPT = """
tcp_max_connections=5
loadmodule "sl.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "fifo_name", "")
request_route { sl_send_reply("200", "OK"); }
"""
OPTIONS = ["--workers=2"]


def test_full(s):
    cs = [Tcp(s.port) for _ in range(5)]
    for i, c in enumerate(cs):
        c.send(request("OPTIONS", "sip:x", c.port, "full%d" % i, proto="TCP"))
        equal(status(c.recv()), 200)
    try:
        equal(Tcp(s.port).raw(), b"", "the sixth connection")
    except ConnectionResetError:
        pass
    equal(s.rpc("net.stats")["tcp_refused"], 1)
    u = Udp()
    u.send(request("OPTIONS", "sip:x", u.port, "fulludp"), s.port)
    equal(status(u.recv()), 200, "UDP beside it")
    cs.pop().close()
    for i in range(1000):
        try:
            c = Tcp(s.port)
            c.send(request("OPTIONS", "sip:x", c.port, "again%d" % i, proto="TCP"))
            if status(c.recv()) == 200:
                return
        except OSError:
            pass
    true(False, "a place that was given back is not used")
