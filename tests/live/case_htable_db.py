# SPDX-License-Identifier: Apache-2.0
"""What htable stores is stored whole or not at all, and what it loads takes the old items' place whole."""
import os
import sqlite3
import tempfile
import threading

from live import Udp, equal, request, true

DIR = tempfile.mkdtemp()
FILE = os.path.join(DIR, "x.db")
SCRIPT = """
loadmodule "db_sqlite.so"
loadmodule "htable.so"
loadmodule "jsonrpcs.so"
loadmodule "sl.so"
loadmodule "pv.so"
modparam("htable", "db_url", "sqlite://%s")
modparam("htable", "htable", "a=>size=4;dbtable=ta;")
modparam("htable", "htable", "b=>size=4;dbtable=tb;cols='id,x,y';colnull='nil';colsep=';'")
modparam("htable", "htable", "c=>size=8;dbtable=tc;")
request_route {
    if ($rU == "many") sl_send_reply("200", "$sht(c=>k7) $sht(c=>k199999)");
    else sl_send_reply("200", "$sht(b=>one) $sht(b=>two)");
}
""" % FILE
OPTIONS = ["--workers=2"]
ROWS = "select key_name, key_value from ta order by 1"


class setup:
    options = []

    def __init__(self):
        with sqlite3.connect(FILE) as db:
            for t in ("ta", "tc"):
                db.execute("create table %s (key_name text, key_type int, value_type int, key_value text check (key_value <> 'bad'), "
                           "expires int)" % t)
            db.execute("insert into ta values ('k1', 0, 0, 'v1', 0), ('k2', 0, 0, 'v2', 0)")
            db.execute("create table tb (id text, x text, y int)")
            db.execute("insert into tb values ('one', 'a', 1), ('two', null, 2)")
            db.executemany("insert into tc values (?, 0, 0, ?, 0)", (("k%d" % i, "v%d" % i) for i in range(200000)))

    def close(self):
        os.remove(FILE)
        os.rmdir(DIR)


def rows(sql=ROWS):
    db = sqlite3.connect(FILE)
    got = db.execute(sql).fetchall()
    db.close()
    return got


def refused(s, *call):
    try:
        return s.rpc(*call)
    except RuntimeError as e:
        return e.args[0]["message"]


def test_a_store_that_fails_changes_nothing(s):
    before = rows()
    equal(s.rpc("htable.sets", "a", "k3", "bad"), "Ok. Key set to new value.")
    equal(refused(s, "htable.store", "a"), "Htable store failed")
    equal(rows(), before)
    true("CHECK constraint" in s.text(), s.text())
    s.rpc("htable.delete", "a", "k3")
    s.rpc("htable.sets", "a", "k4", "")
    equal(s.rpc("htable.store", "a"), "Ok. Htable successfully stored to DB.")
    equal(rows(), [("k1", "v1"), ("k2", "v2"), ("k4", "")])


def test_a_lock_of_another_process_is_waited_for(s):
    db = sqlite3.connect(FILE, isolation_level=None)
    db.execute("begin exclusive")
    got = []
    t = threading.Thread(target=lambda: got.append(s.rpc("htable.store", "a")))
    t.start()
    u = Udp()
    for i in range(5): # while it waits
        u.send(request("OPTIONS", "sip:x@127.0.0.1", u.port, "wait%d" % i), s.port)
        true(u.recv().startswith("SIP/2.0 200"), "no answer")
    db.execute("commit")
    db.close()
    t.join()
    equal(got, ["Ok. Htable successfully stored to DB."])
    equal(rows(), [("k1", "v1"), ("k2", "v2"), ("k4", "")])


def test_joined_columns_are_never_stored(s):
    equal(refused(s, "htable.store", "b"), "Htable has cols and cannot be stored")
    equal(rows("select * from tb"), [("one", "a", 1), ("two", None, 2)])


def test_columns_are_joined_as_the_table_says(s):
    u = Udp()
    u.send(request("OPTIONS", "sip:x@127.0.0.1", u.port, "joined"), s.port)
    equal(u.recv().split("\r\n")[0], "SIP/2.0 200 a;1 nil;2")


def test_many_rows_are_loaded_and_stored(s):
    u = Udp()
    for call in ("start", "reload"):
        u.send(request("OPTIONS", "sip:many@127.0.0.1", u.port, call), s.port)
        equal(u.recv().split("\r\n")[0], "SIP/2.0 200 v7 v199999")
        if call == "start":
            equal(s.rpc("htable.reload", "c"), "Ok. Htable reloaded.")
    equal(s.rpc("htable.store", "c"), "Ok. Htable successfully stored to DB.")
    equal(rows("select count(*), count(distinct key_name) from tc"), [(200000, 200000)])
