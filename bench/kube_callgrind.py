#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions that an answer from the cluster costs, beside a cache hit of the same name: in user space, the same on
every machine.

  kube_callgrind.py [--server COMMAND] [--bursts N] [--size N] [--services N] [--functions N]

The server runs under valgrind's callgrind with one worker over a small API server (tests/compat/fakekube.py) that holds N services, once
with as many bursts and once with twice as many; the difference divided by the questions is printed.  Only the worker's loop counts: other
threads do more the longer it takes.  Lookups go round all
services; the hits are of as many names."""
import argparse, contextlib, glob, os, re, signal, socket, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests", "compat")]
import bench, counting, fakekube

KUBE = """.:{PORT} {
  bind 127.0.0.1
  {CACHE}
  kubernetes cluster.local {
    endpoint http://127.0.0.1:{KUBE}
    ttl 3600
  }
}
"""
WIRE = {1: b"\x00\x01\x00\x01", 33: b"\x00\x21\x00\x01"}


def name(text):
    return b"".join(bytes([len(l)]) + l.encode() for l in text.rstrip(".").split(".")) + b"\0"


def question(i, text, kind=1):
    return bytes([i >> 8 & 255, i & 255]) + bytes.fromhex("01000001000000000000") + name(text) + WIRE[kind]


def bursts(port, n, size, texts, kind):
    """All names of a burst are equally long, as UDP_SEGMENT needs it."""
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_UDP, counting.UDP_SEGMENT, len(question(0, texts[0], kind)))
        s.connect(("127.0.0.1", port))
        s.settimeout(30)
        for b in range(n):
            s.send(b"".join(question(i, texts[(b * size + i) % len(texts)], kind) for i in range(size)))
            for _ in range(size):
                s.recv(65535)


def objects(n):
    out = []
    for i in range(n):
        out.append({"kind": "Service", "metadata": {"name": f"web-{i:04}", "namespace": "shop"},
                    "spec": {"clusterIP": f"10.96.{i // 250}.{i % 250 + 1}", "ports": [{"name": "http", "port": 80}]}})
        out.append({"kind": "Service", "metadata": {"name": f"hl--{i:04}", "namespace": "shop"},
                    "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80}]}})
        out.append({"kind": "EndpointSlice", "metadata": {"name": f"hl--{i:04}-x", "namespace": "shop",
                                                          "labels": {"kubernetes.io/service-name": f"hl--{i:04}"}},
                    "ports": [{"name": "http", "port": 80}], "endpoints": [{"addresses": [f"10.200.{i // 250}.{i % 250 + 1}"]}]})
    return out


def run(server, corefile, n, size, texts, kind):
    """(instructions, {function: its own}) of one life."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        conf, log = os.path.join(folder, "Corefile"), os.path.join(folder, "log")
        port = bench.free_port()
        with open(conf, "w") as f:
            f.write(corefile.replace("{PORT}", str(port)))
        with open(log, "w") as out:
            proc = subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/cg.%p", "--toggle-collect=loop_run"] + server.split() +
                                    ["-conf", conf], stdout=out, stderr=out, cwd=folder)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                bursts(port, max(1, len(texts) // size), size, texts, kind)
                break
            time.sleep(0.3)
        bursts(port, n, size, texts, kind)
        proc.send_signal(signal.SIGTERM)
        proc.wait(60)
        cg = max(glob.glob(os.path.join(folder, "cg.*")), key=os.path.getsize)
        text = subprocess.run(["callgrind_annotate", "--threshold=99.9", "--auto=no", cg], capture_output=True, text=True).stdout
        total = int(re.search(r"Collected : (\d+)", open(log, errors="replace").read())[1])
    own = {}
    for line in text.splitlines():
        m = re.match(r"\s*([\d,]+) \([^)]*\)\s+(\S.*)", line)
        if m and ":" in m[2]:
            f = m[2].split(":", 1)[1].split(" [")[0]
            own[f] = own.get(f, 0) + int(m[1].replace(",", ""))
    return total, own


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--server", default=os.path.join(HERE, "..", "build", "binnacle") + " -workers 1")
    ap.add_argument("--bursts", type=int, default=250)
    ap.add_argument("--size", type=int, default=16, help="questions a burst")
    ap.add_argument("--services", type=int, default=400)
    ap.add_argument("--functions", type=int, default=0)
    ap.add_argument("--only", default="")
    a = ap.parse_args()
    kube = fakekube.FakeKube(bench.free_port(), objects(a.services)).start()
    base = KUBE.replace("{KUBE}", str(kube.port))
    services = [f"web-{i:04}.shop.svc.cluster.local" for i in range(a.services)]
    rows = {
        "cache hit": ("cache 3600", services, 1),
        "cluster IP": ("", services, 1),
        "headless, one": ("", [f"hl--{i:04}.shop.svc.cluster.local" for i in range(a.services)], 1),
        "no such service": ("", [f"nope{i:03}.shop.svc.cluster.local" for i in range(a.services)], 1),
        "search path": ("", [f"api.example{i:03}.com.shop.svc.cluster.local" for i in range(a.services)], 1),
        "search path, svc": ("", [f"api.example{i:03}.com.svc.cluster.local" for i in range(a.services)], 1),
        "search path, zone": ("", [f"api.example{i:03}.com.cluster.local" for i in range(a.services)], 1),
        "cluster IP, SRV": ("", services, 33),
        "headless, SRV": ("", [f"hl--{i:04}.shop.svc.cluster.local" for i in range(a.services)], 33),
    }
    hit = None
    try:
        for row, (cache, texts, kind) in rows.items():
            if a.only and a.only != row and row != "cache hit":
                continue
            corefile = base.replace("{CACHE}", cache)
            one, own1 = run(a.server, corefile, a.bursts, a.size, texts, kind)
            two, own2 = run(a.server, corefile, 2 * a.bursts, a.size, texts, kind)
            n = a.bursts * a.size
            per = (two - one) / n
            hit = hit or per
            print(f"{row:20} {per:8.0f} instructions a question, {per / hit:.2f} of a hit", flush=True)
            rest = sorted(((own2[f] - own1.get(f, 0)) / n, f) for f in own2)
            for each, f in rest[:-a.functions - 1:-1]:
                print(f"    {each:8.1f}  {f}")
    finally:
        kube.stop()


if __name__ == "__main__":
    main()
