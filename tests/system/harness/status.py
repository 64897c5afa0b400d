# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of a server's process and threads."""
import functools, os, re

from harness import server as server_module, wait


def names(made):
    """Names of the threads of a server that has begun to serve."""
    made.said(r"^\[INFO\] Serving ", timeout=15)
    folder = f"/proc/{made.proc.pid}/task"
    out = []
    for tid in os.listdir(folder):
        with open(f"{folder}/{tid}/comm") as f:
            out.append(f.read().strip())
    return out


def threads(made):
    """/proc/.../status of each thread, once all have been started, as {NAME: first word}."""
    wait.until(lambda: "log" in " ".join(names(made)), "the log's writer, which is the last")
    folder = f"/proc/{made.proc.pid}/task"
    out = []
    for tid in os.listdir(folder):
        with open(f"{folder}/{tid}/status") as f:
            out.append(dict(re.findall(r"^(\w+):\s*(\S*)", f.read(), re.M)))
    return out


@functools.cache
def sanitized():
    """Whether the server under test is instrumented: its reports need calls that are forbidden else."""
    with open(server_module.binary()[-1], "rb") as f:
        code = f.read()
    return b"__asan_init" in code or b"__tsan_init" in code
