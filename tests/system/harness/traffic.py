# SPDX-License-Identifier: Apache-2.0
"""Questions in a steady stream while a test does something else; every one of them is accounted for."""
import socket
import struct
import threading
import time

from harness import ask, wait


class Udp:
    """`rate` questions a second from one socket until stop(); answers are matched by id."""

    def __init__(self, port, name="load.example.", rate=1500, host="127.0.0.1", unique=False):
        self.rate, self.name, self.unique = rate, name, unique
        self.sock = socket.socket(ask.family(host), socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.connect((host, port))
        self.sock.settimeout(0.2)
        self.sent, self.got, self.late, self.errors = {}, {}, 0, []
        self.running = True
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._send, self._read)]
        for t in self.threads:
            t.start()

    def _send(self):
        serial, start = 0, time.monotonic()
        while self.running and serial < 65000:
            name = f"u{serial}.{self.name}" if self.unique else self.name
            wire = ask.packet(ask.question(name), id=serial)
            try:
                self.sent[serial] = time.monotonic()
                self.sock.send(wire)
            except OSError as e:
                self.errors.append(e)
            serial += 1
            ahead = start + serial / self.rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)

    def _read(self):
        while self.running or self.missing():
            try:
                r = self.sock.recv(65535)
            except socket.timeout:
                if not self.running and time.monotonic() > self.give_up:
                    return
                continue
            except OSError as e:
                self.errors.append(e)
                continue
            self.got[struct.unpack("!H", r[:2])[0]] = (r[3] & 15, time.monotonic())

    def missing(self):
        return len(self.sent) - len(self.got)

    def stop(self, patience=5.0):
        """End it: (sent, ids without an answer, ids with another rcode than NOERROR, slowest in seconds)."""
        self.give_up = time.monotonic() + patience * wait.FACTOR
        self.running = False
        for t in self.threads:
            t.join()
        self.sock.close()
        lost = [i for i in self.sent if i not in self.got]
        bad = {i: rc for i, (rc, _) in self.got.items() if rc}
        slowest = max((t - self.sent[i] for i, (_, t) in self.got.items()), default=0)
        return len(self.sent), lost, bad, slowest


class Tcp:
    """Questions over TCP until stop(): a connection each, or all on one that is kept."""

    def __init__(self, port, name="load.example.", keep=False, rate=200):
        self.port, self.name, self.keep, self.rate = port, name, keep, rate
        self.n, self.lost, self.running = 0, [], True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        conn = None
        while self.running:
            try:
                conn = conn or socket.create_connection(("127.0.0.1", self.port), 5 * wait.FACTOR)
                ask.send(conn, ask.packet(ask.question(self.name), id=self.n & 0xFFFF))
                r = ask.recv(conn)
                if r[3] & 15:
                    self.lost.append((self.n, f"rcode {r[3] & 15}"))
            except (OSError, EOFError) as e:
                self.lost.append((self.n, repr(e)))
                conn = None
            self.n += 1
            if conn and not self.keep:
                conn.close()
                conn = None
            time.sleep(1 / self.rate)
        if conn:
            conn.close()

    def stop(self):
        """(questions, what went wrong)"""
        self.running = False
        self.thread.join()
        return self.n, self.lost
