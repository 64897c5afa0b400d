# SPDX-License-Identifier: Apache-2.0
"""What callgrind.py and syscalls.py share: a server over the plain echo upstream, its answers cached, and
bursts of questions of which all answers are awaited before the next burst goes out.

The difference between two runs of different length is what the bursts cost; start and end cancel out."""
import contextlib, os, shutil, signal, socket, subprocess, tempfile

import bench

NAME = b"\x02h1\x07example\x03com\x00"


def question(i, name=NAME):
    return bytes([i >> 8 & 255, i & 255]) + bytes.fromhex("01000001000000000000") + name + b"\x00\x01\x00\x01"


def name(i):
    """The i-th of many names, all of one length."""
    return b"\x06h%05d\x07example\x03com\x00" % i


UDP_SEGMENT = 103       # linux/udp.h: one send, cut into datagrams of that size


def bursts(port, n, size, names=1):
    """Send n bursts of `size` (1 to 64) questions from one socket; those of a burst arrive at once, so that
    the counts do not depend on who runs when.  More than one name: each question has another of so many, in no order."""
    def burst(k):
        at = range(k * size, (k + 1) * size)
        return b"".join(question(i - at[0], name(i * 2654435761 % 2**32 * names >> 32)) for i in at)

    burst_of = burst if names > 1 else lambda k, one=b"".join(question(i) for i in range(size)): one
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(burst_of(0)) // size)
        s.connect(("127.0.0.1", port))
        s.settimeout(20)
        for k in range(n):
            s.send(burst_of(k))
            for _ in range(size):
                s.recv(4096)


class Run:
    """One life of a server under a tool; `prefix` is the tool's command line."""

    def __init__(self, prefix, server, corefile):
        self.dir = tempfile.mkdtemp(prefix="bench-")
        self.port, up = bench.free_port(), bench.free_port()
        self.up = bench.start_upstream("plain", up)
        if server == "floor":
            line = [bench.echo_binary(), str(self.port), "1"]
        else:
            conf = os.path.join(self.dir, "Corefile")
            with open(conf, "w") as f:
                f.write(corefile.format(PORT=self.port, UP=up))
            line = server.split() + ["-conf", conf]
        self.log = open(os.path.join(self.dir, "log"), "w")
        self.proc = subprocess.Popen([p.replace("{DIR}", self.dir) for p in prefix] + line, stdout=self.log, stderr=self.log,
                                     cwd=self.dir)
        if not bench.wait_answer(self.port, self.proc, 60):
            raise SystemExit(f"the server did not answer: {self.end()[-2000:]}")
        bursts(self.port, 5, 8)         # the name is in the cache, lazy things are made

    def output(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def end(self):
        """Stop everything; the output."""
        for p in bench.children(self.proc.pid) or [self.proc.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(p, signal.SIGTERM)
        try:
            self.proc.wait(30)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.up.terminate()
        self.up.wait()
        out = self.output()
        self.log.close()
        return out

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


COREFILES = {
    "hit": ".:{PORT} {{\n  bind 127.0.0.1\n  forward . 127.0.0.1:{UP}\n  cache 300\n}}\n",
    "hit-wildcard": ".:{PORT} {{\n  forward . 127.0.0.1:{UP}\n  cache 300\n}}\n",
}
