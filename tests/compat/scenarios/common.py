# SPDX-License-Identifier: Apache-2.0
"""What scenarios share: the list they enter, and the steps that most calls begin with."""
import inspect

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"
ALL = ("udp4", "tcp4", "udp6", "tcp6")
UDP = ("udp4", "udp6")
UDP4 = ("udp4",)
STOCK = "/etc/kamailio/kamailio.cfg"
LIST = []


class Scenario:
    """fn(world), once per transport of `nets`, on `config` (a file of cfg/ or an absolute path) with `defines`
    (-A) and `listen` (-l; {port} is the server's). `differs`: Kiln does otherwise on purpose (a row of README.md's
    table): its own run must fit the scenario, and the two must not be equal."""

    def __init__(self, fn, nets, config, defines, listen, differs):
        self.fn, self.nets, self.config, self.defines, self.listen = fn, nets, config, tuple(defines), listen
        self.differs = differs
        self.name = fn.__name__


def scenario(nets=ALL, config=None, defines=(), listen=None, differs=False):
    """Config and listen default to CONFIG and LISTEN of the file that defines the scenario."""
    def mark(fn):
        module = inspect.getmodule(fn)
        LIST.append(Scenario(fn, nets, config or getattr(module, "CONFIG", STOCK), defines,
                             tuple(listen or getattr(module, "LISTEN", ())), differs))
        return fn
    return mark


def register(p, call="reg", cseq=1, **kw):
    m = p.send("REGISTER", "sip:SERVER", to="sip:%s@SERVER" % p.name, call=call + p.name, cseq=cseq, **kw)
    p.expect("200 REGISTER", "400 REGISTER", "503 REGISTER")
    return m


def invite(a, b, **kw):
    return a.send("INVITE", "sip:%s@SERVER" % b.name, body=SDP, **kw)


def routes_of(msg, reverse):
    rr = []
    for v in msg.all("Record-Route"):
        rr += [x.strip() for x in v.split(",")]
    return list(reversed(rr)) if reverse else rr


def uri_of(contact):
    return contact.split("<", 1)[1].split(">", 1)[0]


def tag_of(v):
    return v.split("tag=", 1)[1].split(";")[0]


def answered(w, a, b):
    """A call set up between two registered phones; returns what both need to go on."""
    register(b)
    inv = invite(a, b)
    a.expect("100 INVITE")
    got = b.expect("INVITE")
    b.reply(got, 180, "Ringing")
    a.expect("180 INVITE")
    b.reply(got, 200, "OK", body=SDP)
    ok = a.expect("200 INVITE")
    a.send("ACK", uri_of(ok.get("Contact")), to="sip:%s@SERVER" % b.name, to_tag=tag_of(ok.get("To")),
           routes=routes_of(ok, True))
    b.expect("ACK")
    return inv, got, ok


def ack(w, a, uri, final, branch, **kw):
    """The hop-by-hop ACK of a negative reply to the INVITE that went out with `branch`."""
    return a.send("ACK", uri, to_tag=tag_of(final.get("To")), branch=branch, contact=False, **kw)
