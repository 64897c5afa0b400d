# SPDX-License-Identifier: Apache-2.0
"""Frame Streams from the collector's side, and files of them read by dnstap-read."""
import shutil, socket, struct, subprocess

import yaml

TYPE = b"protobuf:dnstap.Dnstap"
ACCEPT, START, STOP, READY, FINISH = 1, 2, 3, 4, 5


def control(kind, with_type=True):
    body = struct.pack("!I", kind) + (struct.pack("!II", 1, len(TYPE)) + TYPE if with_type else b"")
    return struct.pack("!II", 0, len(body)) + body


class Reader:
    """The receiving end of a bidirectional stream, over any connected socket."""

    def __init__(self, sock, timeout=10):
        self.sock, self.stopped = sock, False
        sock.settimeout(timeout)
        assert self.control() == READY
        sock.sendall(control(ACCEPT))
        assert self.control() == START

    def exactly(self, n):
        out = b""
        while len(out) < n:
            more = self.sock.recv(n - len(out))
            if not more:
                raise EOFError
            out += more
        return out

    def control(self):
        assert self.exactly(4) == bytes(4)
        return struct.unpack("!I", self.exactly(struct.unpack("!I", self.exactly(4))[0])[:4])[0]

    def frame(self):
        """The next frame; None at the stream's end, which is acknowledged."""
        n = struct.unpack("!I", self.exactly(4))[0]
        if n:
            return self.exactly(n)
        body = self.exactly(struct.unpack("!I", self.exactly(4))[0])
        assert struct.unpack("!I", body[:4])[0] == STOP
        self.sock.sendall(control(FINISH, False))
        self.stopped = True
        return None

    def frames(self, n):
        return [self.frame() for _ in range(n)]


def write(path, frames):
    """A file as fstrm_capture makes it."""
    with open(path, "wb") as f:
        f.write(control(START) + b"".join(struct.pack("!I", len(x)) + x for x in frames) + control(STOP, False))
    return path


def read(path):
    """What dnstap-read says of a file, one dictionary a frame."""
    out = subprocess.run([shutil.which("dnstap-read"), "-y", str(path)], capture_output=True, text=True, timeout=30,
                         check=True).stdout
    return [d for d in yaml.safe_load_all(out) if d]


def field(frame, number):
    """A text field of the outermost message; None: it has none.  (dnstap-read does not show `extra`.)"""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            at += 1
            value |= (frame[at - 1] & 127) << shift
            if frame[at - 1] < 128:
                return value
            shift += 7
    while at < len(frame):
        tag = varint()
        n = varint()  # a length, or the value itself
        if tag & 7 == 2:
            at += n
            if tag >> 3 == number:
                return frame[at - n:at].decode()
    return None


def messages(frames, folder):
    return [{**d, **d["message"]} for d in read(write(folder / "read", frames))]


def listen(path=None):
    s = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    s.bind(str(path) if path else ("127.0.0.1", 0))
    s.listen()
    s.settimeout(10)
    return s
