# SPDX-License-Identifier: Apache-2.0
"""A database that makes a query wait holds up nobody else, and a query that takes too long fails."""
import os
import sqlite3
import tempfile
import time

from live import Udp, equal, request, status, true

DIR = tempfile.mkdtemp()
FILE = os.path.join(DIR, "x.db")
SCRIPT = """
loadmodule "db_sqlite.so"
loadmodule "sqlops.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
modparam("db_sqlite", "db_set_busy_timeout", "%s=20000")
modparam("sqlops", "sqlcon", "a=>sqlite://%s")
modparam("sqlops", "query_timeout", 1500)
event_route[core:worker-one-init] {
    sql_query("a", "insert into t values (0)");
    if ($rc != 2) xlog("L_ERR", "not stored at start");
}
request_route {
    if ($rU == "quick") {
        sl_send_reply("200", "OK");
        exit;
    }
    sql_query("a", "insert into t values (1)");
    if ($rc < 0) sl_send_reply("503", "No");
    else sl_send_reply("202", "Stored");
}
""" % (FILE, FILE)
OPTIONS = ["--workers=1"]


class setup:
    options = []

    def __init__(self):
        with sqlite3.connect(FILE) as db:
            db.execute("create table t (x)")

    def close(self):
        os.remove(FILE)
        os.rmdir(DIR)


def ask(s, u, user, call):
    u.send(request("OPTIONS", "sip:%s@127.0.0.1" % user, u.port, call), s.port)


def test_a_query_at_start_is_answered(s):
    u = Udp()
    ask(s, u, "quick", "start")
    equal(status(u.recv()), 200)
    true("not stored" not in s.text(), s.text())


def test_a_query_that_waits_holds_up_nobody(s):
    db = sqlite3.connect(FILE, isolation_level=None)
    db.execute("begin exclusive")
    slow, quick = Udp(), Udp()
    ask(s, slow, "slow", "slow")
    for i in range(20):  # the one worker is free
        ask(s, quick, "quick", "quick%d" % i)
        equal(status(quick.recv()), 200)
    db.execute("commit")
    db.close()
    equal(status(slow.recv()), 202)


def test_a_query_without_end_fails_and_the_next_one_works(s):
    db = sqlite3.connect(FILE, isolation_level=None)
    db.execute("begin exclusive")
    u = Udp()
    begin = time.monotonic()
    ask(s, u, "slow", "late")
    equal(status(u.recv()), 503)
    true(time.monotonic() - begin > 1.0, "it was waited for")
    db.execute("commit")
    ask(s, u, "slow", "after")
    equal(status(u.recv()), 202)
    db.close()
