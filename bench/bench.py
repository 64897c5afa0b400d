#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measure DNS servers side by side: CPU time per query, throughput, latency, memory.

  bench.py [--server NAME=COMMAND ...] [--scenario S ...] [--seconds N] [--rounds N] [--json FILE]
  bench.py --baseline --server binnacle=build/binnacle      at least 9 rounds; exit 1 when a limit is not met

Peers known by name: floor (echo.c), coredns (needs COREDNS=path), unbound, dnsdist, bind, dnsmasq,
kresd.  --server binnacle='build/binnacle' adds any server that takes `-conf Corefile`.
Rounds interleave the servers, so that noise of the machine falls on all of them; the figures
are medians, and what counts is the ratio between rows of one run.  Loads are dnsperf's, on loopback.

  cpu_us   server CPU (user+system, all threads) per answered query, microseconds
  ratio    cpu_us over the floor's of the same round (median over the rounds)
  qps      answered per second while dnsperf keeps its window full
  avg_ms   dnsperf's average latency at a fixed 5,000 queries/s
  rss_mb   resident memory after the load
"""
import argparse, json, os, re, shutil, socket, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as t:
        t.bind(("127.0.0.1", 0))
        return t.getsockname()[1]


def cpu(pid):
    """CPU seconds used so far by a process and all its threads and children."""
    total = 0
    for p in [pid] + children(pid):
        try:
            with open(f"/proc/{p}/stat") as f:
                parts = f.read().rsplit(")", 1)[1].split()
            total += int(parts[11]) + int(parts[12])
        except OSError:
            pass
    return total / TICK


def children(pid):
    out = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for c in f.read().split():
                out += [int(c)] + children(int(c))
    except OSError:
        pass
    return out


def rss(pid):
    total = 0
    for p in [pid] + children(pid):
        try:
            with open(f"/proc/{p}/status") as f:
                total += int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
        except (OSError, TypeError):
            pass
    return total / 1024


def echo_binary():
    out = os.path.join(tempfile.gettempdir(), "binnacle-bench-echo")
    src = os.path.join(HERE, "echo.c")
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(src):
        subprocess.run(["gcc", "-O2", "-pthread", "-o", out, src], check=True)
    return out


# ---------------------------------------------------------------- scenarios
def names(n, fmt):
    return [fmt.format(i) for i in range(n)]


class Scenario:
    def __init__(self, name, corefile, queries, upstream=None, warm=True, mode="udp", files=None, peers=(), dnsperf=(),
                 limit=None, most_mb=None):
        self.name, self.corefile, self.queries, self.upstream = name, corefile, queries, upstream
        self.warm, self.mode, self.files, self.peers, self.dnsperf = warm, mode, files or {}, peers, list(dnsperf)
        self.limit, self.most_mb = limit, most_mb       # CPU over the floor's, resident memory: --baseline


FORWARD = ".:{PORT} {{\n  bind 127.0.0.1\n  forward . 127.0.0.1:{UP} {{\n    max_fails 0\n  }}\n{MORE}}}\n"
CACHE = "  cache 300 {\n    success 200000\n    denial 20000\n  }\n"
ALL = ("unbound", "dnsdist", "bind", "dnsmasq", "kresd")
# as most clusters run it: every plugin of the stock cluster Corefile that needs no API server
STOCK = ".:{PORT} {{\n  bind 127.0.0.1\n  errors\n  health 127.0.0.1:{P2}\n  ready 127.0.0.1:{P3}\n  prometheus 127.0.0.1:{P4}\n  forward . 127.0.0.1:{UP} {{\n    max_fails 0\n    max_concurrent 1000\n  }}\n" + CACHE + "  loop\n  reload\n  loadbalance\n}}\n"
CACHE_F = CACHE.replace("{", "{{").replace("}", "}}")
STOCK = STOCK.replace(CACHE, CACHE_F)


def zone_file(n):
    return "$ORIGIN example.org.\n$TTL 3600\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\nns IN A 192.0.2.1\n" + \
        "".join(f"h{i} IN A 192.0.2.{i % 250 + 1}\n" for i in range(n))


SCENARIOS = [
    Scenario("hit", FORWARD.replace("{MORE}", CACHE_F), names(1000, "h{}.example.com. A"), "plain", peers=ALL, limit=1.4),
    # bound to every address, as in a pod: each answer carries the address that it has to leave from
    Scenario("hit-wildcard", FORWARD.replace("{MORE}", CACHE_F).replace("  bind 127.0.0.1\n", ""),
             names(1000, "h{}.example.com. A"), "plain"),
    Scenario("hit-stock", STOCK, names(1000, "h{}.example.com. A"), "plain"),
    Scenario("hit-wide", FORWARD.replace("{MORE}", CACHE_F), names(100000, "w{}.example.com. A"), "plain", peers=ALL,
             limit=1.6),
    Scenario("miss", FORWARD.replace("{MORE}", ""), names(200000, "m{}.example.com. A"), "plain", warm=False,
             peers=("dnsdist",), limit=3.0),
    Scenario("miss-cache", FORWARD.replace("{MORE}", CACHE_F), names(2000000, "m{}.example.com. A"), "plain", warm=False,
             peers=("unbound", "bind", "dnsmasq", "kresd")),
    Scenario("big-edns", FORWARD.replace("{MORE}", CACHE_F), names(1000, "s{}.example.com. A"), "big", peers=ALL, dnsperf=["-e"]),
    Scenario("truncated-tcp", FORWARD.replace("{MORE}", CACHE_F), names(1000000, "t{}.example.com. A"), "tc", warm=False,
             peers=("unbound", "bind"), limit=7.0),
    Scenario("zone", ".:{PORT} {{\n  bind 127.0.0.1\n  file {DIR}/zone example.org\n}}\n", names(10000, "h{}.example.org. A"),
             files={"zone": zone_file(10000)}, peers=("bind",)),
    # the default cache, both halves full
    Scenario("memory", FORWARD.replace("{MORE}", "  cache\n"),
             names(12000, "m{}.example.com. A") + names(12000, "x{}.example.com. A"), "denial", peers=ALL, most_mb=14),
    Scenario("hit-tcp", FORWARD.replace("{MORE}", CACHE_F), names(1000, "h{}.example.com. A"), "plain", mode="tcp", peers=ALL),
]


# ---------------------------------------------------------------- servers
def server_command(name, cmd, sc, d, port, up):
    """Command line and configuration for one server in one scenario, or None."""
    ports = {"PORT": port, "UP": up, "DIR": d, "P2": free_port(), "P3": free_port(), "P4": free_port()}
    if name == "floor":
        return [echo_binary(), str(port), "2"]
    if name == "coredns" or cmd:
        conf = os.path.join(d, "Corefile")
        with open(conf, "w") as f:
            f.write(sc.corefile.format(**ports))
        return (cmd or os.environ["COREDNS"]).split() + ["-conf", conf]
    if name not in sc.peers:
        return None
    conf = os.path.join(d, "conf")
    if name == "unbound":
        body = f"""server:
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{d}"
  pidfile: ""
  use-syslog: no
  num-threads: 2
  so-reuseport: yes
  do-not-query-localhost: no
  module-config: "iterator"
  msg-cache-size: 64m
  rrset-cache-size: 128m
  msg-cache-slabs: 2
  rrset-cache-slabs: 2
  outgoing-range: 4096
  num-queries-per-thread: 2048
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{up}
"""
        run = ["unbound", "-d", "-c", conf]
    elif name == "dnsdist":
        cache = "" if sc.name == "miss" else \
            'pc = newPacketCache(200000, {maxTTL=300})\ngetPool(""):setCache(pc)\n'
        body = f"""setLocal("127.0.0.1:{port}", {{reusePort=true}})
addLocal("127.0.0.1:{port}", {{reusePort=true}})
setACL("127.0.0.0/8")
newServer({{address="127.0.0.1:{up}", healthCheckMode="up", sockets=4}})
{cache}"""
        run = ["dnsdist", "--supervised", "--disable-syslog", "-C", conf]
    elif name == "bind":
        zone = f'zone "example.org" {{ type primary; file "{d}/zone"; }};' if sc.name == "zone" else ""
        fwd = "" if sc.name == "zone" else f"forward only; forwarders {{ 127.0.0.1 port {up}; }};"
        body = f"""options {{ directory "{d}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
 pid-file none; session-keyfile none; recursion yes; {fwd} dnssec-validation no; max-cache-size 256m; }};
controls {{ }};
{zone}
"""
        run = ["named", "-g", "-n", "2", "-c", conf]
    elif name == "dnsmasq":
        body = ""
        run = ["dnsmasq", "-k", "-C", conf, "--no-resolv", "--no-hosts", f"--server=127.0.0.1#{up}", f"--port={port}",
               "--listen-address=127.0.0.1", "--bind-interfaces", "--cache-size=10000", "--user=root", "--pid-file=",
               "--dns-forward-max=5000", "--local-ttl=300"]
    elif name == "kresd":
        body = f"""net.listen('127.0.0.1', {port})
policy.add(policy.all(policy.FORWARD('127.0.0.1@{up}')))
trust_anchors.remove('.')
cache.size = 200*MB
"""
        run = ["kresd", "-n", "-c", conf, d]
    with open(conf, "w") as f:
        f.write(body)
    return run


def start_upstream(kind, port):
    args = {"plain": [], "big": ["big", "60"], "tc": ["tc", "60"], "denial": ["denial"]}[kind]
    return subprocess.Popen([echo_binary(), str(port), "1"] + args)


def wait_answer(port, proc, timeout=20):
    q = bytes.fromhex("abcd01000001000000000000") + b"\x04warm\x07example\x03com\x00\x00\x01\x00\x01"
    end = time.monotonic() + timeout
    while time.monotonic() < end and proc.poll() is None:
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            try:
                s.sendto(q, ("127.0.0.1", port))
                s.recv(4096)
                return True
            except OSError:
                time.sleep(0.05)
    return False


def dnsperf(port, data, mode, seconds, rate=None, extra=()):
    cmd = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", data, "-l", str(seconds), "-m", mode, "-c", "20",
           "-T", "1", "-q", "200", "-t", "2"] + list(extra)
    if rate:
        cmd += ["-Q", str(rate)]
    out = subprocess.run(cmd, capture_output=True, text=True).stdout
    g = lambda pat: float((re.search(pat, out) or [0, "nan"])[1])
    return {"sent": g(r"Queries sent:\s+(\d+)"), "done": g(r"Queries completed:\s+(\d+)"),
            "lost": g(r"Queries lost:\s+(\d+)"), "qps": g(r"Queries per second:\s+([\d.]+)"),
            "avg_ms": g(r"Average Latency \(s\):\s+([\d.]+)") * 1000,
            "failed": sum(int(n) for c, n in re.findall(r"([A-Z]+) (\d+) \(", out) if c not in ("NOERROR", "NXDOMAIN")),
            "codes": (re.search(r"Response codes:\s+(.*)", out) or [0, ""])[1],
            "size": g(r"response (\d+)")}


def measure(name, cmd, sc, seconds):
    d = tempfile.mkdtemp(prefix="bench-")
    os.chmod(d, 0o777)
    up = proc = None
    try:
        for f, body in sc.files.items():
            with open(os.path.join(d, f), "w") as out:
                out.write(body)
        port, upport = free_port(), free_port()
        run = server_command(name, cmd, sc, d, port, upport)
        if run is None or not shutil.which(run[0]):
            return None
        if sc.upstream:
            up = start_upstream(sc.upstream, upport)
        data = os.path.join(d, "queries")
        with open(data, "w") as f:
            f.write("\n".join(q.rstrip(".").replace(". ", " ") for q in sc.queries) + "\n")
        with open(os.path.join(d, "log"), "w") as log:
            proc = subprocess.Popen(run, stdout=log, stderr=log, cwd=d)
        if not wait_answer(port, proc):
            return {"error": open(os.path.join(d, "log")).read()[-300:]}
        if sc.warm:
            dnsperf(port, data, "udp", 30, extra=["-n", "1"] + sc.dnsperf)
            dnsperf(port, data, "udp", 30, extra=["-n", "1"] + sc.dnsperf)
        c0, t0 = cpu(proc.pid), time.monotonic()
        full = dnsperf(port, data, sc.mode, seconds, extra=sc.dnsperf)
        used = cpu(proc.pid) - c0
        calm = dnsperf(port, data, sc.mode, max(2, seconds / 2), rate=5000, extra=sc.dnsperf)
        return {"cpu_us": used / max(1, full["done"]) * 1e6, "qps": full["qps"], "lost": full["lost"],
                "done": full["done"], "failed": full["failed"],
                "avg_ms": calm["avg_ms"], "rss_mb": rss(proc.pid), "codes": full["codes"], "size": full["size"]}
    finally:
        for p in (proc, up):
            if p and p.poll() is None:
                p.terminate()
                try:
                    p.wait(5)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        shutil.rmtree(d, ignore_errors=True)


# ---------------------------------------------------------------- judging
def ratios(rows, name):
    """CPU over the floor's, round by round."""
    pairs = [(g["cpu_us"], f["cpu_us"]) for g, f in zip(rows.get(name, []), rows.get("floor", []))
             if "error" not in g and "error" not in f and f["cpu_us"]]
    return [g / f for g, f in pairs]


def spread(rows):
    """The floor's own spread: half the distance of its quartiles over its median."""
    cpu = [f["cpu_us"] for f in rows.get("floor", []) if "error" not in f]
    if len(cpu) < 4:
        return 0.0
    q = statistics.quantiles(cpu, n=4)
    return (q[2] - q[0]) / 2 / statistics.median(cpu)


def judge(sc, rows, name):
    """(what was compared, measured, bound, met) for each limit of the scenario."""
    out = []
    got = [g for g in rows.get(name, []) if "error" not in g]
    if sc.limit:
        r = ratios(rows, name)
        bound = sc.limit * (1 + spread(rows))
        out.append((f"CPU over the floor, {len(r)} rounds", statistics.median(r) if r else float("nan"), bound,
                    len(r) >= 9 and statistics.median(r) <= bound))
    if sc.most_mb:
        mb = max((g["rss_mb"] for g in got), default=float("nan"))
        out.append(("resident MB", mb, sc.most_mb, bool(got) and mb <= sc.most_mb))
    for what, share in (("lost", sum(g["lost"] for g in got)), ("failed", sum(g["failed"] for g in got))):
        percent = 100 * share / max(1, sum(g["done"] for g in got))
        out.append((f"percent of the questions {what}", percent, 0.1, bool(got) and percent <= 0.1))
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--server", action="append", default=[], help="NAME=COMMAND or a peer's name")
    ap.add_argument("--scenario", action="append", default=[])
    ap.add_argument("--seconds", type=float, default=5)
    ap.add_argument("--rounds", type=int)
    ap.add_argument("--baseline", action="store_true", help="judge the servers that are given as NAME=COMMAND by the limits")
    ap.add_argument("--json")
    a = ap.parse_args()
    servers = [tuple(s.split("=", 1)) if "=" in s else (s, None) for s in a.server] or [("floor", None)]
    if a.baseline and "floor" not in [n for n, _ in servers]:
        servers.insert(0, ("floor", None))
    rounds = a.rounds or (9 if a.baseline else 3)
    todo = [s for s in SCENARIOS if s.name in a.scenario or (not a.scenario and (not a.baseline or s.limit or s.most_mb))]
    table, failed = {}, 0
    for sc in todo:
        rows = {}
        for r in range(1 if sc.most_mb else rounds):
            for name, cmd in servers:
                got = measure(name, cmd, sc, a.seconds)
                if got:
                    rows.setdefault(name, []).append(got)
        print(f"\n{sc.name}: {'server':10} {'cpu_us':>8} {'ratio':>6} {'qps':>9} {'avg_ms':>8} {'rss_mb':>8} {'lost':>6}  codes/size",
              flush=True)
        for name, got in rows.items():
            ok = [g for g in got if "error" not in g]
            if not ok:
                print(f"{'':{len(sc.name) + 1}} {name:10} error: {got[0]['error']!r}")
                continue
            med = {k: statistics.median(g[k] for g in ok) for k in ("cpu_us", "qps", "avg_ms", "rss_mb", "lost", "size")}
            r = ratios(rows, name)
            med["ratio"] = statistics.median(r) if r else float("nan")
            table.setdefault(sc.name, {})[name] = med
            print(f"{'':{len(sc.name) + 1}} {name:10} {med['cpu_us']:8.2f} {med['ratio']:6.2f} {med['qps']:9.0f} {med['avg_ms']:8.3f} "
                  f"{med['rss_mb']:8.1f} {med['lost']:6.0f}  {ok[0]['codes']} {med['size']:.0f}B", flush=True)
        for name, cmd in servers if a.baseline else []:
            for what, value, bound, met in judge(sc, rows, name) if cmd else []:
                failed += not met
                print(f"{'':{len(sc.name) + 1}} {name:10} {'met' if met else 'NOT MET'}: {what} {value:.2f}, at most {bound:.2f}",
                      flush=True)
    if a.json:
        with open(a.json, "w") as f:
            json.dump(table, f, indent=1)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
