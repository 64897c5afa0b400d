# SPDX-License-Identifier: Apache-2.0
"""Whoever reads the log has stopped reading: no question waits for it."""
import os
import re
import threading

import pytest

from harness import wait
from harness.flood import Flood, on_a_free_machine

pytestmark = pytest.mark.threads

COREFILE = ".:{PORT} {\n    bind 127.0.0.1\n    log\n    whoami\n}\n"


class Pipe:
    """Standard output of the server; read only from start() on."""

    def __init__(self):
        self.r, self.w = os.pipe()
        self.text, self.thread = b"", None

    def start(self):
        def read():
            while True:
                part = os.read(self.r, 65536)
                if not part:
                    return
                self.text += part
        self.thread = threading.Thread(target=read, daemon=True)
        self.thread.start()

    def finish(self):
        self.thread.join(10)
        os.close(self.r)
        return self.text.decode(errors="replace")


def test_latency_does_not_change_and_lost_lines_are_counted(server):
    pipe = Pipe()
    made = server(COREFILE, stdout=pipe.w)
    os.close(pipe.w)
    answered = 0

    def attempt():
        nonlocal answered
        got = Flood(made.port(), 5000, 3, "=stall.example", tail_ms=2000).result()
        answered += got["answered"]
        return (got["answered"] >= got["sent"] * 0.999 and got["median_ms"] <= 1 * wait.FACTOR and
                got["slowest_ms"] <= 150 * wait.FACTOR), got
    on_a_free_machine(attempt)
    pipe.start()
    wait.until(lambda: b"dropped" in pipe.text, "a line that tells how many were dropped")
    assert made.udp("after.example.").rcode() == 0
    assert made.stop() == 0
    text = pipe.finish()
    written = len(re.findall(r'"A IN stall\.example\.', text))
    dropped = sum(int(n) for n in re.findall(r"(\d+) [^\n]*dropped|dropped\D*(\d+)", text) for n in n if n)
    assert written + dropped >= answered, f"{written} written, {dropped} told as dropped, {answered} answered"
    assert re.search(r'"A IN after\.example\.', text)


def test_the_server_ends_though_nobody_reads(server):
    pipe = Pipe()
    made = server(COREFILE, stdout=pipe.w)
    os.close(pipe.w)
    Flood(made.port(), 5000, 1, "=stall.example").result()
    assert made.stop() == 0
    os.close(pipe.r)


def test_a_reader_that_is_gone_does_no_harm(server):
    """EPIPE on standard output."""
    pipe = Pipe()
    made = server(COREFILE, stdout=pipe.w)
    os.close(pipe.w)
    os.close(pipe.r)
    for i in range(50):
        assert made.udp(f"gone{i}.example.").rcode() == 0
