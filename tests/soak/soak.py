#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mixed load for a long time, with packets mutated at random from real ones, on both sides of the server.

  soak.py [BINARY] [--minutes 30] [--seed N]      BINARY: best built with -Db_sanitize=address,undefined

Clients send right questions, mutated ones and junk over UDP and TCP; two upstreams answer rightly, late, cut, mutated or
not at all, over UDP and TCP; every minute the configuration is reloaded.  At the end the server must have lived, have
answered right questions all along, have no sanitizer report, no leak, and steady memory: the median of the last quarter's
resident size is at most a tenth above that of the second quarter.
Needs Debian's python3-dnspython.  Ends by itself; everything is on 127.0.0.1.
"""
import argparse, multiprocessing, os, random, re, signal, socket, statistics, struct, subprocess, sys, tempfile, time

import dns.flags, dns.message, dns.rrset

NAMES = [f"n{i}.example.org." for i in range(300)] + [f"big{i}.example.org." for i in range(20)]
TYPES = ["A", "AAAA", "TXT", "MX", "ANY", "SOA"]
COREFILE = """.:{port} {{
    bind 127.0.0.1
    errors {{
        consolidate 10s ".*"
    }}
    {extra}
    cache 30 {{
        success 500 2 0
        denial 200 2 0
        prefetch 5 10s 50%
        serve_stale 10s verify 300ms
    }}
    forward . 127.0.0.1:{up1} 127.0.0.1:{up2} {{
        read_timeout 300ms
        health_check 200ms
        max_concurrent 400
        {option}
    }}
}}
"""
OPTIONS = ["", "policy round_robin", "policy sequential", "prefer_udp", "failover SERVFAIL", "force_tcp"]


def free_port():
    with socket.socket() as t, socket.socket(type=socket.SOCK_DGRAM) as u:
        t.bind(("127.0.0.1", 0))
        u.bind(t.getsockname())
        return t.getsockname()[1]


def mutate(rnd, wire):
    """A few bytes changed, cut off, doubled or put in."""
    w = bytearray(wire)
    for _ in range(rnd.choice([1, 1, 2, 5, 20])):
        at = rnd.randrange(len(w) + 1)
        kind = rnd.randrange(5)
        if kind == 0 and w:
            w[at % len(w)] = rnd.randrange(256)
        elif kind == 1:
            del w[at:]
        elif kind == 2:
            w[at:at] = bytes(rnd.randrange(256) for _ in range(rnd.randrange(8)))
        elif kind == 3:
            w[at:at] = w[at:at + rnd.randrange(40)]
        elif len(w) > 12:
            w[rnd.randrange(2, 12)] = rnd.choice([0, 1, 2, 255, rnd.randrange(256)])
    return bytes(w[:65535])


# ---------------------------------------------------------------- upstreams
def whole_answer(query):
    q = dns.message.from_wire(query)
    r = dns.message.make_response(q)
    r.flags |= dns.flags.RA
    name, rtype = q.question[0].name, q.question[0].rdtype
    if str(name).startswith("big") and rtype == dns.rdatatype.A:
        r.answer.append(dns.rrset.from_text_list(name, 60, "IN", "CNAME", ["pool.example.org."]))
        r.answer.append(dns.rrset.from_text_list("pool.example.org.", 60, "IN", "A",
                                                 [f"192.0.2.{i}" for i in range(1, 120)]))
    elif rtype == dns.rdatatype.A:
        r.answer.append(dns.rrset.from_text_list(name, 60, "IN", "A", ["192.0.2.1"]))
    else:
        r.authority.append(dns.rrset.from_text_list("example.org.", 60, "IN", "SOA",
                                                    ["ns.example.org. h.example.org. 1 60 60 60 30"]))
    return r


def upstream_reply(rnd, query, udp):
    """Bytes, or None for silence."""
    try:
        r = whole_answer(query)
        wire = r.to_wire(max_size=65535)
        if udp and len(wire) > 512 and (rnd.random() < 0.7 or len(wire) > 1232):
            r.flags |= dns.flags.TC
            r.answer = r.answer[:1]
            wire = r.to_wire()
    except Exception:
        return None
    roll = rnd.random()
    if roll < 0.05:
        return None
    return mutate(rnd, wire) if roll < 0.25 else wire


def udp_upstream(port, seed):
    rnd = random.Random(seed)
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", port))
    while True:
        query, peer = s.recvfrom(65535)
        for _ in range(rnd.choice([1, 1, 1, 1, 2])):
            out = upstream_reply(rnd, query, True)
            if out is not None:
                s.sendto(out[:65000], peer)


def tcp_upstream(port, seed):
    """One connection at a time is enough to meet every state: the others wait, or are reset."""
    rnd = random.Random(seed)
    t = socket.socket()
    t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    t.bind(("127.0.0.1", port))
    t.listen(16)
    while True:
        c, _ = t.accept()
        c.settimeout(1)
        try:
            while rnd.random() < 0.95:
                head = c.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    break
                query = c.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                out = upstream_reply(rnd, query, False)
                if out is not None:
                    c.sendall(struct.pack("!H", len(out)) + out)
            if rnd.random() < 0.3:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        c.close()


# ---------------------------------------------------------------- clients
def question(rnd):
    q = dns.message.make_query(rnd.choice(NAMES), rnd.choice(TYPES if rnd.random() < 0.3 else ["A"]))
    if rnd.random() < 0.5:
        q.use_edns(0, rnd.choice([0, dns.flags.DO]), rnd.choice([0, 512, 1232, 4096, 65535]))
    return q.to_wire()


def udp_client(port, seed, count, lost):
    """Right questions are counted with their answers; the rest is only sent.  `count`: asked, answered; nobody else writes them."""
    rnd = random.Random(seed)
    while True:
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            # The answers to forty other questions wait here before ours is looked for.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            s.connect(("127.0.0.1", port))
            s.settimeout(6)
            for _ in range(rnd.randrange(40)):
                s.send(mutate(rnd, question(rnd)) if rnd.random() < 0.9 else rnd.randbytes(rnd.randrange(600)))
            wire = question(rnd)
            s.send(wire)
            count[0] += 1
            try:
                while s.recv(65535)[:2] != wire[:2]:
                    pass
                count[1] += 1
            except OSError as e:
                with open(lost, "a") as f:
                    f.write(f"{time.time():.3f} port {s.getsockname()[1]} {e}: {wire.hex()}\n")
        time.sleep(0.02)


def tcp_client(port, seed):
    rnd = random.Random(seed)
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.settimeout(0.5)
                for _ in range(rnd.randrange(30)):
                    wire = question(rnd)
                    wire = mutate(rnd, wire) if rnd.random() < 0.3 else wire
                    length = len(wire) if rnd.random() < 0.97 else rnd.randrange(65536)
                    s.sendall(struct.pack("!H", length) + wire)
                    if rnd.random() < 0.5:
                        s.recv(65535)
        except OSError:
            pass
        time.sleep(0.02)


# ---------------------------------------------------------------- the whole
def rss_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("binary", nargs="?", default="build-asan/binnacle")
    ap.add_argument("--minutes", type=float, default=30)
    ap.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    a = ap.parse_args()
    print(f"seed {a.seed}, {a.minutes:g} minutes", flush=True)
    rnd = random.Random(a.seed)
    ports = {k: free_port() for k in ("port", "up1", "up2")}
    d = tempfile.mkdtemp(prefix="soak-")
    conf, log, lost = (os.path.join(d, name) for name in ("Corefile", "log", "lost"))

    def write_conf():
        with open(conf + ".new", "w") as f:
            f.write(COREFILE.format(option=rnd.choice(OPTIONS), extra=rnd.choice(["", "bufsize 1232", "log"]), **ports))
        os.rename(conf + ".new", conf)

    write_conf()
    counts = [multiprocessing.Array("Q", 2, lock=False) for _ in range(2)]

    def total():
        return sum(c[0] for c in counts), sum(c[1] for c in counts)

    jobs = [(f, (ports[u], rnd.random())) for u in ("up1", "up2") for f in (udp_upstream, tcp_upstream)]
    jobs += [(udp_client, (ports["port"], rnd.random(), c, lost)) for c in counts]
    jobs += [(tcp_client, (ports["port"], rnd.random())), (tcp_client, (ports["port"], rnd.random()))]
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:quarantine_size_mb=16", UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
    with open(log, "w") as out:
        server = subprocess.Popen([a.binary, "-conf", conf, "-admin", "off"], stdout=out, stderr=out, env=env)
    procs, sizes, failed = [], [], []
    try:
        time.sleep(2)
        for fn, args in jobs:
            p = multiprocessing.Process(target=fn, args=args, daemon=True)
            p.start()
            procs.append(p)
        end, reload_at = time.monotonic() + a.minutes * 60, time.monotonic() + 60
        while time.monotonic() < end and server.poll() is None:
            time.sleep(5)
            sizes.append(rss_kb(server.pid) if server.poll() is None else 0)
            if time.monotonic() > reload_at:
                reload_at += 60
                write_conf()
                server.send_signal(signal.SIGUSR1)
                asked, answered = total()
                print(f"{int(end - time.monotonic())} s left, {answered} of {asked} answered, {sizes[-1]} kB", flush=True)
    finally:
        for p in procs:
            p.kill()
        if server.poll() is None:
            server.terminate()
        status = server.wait(30)
    text = open(log, errors="replace").read()
    if status != 0:
        failed.append(f"exit status {status}")
    if re.search(r"ERROR: \w+Sanitizer|runtime error:", text):
        failed.append("sanitizer report: " + text[text.find("Sanitizer") - 40:][:3000])
    asked, answered = total()
    if answered < asked - len(counts):  # those under way at the end
        failed.append(f"{asked - answered} right questions had no answer: {lost}")
    quarter = len(sizes) // 4
    if quarter >= 3:
        early, late = statistics.median(sizes[quarter:2 * quarter]), statistics.median(sizes[-quarter:])
        print(f"resident: second quarter {early:.0f} kB, last quarter {late:.0f} kB")
        if late > early * 1.1:
            failed.append("memory grows")
    print(f"{answered} of {asked} right questions answered; log: {log}")
    for f in failed:
        print("FAILED:", f)
    print(f"{int(not failed)} passed, {int(bool(failed))} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
