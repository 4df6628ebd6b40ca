# SPDX-License-Identifier: Apache-2.0
"""What the cases of this folder share: a server on a script, endpoints, waiting for what can be observed."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

DEADLINE = 20  # s; only ever reached by a failing case


def free_port():
    while True:
        with socket.socket() as t, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            t.bind(("127.0.0.1", 0))
            port = t.getsockname()[1]
            try:
                u.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    def __init__(self, kiln, script, options=(), listen=("udp:127.0.0.1:{port}", "tcp:127.0.0.1:{port}"), env=None):
        self.tmp = tempfile.mkdtemp(prefix="kiln-live-")
        self.port = free_port()
        with open(os.path.join(self.tmp, "test.cfg"), "w") as f:
            f.write(script.replace("@PORT@", str(self.port)).replace("@TMP@", self.tmp))
        self.logname = os.path.join(self.tmp, "log")
        self.log = open(self.logname, "wb")
        cmd = [kiln, "-f", os.path.join(self.tmp, "test.cfg"), "-DD", "-E", "-a", "no", "-Y", self.tmp, "-w", self.tmp]
        for l in listen:
            cmd += ["-l", l.format(port=self.port)]
        cmd += [str(o).format(port=self.port, tmp=self.tmp) for o in options]
        self.cmd = cmd
        self.p = subprocess.Popen(cmd, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                  start_new_session=True, env=env)
        self.wait_up()

    def wait_up(self):
        end = time.monotonic() + 60
        while not self.answers():
            if self.p.poll() is not None or time.monotonic() > end:
                raise RuntimeError("no start: %s\n%s" % (" ".join(self.cmd), self.text()[-4000:]))

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            s.settimeout(0.2)
            me = s.getsockname()[1]
            try:
                s.sendto(request("OPTIONS", "sip:ping@127.0.0.1", me, "ping%d" % me), ("127.0.0.1", self.port))
                s.recv(4096)
                return True
            except OSError:
                return False

    def text(self):
        with open(self.logname, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def wait_log(self, pattern, n=1):
        end = time.monotonic() + DEADLINE
        while len(re.findall(pattern, self.text())) < n:
            if time.monotonic() > end:
                raise AssertionError("log has no %r:\n%s" % (pattern, self.text()[-3000:]))
            time.sleep(0.01)

    def rpc(self, method, *params):
        me = os.path.join(self.tmp, "rpc%d" % time.monotonic_ns())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(me)
            s.settimeout(DEADLINE)
            s.sendto(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode(),
                     os.path.join(self.tmp, "kamailio_rpc.sock"))
            answer = json.loads(s.recv(1 << 20))
        os.unlink(me)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def close(self):
        """True when it ended in order."""
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
        try:
            code = self.p.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.p.pid, signal.SIGKILL)
            code = self.p.wait()
        self.log.close()
        return code == 0

    def forget(self):
        shutil.rmtree(self.tmp, ignore_errors=True)


def request(method, uri, port, call_id, proto="UDP", body="", extra="", via="127.0.0.1", length=True, branch=None):
    r = ("%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s:%d;branch=z9hG4bK%s\r\n%sFrom: <sip:a@test>;tag=%s\r\nTo: <%s>\r\n"
         "Call-ID: %s\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\n"
         % (method, uri, proto, via, port, branch or call_id, extra, call_id, uri, call_id, method))
    if length:
        r += "Content-Length: %d\r\n" % len(body)
    return (r + "\r\n" + body).encode()


class Udp:
    def __init__(self, host="127.0.0.1"):
        self.s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind((host, 0))
        self.host, self.port = host, self.s.getsockname()[1]
        self.s.settimeout(DEADLINE)

    def send(self, data, to):
        self.s.sendto(data, to if isinstance(to, tuple) else (self.host, to))

    def recv(self, timeout=DEADLINE):
        """The next message, or None."""
        self.s.settimeout(timeout)
        try:
            data, self.peer = self.s.recvfrom(65535)
            return data.decode("utf-8", "replace")
        except socket.timeout:
            return None

    def reply(self, msg, code, reason="OK"):
        keep = [l for l in msg.split("\r\n") if re.match(r"(Via|From|Call-ID|CSeq|Record-Route)\s*:", l)]
        to = [l for l in msg.split("\r\n") if l.startswith("To:")][0]
        out = "SIP/2.0 %d %s\r\n%s\r\n%s;tag=uas\r\nContent-Length: 0\r\n\r\n" % (code, reason, "\r\n".join(keep), to)
        self.s.sendto(out.encode(), self.peer)

    def close(self):
        self.s.close()


class Tcp:
    """A connection to the server, or one that a listener accepted."""

    def __init__(self, port=None, sock=None, source=None):
        self.s = sock or socket.create_connection(("127.0.0.1", port), timeout=DEADLINE, source_address=source)
        self.s.settimeout(DEADLINE)
        self.port = self.s.getsockname()[1]
        self.buf = b""

    def send(self, data):
        self.s.sendall(data)

    def recv(self, timeout=DEADLINE):
        """The next message, "" at the end of the stream, None when nothing came."""
        self.s.settimeout(timeout)
        while True:
            self.buf = self.buf.lstrip(b"\r\n")
            head, sep, rest = self.buf.partition(b"\r\n\r\n")
            if sep:
                n = int(re.search(rb"Content-Length:\s*(\d+)", head, re.I).group(1))
                if len(rest) >= n:
                    self.buf = rest[n:]
                    return (head + sep + rest[:n]).decode("utf-8", "replace")
            try:
                data = self.s.recv(65536)
            except socket.timeout:
                return None
            except ConnectionError:
                return ""
            if not data:
                return ""
            self.buf += data

    def raw(self, timeout=DEADLINE):
        self.s.settimeout(timeout)
        try:
            return self.s.recv(65536)
        except socket.timeout:
            return None
        except ConnectionError:
            return b""

    def reply(self, msg, code, reason="OK"):
        keep = [l for l in msg.split("\r\n") if re.match(r"(Via|From|Call-ID|CSeq|Record-Route)\s*:", l)]
        to = [l for l in msg.split("\r\n") if l.startswith("To:")][0]
        self.send(("SIP/2.0 %d %s\r\n%s\r\n%s;tag=uas\r\nContent-Length: 0\r\n\r\n"
                   % (code, reason, "\r\n".join(keep), to)).encode())

    def close(self):
        self.s.close()


class TcpListener:
    def __init__(self, host="127.0.0.1", port=0):
        self.s = socket.socket()
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((host, port))
        self.s.listen(16)
        self.s.settimeout(DEADLINE)
        self.port = self.s.getsockname()[1]

    def accept(self):
        return Tcp(sock=self.s.accept()[0])

    def close(self):
        self.s.close()


def status(msg):
    return int(msg.split(" ")[1]) if msg and msg.startswith("SIP/2.0 ") else 0


def header(msg, name):
    m = re.search(r"^%s\s*:\s*(.*?)\r?$" % re.escape(name), msg, re.M | re.I)
    return m.group(1) if m else None


def final(peer, timeout=DEADLINE):
    """The next final reply that reaches the peer."""
    while True:
        m = peer.recv(timeout)
        if not m or status(m) >= 200:
            return m


def equal(seen, want, what=""):
    if seen != want:
        raise AssertionError("%s: saw %r, expected %r" % (what or "value", seen, want))


def true(cond, what):
    if not cond:
        raise AssertionError(what)
