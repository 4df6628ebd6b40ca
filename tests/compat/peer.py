# SPDX-License-Identifier: Apache-2.0
"""A scripted SIP endpoint: sends what it is told, records what it receives."""
import re
import select
import socket
import time


class Timeout(Exception):
    pass


class Message:
    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition("\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        self.first = lines[0]
        self.headers = [tuple(x.strip() for x in l.split(":", 1)) for l in lines[1:] if ":" in l]
        self.is_reply = self.first.startswith("SIP/2.0 ")
        self.code = int(self.first.split(" ")[1]) if self.is_reply else 0
        self.method = "" if self.is_reply else self.first.split(" ")[0]
        self.uri = "" if self.is_reply else self.first.split(" ")[1]

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name, default=""):
        got = self.all(name)
        return got[0] if got else default

    def kind(self):
        return "%d %s" % (self.code, self.get("CSeq").split(" ")[-1]) if self.is_reply else self.method


class Peer:
    """One endpoint: `role` is its name in the scenario, `name` its user on the wire; `net` is udp4, udp6,
    tcp4 or tcp6."""

    def __init__(self, world, role, name, net, port=0):
        self.world, self.role, self.name, self.net = world, role, name, net
        self.v6 = net.endswith("6")
        self.tcp = net.startswith("tcp")
        self.host = "::1" if self.v6 else "127.0.0.1"
        self.urihost = "[::1]" if self.v6 else "127.0.0.1"
        fam = socket.AF_INET6 if self.v6 else socket.AF_INET
        self.seen = []      # every message received, in order
        self.pending = []
        self.buf = {}
        self.listener = None
        self.conns = []
        if self.tcp:
            self.listener = socket.socket(fam, socket.SOCK_STREAM)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((self.host, port))
            self.listener.listen(8)
            self.port = self.listener.getsockname()[1]
            self.conn = socket.create_connection((self.host, world.port))
            self.conns.append(self.conn)
            self.conn_ports = [self.conn.getsockname()[1]]
        else:
            self.sock = socket.socket(fam, socket.SOCK_DGRAM)
            self.sock.bind((self.host, port))
            self.port = self.sock.getsockname()[1]
        self.reply_to = {}
        world.add_peer(self)

    @property
    def proto(self):
        return "TCP" if self.tcp else "UDP"

    @property
    def addr(self):
        return "%s:%d" % (self.urihost, self.port)

    @property
    def contact(self):
        return "<sip:%s@%s%s>" % (self.name, self.addr, ";transport=tcp" if self.tcp else "")

    def close(self):
        for s in self.conns + [self.listener if self.tcp else self.sock]:
            s.close()

    # -- sending ---------------------------------------------------------------------------------
    def send_raw(self, text, conn=None):
        data = text.encode("latin1")
        if self.tcp:
            (conn or self.conn).sendall(data)
        else:
            self.sock.sendto(data, (self.host, self.world.port))

    def send(self, method, uri, cseq=1, call="c", to=None, frm=None, branch=None, extra=(), body="",
             routes=(), maxfwd=70, contact=True, from_tag="ft", to_tag=None):
        server = "%s:%d" % (self.urihost, self.world.port)
        uri = uri.replace("SERVER", server)
        frm = (frm or "sip:%s@%s" % (self.name, server)).replace("SERVER", server)
        to = (to or uri).replace("SERVER", server)
        uri, frm, to = (self.world.users(x) for x in (uri, frm, to))
        branch = branch or self.world.branch()
        lines = ["%s %s SIP/2.0" % (method, uri),
                 "Via: SIP/2.0/%s %s;branch=%s" % (self.proto, self.addr, branch),
                 "From: <%s>;tag=%s" % (frm, from_tag),
                 "To: <%s>%s" % (to, ";tag=" + to_tag if to_tag else ""),
                 "Call-ID: %s" % self.world.call_id(call),
                 "CSeq: %d %s" % (cseq, method)]
        if maxfwd is not None:
            lines.append("Max-Forwards: %d" % maxfwd)
        lines += ["Route: " + r for r in routes]
        if contact is True:
            lines.append("Contact: " + self.contact)
        elif contact:
            lines.append("Contact: " + contact)
        lines += list(extra)
        if body:
            lines.append("Content-Type: application/sdp")
        text = "\r\n".join(lines + ["Content-Length: %d" % len(body)]) + "\r\n\r\n" + body
        self.send_raw(text)
        return Message(text)

    def again(self, msg):
        """Retransmit."""
        self.send_raw(msg.raw)

    def reply(self, req, code, reason="X", extra=(), to_tag=None, contact=True, body=""):
        to = req.get("To")
        if "tag=" not in to and code > 100:
            to += ";tag=%s" % (to_tag or "tt" + self.name)
        lines = ["SIP/2.0 %d %s" % (code, reason)]
        lines += ["Via: " + v for v in req.all("Via")]
        lines += ["Record-Route: " + v for v in req.all("Record-Route")]
        lines += ["From: " + req.get("From"), "To: " + to, "Call-ID: " + req.get("Call-ID"),
                  "CSeq: " + req.get("CSeq")]
        if contact:
            lines.append("Contact: " + self.contact)
        lines += list(extra)
        if body:
            lines.append("Content-Type: application/sdp")
        text = "\r\n".join(lines + ["Content-Length: %d" % len(body)]) + "\r\n\r\n" + body
        self.send_raw(text, self.reply_to.get(req.raw))
        return Message(text)

    # -- receiving -------------------------------------------------------------------------------
    def _poll(self, timeout):
        socks = self.conns + [self.listener] if self.tcp else [self.sock]
        ready, _, _ = select.select(socks, [], [], max(0, timeout))
        for s in ready:
            if s is self.listener:
                c, _ = s.accept()
                self.conns.append(c)
            elif self.tcp:
                data = s.recv(65536).decode("latin1")
                if not data:
                    self.conns.remove(s)
                    continue
                self.buf[s] = self.buf.get(s, "") + data
                self._frame(s)
            else:
                self._got(s.recv(65536).decode("latin1"), None)

    def _frame(self, s):
        while True:
            text = self.buf[s].lstrip("\r\n")
            head, sep, rest = text.partition("\r\n\r\n")
            m = re.search(r"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
            n = int(m.group(1)) if m else 0
            if not sep or len(rest) < n:
                self.buf[s] = text
                return
            self._got(head + sep + rest[:n], s)
            self.buf[s] = rest[n:]

    def _got(self, raw, conn):
        if not raw.strip() or "\r\nCall-ID: ping" in raw:     # or a question whether a server is up that now has other ports
            return
        m = Message(raw)
        if conn:
            self.reply_to[raw] = conn
        self.seen.append(m)
        self.pending.append(m)

    def expect(self, *kinds, timeout=10.0):
        """The next message of one of the kinds ("180 INVITE", "INVITE"); others before it are kept in
        `seen` only. Raises Timeout."""
        end = time.monotonic() + timeout
        while True:
            while self.pending:
                m = self.pending.pop(0)
                if m.kind() in kinds:
                    return m
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout("%s: no %s; has %s" % (self.name, " or ".join(kinds),
                                                      [x.kind() for x in self.seen]))
            self._poll(left)

    def poll(self, seconds):
        """Take what comes within that time; it stays pending."""
        self._poll(seconds)

    def nothing(self, seconds=0.3):
        """Collect what comes for a while; what is there then is compared like all else."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._poll(end - time.monotonic())
        self.pending.clear()
