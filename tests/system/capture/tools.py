# SPDX-License-Identifier: Apache-2.0
"""Clients and servers that do what no ordinary program does, and captures written anew."""
import socket, struct, threading, time

import dns.flags, dns.message, dns.rdatatype


class Faulty:
    """A forwarder on port 53 of a namespace, at fault: `without_tc` passes on answers without the TC bit, else it keeps
    answers that were cut and gives them over TCP too."""

    def __init__(self, ns, upstream, without_tc):
        with ns.inside():
            self.sock, self.out = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            self.listening = socket.socket()
            for s in (self.sock, self.listening):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("0.0.0.0", 53))
        self.listening.listen(8)
        self.out.settimeout(5)
        self.upstream, self.without_tc, self.kept = upstream, without_tc, b""
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self._udp, self._tcp)]
        for t in self.threads:
            t.start()

    def _udp(self):
        while True:
            query, client = self.sock.recvfrom(4096)
            if not query:
                return
            self.out.sendto(query, (self.upstream, 53))
            answer = bytearray(self.out.recvfrom(4096)[0])
            if self.without_tc:
                answer[2] &= ~(dns.flags.TC >> 8)
            elif answer[2] & dns.flags.TC >> 8:
                self.kept = bytes(answer)
            self.sock.sendto(answer, client)

    def _tcp(self):
        while True:
            try:
                conn, _ = self.listening.accept()
            except OSError:
                return
            with conn:
                conn.settimeout(5)
                query = conn.recv(4096)[2:]
                answer = query[:2] + self.kept[2:]
                conn.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self, address, ns):
        with ns.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", (address, 53))
        self.listening.shutdown(socket.SHUT_RDWR)
        for t in self.threads:
            t.join(5)
        for s in (self.sock, self.out, self.listening):
            s.close()


def query(name, rdtype="A"):
    return dns.message.make_query(name, rdtype).to_wire()


def ask(ns, server, name):
    """One question from a new socket, and its answer in words: much faster than dig in a namespace."""
    with ns.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((server, 53))
        s.send(query(name))
        return dns.message.from_wire(s.recv(4096)).to_text()


def pairs(ns, server, names):
    """A and AAAA of each name at once from a new socket; waits for the answers, but not for long."""
    with ns.inside():
        for name in names:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(0.3)
                s.connect((server, 53))
                s.send(query(name))
                s.send(query(name, "AAAA"))
                try:
                    s.recv(4096), s.recv(4096)
                except TimeoutError:
                    pass


def seconds(ns, server, rates, zone):
    """For each rate: so many questions, evenly in a whole second of the clock that captures go by."""
    with ns.inside():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    n = 0
    for rate in rates:
        start = int(time.time()) + 1
        for i in range(rate):
            time.sleep(max(0.0, start + 0.05 + 0.9 * i / rate - time.time()))
            s.sendto(query(f"n{n}.{zone}"), (server, 53))
            n += 1
            try:
                s.recv(4096)
            except OSError:
                pass
    s.close()


class Stream:
    """A DNS connection that stays open."""

    def __init__(self, ns, server):
        with ns.inside():
            self.sock = socket.create_connection((server, 53), 5)

    def ask(self, name):
        q = query(name)
        self.sock.sendall(struct.pack("!H", len(q)) + q)
        n = struct.unpack("!H", self._read(2))[0]
        return dns.message.from_wire(self._read(n))

    def _read(self, n):
        data = b""
        while len(data) < n:
            data += self.sock.recv(n - len(data))
        return data

    def close(self):
        self.sock.close()


# ---------------------------------------------------------------- files
def packets(path):
    """[(seconds, microseconds, length, bytes)] of a capture in the classic format, and its link type."""
    with open(path, "rb") as f:
        data = f.read()
    assert data[:4] == b"\xd4\xc3\xb2\xa1"
    at, out = 24, []
    while at + 16 <= len(data):
        s, us, n, length = struct.unpack("<4I", data[at:at + 16])
        out.append((s, us, length, data[at + 16:at + 16 + n]))
        at += 16 + n
    return out, struct.unpack("<I", data[20:24])[0]


def write_pcap(path, found, link, *, nanoseconds=False, ahead=0.0, order="<"):
    """The same packets in another form: nanoseconds, another byte order, a clock that is `ahead` seconds ahead."""
    with open(path, "wb") as f:
        f.write(struct.pack(order + "IHHiIII", 0xa1b23c4d if nanoseconds else 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for s, us, length, data in found:
            t = s * 1000000 + us + round(ahead * 1000000)
            part = t % 1000000 * (1000 if nanoseconds else 1)
            f.write(struct.pack(order + "4I", t // 1000000, part, len(data), length) + data)
    return path


def write_pcapng(path, found, link):
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    with open(path, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", link, 0, 262144) + struct.pack("<HHB3x", 9, 1, 9) + b"\0\0\0\0"))  # if_tsresol: ns
        for s, us, length, data in found:
            t = (s * 1000000 + us) * 1000
            f.write(block(6, struct.pack("<5I", 0, t >> 32, t & 0xffffffff, len(data), length) + data))
    return path
