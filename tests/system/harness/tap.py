# SPDX-License-Identifier: Apache-2.0
"""A tap on an interface of a namespace: every UDP datagram and TCP SYN that passes, as it was on the wire."""
import collections, socket, struct, threading

ETH_P_ALL = 3
PACKET_OUTGOING = 4     # on loopback each packet passes twice; the way in is taken

Packet = collections.namedtuple("Packet", "proto src sport dst dport data")


def parse(raw):
    """A Packet from the bytes of an IP packet; None for what is neither UDP nor a TCP SYN."""
    if raw[0] >> 4 == 4:
        head, proto = (raw[0] & 15) * 4, raw[9]
        src, dst = (socket.inet_ntop(socket.AF_INET, raw[i:i + 4]) for i in (12, 16))
    elif raw[0] >> 4 == 6:
        head, proto = 40, raw[6]
        src, dst = (socket.inet_ntop(socket.AF_INET6, raw[i:i + 16]) for i in (8, 24))
    else:
        return None
    body = raw[head:]
    if proto == socket.IPPROTO_UDP and len(body) >= 8:
        sport, dport = struct.unpack("!HH", body[:4])
        return Packet("udp", src, sport, dst, dport, body[8:])
    if proto == socket.IPPROTO_TCP and len(body) >= 20 and body[13] & 0x12 == 0x02:
        sport, dport = struct.unpack("!HH", body[:4])
        return Packet("syn", src, sport, dst, dport, b"")
    return None


class Tap:
    def __init__(self, ns=None, interface="lo"):
        if ns is None:
            self._sock = self._open(interface)
        else:
            with ns.inside():
                self._sock = self._open(interface)
        self.packets, self._lock = [], threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @staticmethod
    def _open(interface):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        s.bind((interface, ETH_P_ALL))
        s.settimeout(0.2)
        return s

    def _read(self):
        while self._sock.fileno() >= 0:
            try:
                raw, addr = self._sock.recvfrom(65536)
            except socket.timeout:
                continue
            except OSError:
                return
            if addr[2] == PACKET_OUTGOING or not raw:
                continue
            packet = parse(raw)
            if packet:
                with self._lock:
                    self.packets.append(packet)

    def since(self, mark):
        """What has passed after packet number `mark` (see len())."""
        with self._lock:
            return self.packets[mark:]

    def __len__(self):
        with self._lock:
            return len(self.packets)

    def close(self):
        self._sock.close()
        self._thread.join(2)
