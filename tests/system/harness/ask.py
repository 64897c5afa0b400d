# SPDX-License-Identifier: Apache-2.0
"""Questions by dnspython and by hand, over UDP and TCP."""
import socket, struct, time

import dns.edns, dns.flags, dns.message, dns.name, dns.rdatatype

from harness import wait

T_A, T_AAAA, T_TXT, T_CNAME, T_OPT = 1, 28, 16, 5, 41


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def query(name, rdtype="A", *, edns=None, do=False, rd=True, cd=False, ad=False, options=(), rdclass="IN", id=None):
    """A question.  `edns`: the UDP size (None: no OPT unless DO or options are asked for)."""
    m = dns.message.make_query(dns.name.from_text(name), rdtype, rdclass)
    if id is not None:
        m.id = id
    m.flags = (dns.flags.RD if rd else 0) | (dns.flags.CD if cd else 0) | (dns.flags.AD if ad else 0)
    if edns is not None or do or options:
        m.use_edns(0, dns.flags.DO if do else 0, edns or 1232,
                   options=[dns.edns.GenericOption(c, d) for c, d in options])
    return m


def udp(m, host, port, timeout=5.0, source=None):
    """The first answer with our id; the message has .size (bytes) and .from_address beside dnspython's."""
    with socket.socket(family(host), socket.SOCK_DGRAM) as s:
        if source:
            s.bind((source, 0))
        s.sendto(m.to_wire(), (host, port))
        end = time.monotonic() + timeout * wait.FACTOR
        while True:
            s.settimeout(max(0.001, end - time.monotonic()))
            wire, peer = s.recvfrom(65535)
            if wire[:2] == struct.pack("!H", m.id):
                return _parsed(wire, peer[0])


def tcp(m, host, port, timeout=5.0):
    with socket.create_connection((host, port), timeout * wait.FACTOR) as s:
        send(s, m.to_wire())
        return _parsed(recv(s), host)


def _parsed(wire, address):
    r = dns.message.from_wire(wire)
    r.size, r.from_address = len(wire), address
    return r


def send(s, *wires):
    """Messages with their lengths, in one write."""
    s.sendall(b"".join(struct.pack("!H", len(w)) + w for w in wires))


def recv(s):
    """One message from a stream; EOFError when the other side closed."""
    head = _exactly(s, 2)
    return _exactly(s, struct.unpack("!H", head)[0])


def _exactly(s, n):
    buf = b""
    while len(buf) < n:
        part = s.recv(n - len(buf))
        if not part:
            raise EOFError
        buf += part
    return buf


# ---------------------------------------------------------------- by hand
def name_wire(text):
    return dns.name.from_text(text).to_wire()


def question(name, rdtype=T_A, rdclass=1):
    wire = name if isinstance(name, bytes) else name_wire(name)
    return wire + struct.pack("!HH", rdtype, rdclass)


def packet(*questions, id=0x1234, flags=0x0100, counts=None, rest=b""):
    """A message from questions in wire form; `counts` overrides (qd, an, ns, ar)."""
    qd, an, ns, ar = counts or (len(questions), 0, 0, 0)
    return struct.pack("!6H", id, flags, qd, an, ns, ar) + b"".join(questions) + rest


def opt(size=1232, version=0, do=False, options=b"", ext_rcode=0):
    """An OPT record; `options` in wire form."""
    return b"\0" + struct.pack("!HHBBHH", T_OPT, size, ext_rcode, version, 0x8000 if do else 0, len(options)) + options


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def header(wire):
    """(id, flags, qd, an, ns, ar)"""
    return struct.unpack("!6H", wire[:12])


def addresses(r, rdtype="A"):
    """The addresses in an answer section, in order."""
    t = dns.rdatatype.from_text(rdtype)
    return [rd.address for rr in r.answer if rr.rdtype == t for rd in rr]


def types(r):
    return [dns.rdatatype.to_text(rr.rdtype) for rr in r.answer]


def tc(r):
    return bool(r.flags & dns.flags.TC)


def ede(r):
    """Extended DNS Error codes of an answer."""
    return [int(o.code) for o in r.options if int(o.otype) == 15]
