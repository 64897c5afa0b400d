#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""System calls that a batch of cached answers costs.

  syscalls.py [--server COMMAND] [--bursts N] [--size N]

The server runs under `strace -c` with one worker, once with N bursts and once with 2N; the difference
a burst is printed.  A burst that the server reads in one go costs one wake-up, one read and one write."""
import argparse, os, re, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import counting

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def counted(server, corefile, n, size):
    """{system call: times} of one run."""
    r = counting.Run(["strace", "-f", "-c", "-o", "{DIR}/counts"], server, corefile)
    try:
        counting.bursts(r.port, n, size)
        r.end()
        with open(os.path.join(r.dir, "counts")) as f:
            text = f.read()
    finally:
        r.remove()
    return {m[2]: int(m[1]) for m in re.finditer(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", text, re.M) if m[2] != "total"}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--server", default=os.path.join(ROOT, "build", "binnacle") + " -workers 1")
    ap.add_argument("--bursts", type=int, default=500)
    ap.add_argument("--size", type=int, action="append", help="questions a burst (1, 16, 64)")
    a = ap.parse_args()
    for server in ("floor", a.server):
        for kind, corefile in counting.COREFILES.items():
            if server == "floor" and kind != "hit":
                continue
            for size in a.size or (1, 16, 64):
                one = counted(server, corefile, a.bursts, size)
                two = counted(server, corefile, 2 * a.bursts, size)
                per = {c: (two[c] - one.get(c, 0)) / a.bursts for c in two}
                text = ", ".join(f"{c} {v:.2f}" for c, v in sorted(per.items(), key=lambda x: -x[1]) if v >= 0.02)
                print(f"{'floor' if server == 'floor' else kind:14} bursts of {size:3}: {text}", flush=True)


if __name__ == "__main__":
    main()
