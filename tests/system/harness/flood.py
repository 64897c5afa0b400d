# SPDX-License-Identifier: Apache-2.0
"""The flood: questions at a steady rate from C (see flood.c)."""
import os
import re
import subprocess
import tempfile

_made = {}


def binary():
    if "path" not in _made:
        _made["folder"] = tempfile.TemporaryDirectory(prefix="bn-flood-")
        path = os.path.join(_made["folder"].name, "flood")
        source = os.path.join(os.path.dirname(__file__), "flood.c")
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", path, source], check=True)
        _made["path"] = path
    return _made["path"]


BUSY_MS = 150


def on_a_free_machine(attempt, tries=3):
    """attempt() -> (what must hold, the flood's result).  Where it does not hold and the flood itself was held
    up, the machine was busy elsewhere and the attempt says nothing: another one, `tries` in all."""
    for left in range(tries - 1, -1, -1):
        holds, got = attempt()
        if holds or not left or got["behind_ms"] < BUSY_MS:
            assert holds, got
            return got


class Flood:
    """Runs beside the test; result() waits for its end: {"sent": N, "answered": N, "slowest_ms": N, ...}"""

    def __init__(self, port, rate, seconds, name, host="127.0.0.1", tail_ms=500, ns=None):
        line = [binary(), host, str(port), str(rate), str(seconds), name, str(tail_ms)]
        self.proc = subprocess.Popen(ns.command(line) if ns else line, stdout=subprocess.PIPE, text=True)
        self.bound = seconds * 4 + 20

    def running(self):
        return self.proc.poll() is None

    def result(self):
        try:
            out, _ = self.proc.communicate(timeout=self.bound)
        finally:
            if self.proc.poll() is None:
                self.proc.kill()
                self.proc.wait()
        return {k: int(v) for k, v in re.findall(r"(\w+) (\d+)", out)}
