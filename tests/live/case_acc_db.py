# SPDX-License-Identifier: Apache-2.0
"""Records of accounting wait for the database, calls do not; one that it refuses costs no other; what waits at the end is written."""
import os
import sqlite3
import tempfile
import time

from live import DEADLINE, Udp, equal, request, true

DIR = tempfile.mkdtemp()
FILE = os.path.join(DIR, "x.db")
SCRIPT = """
loadmodule "db_sqlite.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "acc.so"
modparam("db_sqlite", "db_set_busy_timeout", "%s=20000")
modparam("acc", "db_url", "sqlite://%s")
modparam("acc", "db_flag", 1)
modparam("acc", "db_extra", "callee=$rU")
request_route {
    if ($rU == "ping") {
        sl_send_reply("200", "OK");
        exit;
    }
    setflag(1);
    t_newtran();
    t_reply("200", "OK");
}
""" % (FILE, FILE)
OPTIONS = ["--workers=2"]


class setup:
    options = []
    want = 0

    def __init__(self):
        with sqlite3.connect(FILE) as db:
            db.execute("create table acc (method, from_tag, to_tag, callid, sip_code, sip_reason, time, "
                       "callee text check (callee <> 'bad'))")

    def close(self): # after the server has ended
        n = len(rows())
        os.remove(FILE)
        os.rmdir(DIR)
        equal(n, self.want)


def rows():
    db = sqlite3.connect(FILE, timeout=20)
    got = [r[0] for r in db.execute("select callid from acc order by 1")]
    db.close()
    return got


def burst(s, name):
    """200 requests while another process holds the lock: answered at once. The 100th is one that the database refuses."""
    db = sqlite3.connect(FILE, isolation_level=None, timeout=20)
    db.execute("begin exclusive")
    u = Udp()
    for i in range(200):
        u.send(request("MESSAGE", "sip:%s@127.0.0.1" % ("bad" if name == "a" and i == 100 else "bob"), u.port, "%s%03d" % (name, i)), s.port)
        true(u.recv().startswith("SIP/2.0 200"), "no answer")
    db.execute("commit")
    db.close()


def test_one_bad_record_costs_no_other(s):
    burst(s, "a")
    s.setup.want += 199
    end = time.monotonic() + DEADLINE
    while len(rows()) < 199 and time.monotonic() < end:
        pass
    equal(rows(), ["a%03d" % i for i in range(200) if i != 100])
    s.wait_log("database sqlite://.*CHECK constraint failed")


def test_what_waits_at_the_end_is_written(s):
    burst(s, "b")
    s.setup.want += 200 # counted by setup.close()
