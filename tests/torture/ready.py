# SPDX-License-Identifier: Apache-2.0
"""Does the server at 127.0.0.1:PORT answer an OPTIONS within 100 ms? Exit status 0 when it does."""
import socket
import sys

port = int(sys.argv[1])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("127.0.0.1", 0))
    s.settimeout(0.1)
    me = s.getsockname()[1]
    try:
        s.sendto(("OPTIONS sip:127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKready%d\r\nMax-Forwards: 70\r\n"
                  "From: <sip:p@x>;tag=1\r\nTo: <sip:p@x>\r\nCall-ID: ready%d\r\nCSeq: 1 OPTIONS\r\n"
                  "Content-Length: 0\r\n\r\n" % (port, me, me, me)).encode(), ("127.0.0.1", port))
        s.recv(4096)
    except OSError:
        sys.exit(1)
