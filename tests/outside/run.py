#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Script functions that ask a database or a web server, beside the reference: the same script and the same servers, each logs what
it got ("@@ ..." lines), the web server what it was asked.  run.py KILN [-v]"""
import glob
import http.server
import os
import pwd
import re
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SIP, HTTP, PG = ("127.0.13.1", 5060), ("127.0.13.2", 8099), ("127.0.13.3", 5499)
LEFT = ("SELECT * FROM h; SELECT method, sip_code, sip_reason, time_attr > 1e9, caller, none,"
        "abs(extract(epoch from localtimestamp - time)) < 1000 FROM acc") # what the server wrote
OPTIONS = ("OPTIONS sip:127.0.13.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=z9hG4bK%d\r\nFrom: <sip:alice@x>;tag=1\r\nTo: <sip:x>\r\n"
           "Call-ID: outside-%d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n")


class Web(http.server.BaseHTTPRequestHandler):
    """/CODE... answers CODE, all else 200; two lines of text, none when the path says empty."""
    protocol_version = "HTTP/1.1"
    seen = []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append("%s %s %s %r" % (self.command, self.path, sorted((k, v) for k, v in self.headers.items()
                                                                          if k not in ("Host", "User-Agent")), body))
        code = int(self.path[1:4]) if self.path[1:4].isdigit() else 200
        out = b"" if "empty" in self.path else b"line one\r\nline two\n"
        self.send_response(code)
        if code in (301, 302):
            self.send_header("Location", "/200/moved")
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


def database(path):
    db = sqlite3.connect(path)
    db.executescript("CREATE TABLE s (username TEXT, n INTEGER, f REAL, nul TEXT);"
                     "INSERT INTO s VALUES ('alice',7,1.5,NULL),('bob',8,2.25,'x');")
    db.close()


class Postgres:
    """A PostgreSQL of the test's own, in a folder of its own; its programs refuse to run as root."""
    SQL = ("DROP TABLE IF EXISTS s;"
           "CREATE TABLE s (username varchar(32), n integer, f float8, nul text, big bigint, small smallint, yes boolean, bytes bytea);"
           "INSERT INTO s VALUES ('alice',7,1.5,NULL,3000000000,3,true,'\\x415c0962'::bytea),('bob',8,2.25,'x',1,2,false,'z');"
           "DROP TABLE IF EXISTS h; CREATE TABLE h (key_name varchar(64), key_type integer DEFAULT 0, value_type integer DEFAULT 0,"
           "key_value varchar(128), expires integer DEFAULT 0);"
           "INSERT INTO h VALUES ('text',0,0,'hello',0),('arr',1,0,'first',0),('arr',1,0,'second',0),('number',0,1,'42',0);"
           "DROP TABLE IF EXISTS acc; CREATE TABLE acc (id serial, method varchar(16) NOT NULL, from_tag varchar(128), to_tag varchar(128) NOT NULL,"
           "callid varchar(255), sip_code varchar(3), sip_reason varchar(128), time timestamp NOT NULL, time_attr float8, caller text, none text);")

    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.who = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        os.chmod(self.tmp.name, 0o755)
        self.data = os.path.join(self.tmp.name, "data")
        os.mkdir(self.data, 0o700)
        with open(os.path.join(self.tmp.name, "pw"), "w") as f:
            f.write("secret\n")
        if self.user:
            os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
        self.call("initdb", "-D", self.data, "-U", "tester", "--pwfile", f.name, "-A", "scram-sha-256", "--locale=C", "-E", "UTF8", "-N")
        self.call("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.data, "log"), "-o",
                  "-c listen_addresses=%s -c port=%d -c unix_socket_directories= -c fsync=off" % PG, "start")
        self.sql("postgres", "CREATE DATABASE calls")

    def call(self, program, *args):
        subprocess.run([os.path.join(self.bin, program), *args], check=True, stdout=subprocess.DEVNULL, cwd="/",
                       env={"PATH": "/usr/bin:/bin", "PGPASSWORD": "secret"}, **self.who)

    def sql(self, name, text):
        self.call("psql", "-q", "-h", PG[0], "-p", str(PG[1]), "-U", "tester", "-d", name, "-c", text)

    def rows(self, name, text):
        return subprocess.run([os.path.join(self.bin, "psql"), "-q", "-A", "-t", "-h", PG[0], "-p", str(PG[1]), "-U", "tester", "-d",
                               name, "-c", text], check=True, stdout=subprocess.PIPE, cwd="/",
                              env={"PATH": "/usr/bin:/bin", "PGPASSWORD": "secret"}, **self.who).stdout.decode().splitlines()

    def fill(self):
        self.sql("calls", "SET client_min_messages=error;" + self.SQL)

    def stop(self):
        self.call("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")
        self.tmp.cleanup()


def ask(limit=15):
    """Until the server has answered a request."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((SIP[0], 0))
        end, n = time.monotonic() + limit, 0
        while time.monotonic() < end:
            n += 1
            s.sendto((OPTIONS % (SIP[0], s.getsockname()[1], n, n)).encode(), SIP)
            if select.select([s], [], [], 2)[0]:
                return s.recv(4096).startswith(b"SIP/2.0 200")
    return False


def bound():
    """Is the server's socket there? Only then is it asked: each request is one run of the script."""
    want = " %s:%04X " % ("".join("%02X" % int(b) for b in reversed(SIP[0].split("."))), SIP[1])
    with open("/proc/net/udp") as f:
        return any(want in line for line in f)


def run(command, cfg):
    """Lines of the first run of the script, requests that the web server saw."""
    Web.seen.clear()
    with tempfile.TemporaryDirectory() as tmp:
        os.chmod(tmp, 0o777)
        database(os.path.join(tmp, "x.db"))
        with open(os.path.join(HERE, cfg)) as f, open(os.path.join(tmp, cfg), "w") as g:
            g.write(f.read().replace("/DIR", tmp))
        with open(os.path.join(tmp, "log"), "wb") as log:
            p = subprocess.Popen(command + ["-f", os.path.join(tmp, cfg), "-DD", "-E", "-Y", tmp], stdout=log, stderr=log,
                                 cwd=tmp, start_new_session=True)
        end = time.monotonic() + 20
        while not bound() and p.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        ok = ask()
        p.terminate()
        p.wait(20)
        with open(os.path.join(tmp, "log"), encoding="utf-8", errors="replace") as f:
            text = f.read()
    return ok, re.findall(r"@@ (.*)", text), list(Web.seen), text


def main():
    build, verbose = os.path.abspath(sys.argv[1]), "-v" in sys.argv
    good = bad = 0
    web = http.server.ThreadingHTTPServer(HTTP, Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    postgres = Postgres()
    try:
        for cfg in ("sqlops.cfg", "http_client.cfg", "db_postgres.cfg"):
            postgres.fill()
            ref = run(["kamailio", "-m", "64", "-M", "8"], cfg)
            left = postgres.rows("calls", LEFT)
            postgres.fill()
            our = run([os.path.join(build, "kamailio")], cfg)
            for what, a, b in (("answer", [ref[0]], [our[0]]), ("log", ref[1], our[1]), ("requests", ref[2], our[2]),
                               ("row", left, postgres.rows("calls", LEFT))):
                for i in range(max(len(a), len(b))):
                    x, y = (v[i] if i < len(v) else None for v in (a, b))
                    good, bad = good + (x == y), bad + (x != y)
                    if x != y:
                        print("%s %s %d\n  reference: %s\n  kiln:      %s" % (cfg, what, i + 1, x, y))
            if verbose:
                print(left)
            if verbose or not our[1]:
                print(our[3][-3000:])
    finally:
        web.shutdown()
        postgres.stop()
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
