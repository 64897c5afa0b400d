#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions that a cached answer costs, in user space: the same on every machine, noise or not.

  callgrind.py [--server COMMAND] [--bursts N] [--size N] [--names N] [--functions N]

The server runs under valgrind's callgrind with one worker, once with N bursts and once with 2N; the
difference divided by the questions is printed, with the functions that it went to.  Default server:
build/binnacle -workers 1, beside the floor."""
import argparse, glob, os, re, subprocess, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import counting

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def collected(server, corefile, n, size, names):
    """(instructions in all, {function: its own instructions}) of one run."""
    r = counting.Run(["valgrind", "--tool=callgrind", "--callgrind-out-file={DIR}/cg.%p"], server, corefile)
    try:
        counting.bursts(r.port, n, size, names)
        out = r.end()
        files = sorted(glob.glob(os.path.join(r.dir, "cg.*")), key=os.path.getsize)
        text = subprocess.run(["callgrind_annotate", "--threshold=99.9", "--auto=no", files[-1]], capture_output=True, text=True).stdout
    finally:
        r.remove()
    total = re.search(r"Collected : (\d+)", out)
    if not total:
        raise SystemExit(f"callgrind said nothing: {out[-2000:]}")
    own = {}
    for line in text.splitlines():
        m = re.match(r"\s*([\d,]+) \([^)]*\)\s+(\S.*)", line)
        if m and ":" in m[2]:
            name = m[2].split(":", 1)[1].split(" [")[0]
            own[name] = own.get(name, 0) + int(m[1].replace(",", ""))
    return int(total[1]), own


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--server", default=os.path.join(ROOT, "build", "binnacle") + " -workers 1")
    ap.add_argument("--bursts", type=int, default=500)
    ap.add_argument("--size", type=int, default=16, help="questions a burst")
    ap.add_argument("--names", type=int, default=1, help="names that are asked for, in no order (their misses cancel out only with many bursts)")
    ap.add_argument("--functions", type=int, default=25)
    a = ap.parse_args()
    for server in ("floor", a.server):
        for kind, corefile in counting.COREFILES.items():
            if server == "floor" and kind != "hit":
                continue
            one, own1 = collected(server, corefile, a.bursts, a.size, a.names)
            two, own2 = collected(server, corefile, 2 * a.bursts, a.size, a.names)
            n = a.bursts * a.size
            print(f"{'floor' if server == 'floor' else kind:14} {(two - one) / n:8.0f} instructions a question (bursts of {a.size})")
            if server != "floor" and kind == "hit":
                rows = sorted(((own2[f] - own1.get(f, 0)) / n, f) for f in own2)
                for per, f in rows[:-a.functions - 1:-1]:
                    print(f"    {per:8.1f}  {f}")


if __name__ == "__main__":
    main()
