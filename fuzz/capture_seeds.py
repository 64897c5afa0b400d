#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seed corpus of the target capture: python3 fuzz/capture_seeds.py

Messages come from dnspython; the packets around them are spelled out.  The output does not depend on anything but this file.
"""
import pathlib, struct

import dns.edns, dns.flags, dns.message, dns.rrset

FOLDER = pathlib.Path(__file__).parent / "corpus" / "capture"
NULL, ETHERNET, RAW, LOOP, COOKED, COOKED_2 = range(6)
CLIENT, VIP, POD, UP = "c0000201", "0a60000a", "0a00010a", "c0000235"


def question(name="www.example.org.", rdtype="A", ident=7, **edns):
    q = dns.message.make_query(name, rdtype)
    q.id = ident
    if edns:
        q.use_edns(**edns)
    return q


def answer(q, *records, flags=0):
    a = dns.message.make_response(q)
    a.flags |= flags
    for r in records:
        a.answer.append(dns.rrset.from_text(*r))
    return a.to_wire()


def udp(src, dst, sport, dport, data):
    return src, dst, 17, struct.pack("!4H", sport, dport, 8 + len(data), 0) + data


def tcp(src, dst, sport, dport, flags, seq, data=b""):
    return src, dst, 6, struct.pack("!HHIIBBHI", sport, dport, seq, 0, 5 << 4, flags, 65535, 0) + data


def ip(packet, hops=64, ident=1, off=0, more=False):
    src, dst, protocol, data = packet
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), ident, off // 8 | more << 13, hops, protocol, 0) \
        + bytes.fromhex(src) + bytes.fromhex(dst) + data


def ip6(packet, fragment=None):
    _, _, protocol, data = packet
    head = b""
    if fragment:
        head = struct.pack("!BBHI", protocol, 0, fragment[0] | fragment[1], 9)
        protocol = 44
    return struct.pack("!IHBB", 6 << 28, len(head) + len(data), protocol, 64) + bytes.fromhex("20010db8" + "00" * 11 + "01") \
        + bytes.fromhex("20010db8" + "00" * 11 + "35") + head + data


LINKS = {NULL: b"\x02\0\0\0", ETHERNET: b"\2" * 12 + b"\x81\0\0\5\x08\0", RAW: b"", LOOP: b"\0\0\0\2", COOKED: b"\0" * 14 + b"\x08\0",
         COOKED_2: b"\x08\0\0\0\0\0\0\7" + b"\0" * 12}


def save(name, link, frames):
    """frames: (milliseconds, file, IP packet[, bytes captured])"""
    out = bytes([link])
    for ms, file, packet, *cut in frames:
        data = LINKS[link] + packet
        kept = data[:cut[0]] if cut else data
        out += struct.pack("!HHHB", len(kept), len(data) - len(kept), ms, file) + kept
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_bytes(out)


def main():
    q = question()
    there, back = udp(CLIENT, VIP, 4000, 53, q.to_wire()), udp(VIP, CLIENT, 53, 4000, answer(q, ("www.example.org.", 30, "IN", "A", "192.0.2.9")))
    for name, link in (("null", NULL), ("ethernet-vlan", ETHERNET), ("raw", RAW), ("loop", LOOP), ("cooked", COOKED), ("cooked2", COOKED_2)):
        save(name, link, [(0, 0, ip(there)), (1, 0, ip(back))])
    save("ipv6", RAW, [(0, 0, ip6(there)), (1, 0, ip6(back))])
    save("snap", ETHERNET, [(0, 0, ip(there), 70), (1, 0, ip(back), 60)])
    save("unanswered-and-again", RAW, [(0, 0, ip(there)), (5000, 0, ip(there)), (30000, 0, ip(there)), (30000, 0, ip(there))])
    # A question behind a DNAT, its upstream question, both cut; then over TCP.
    cname = ("www.example.org.", 30, "IN", "CNAME", "x.example.net.")
    wire, up = q.to_wire(), question(ident=9, edns=0, payload=1232)
    cut, full = answer(q, cname, flags=dns.flags.TC), answer(q, cname, ("x.example.net.", 30, "IN", "A", "192.0.2.1", "192.0.2.2"))
    story = [(0, 0, ip(there)), (0, 1, ip(udp(CLIENT, POD, 4000, 53, wire), 63)), (0, 1, ip(udp(POD, UP, 5000, 53, up.to_wire()))),
             (1, 1, ip(udp(UP, POD, 53, 5000, answer(up, cname, flags=dns.flags.TC)))), (1, 1, ip(udp(POD, CLIENT, 53, 4000, cut))),
             (0, 0, ip(udp(VIP, CLIENT, 53, 4000, cut), 63))]
    save("story", RAW, story + [(0, 0, ip(tcp(CLIENT, VIP, 4001, 53, 2, 100))), (0, 0, ip(tcp(VIP, CLIENT, 53, 4001, 18, 200))),
                                (0, 0, ip(tcp(CLIENT, VIP, 4001, 53, 16, 101, struct.pack("!H", len(wire)) + wire))),
                                (9, 0, ip(tcp(VIP, CLIENT, 53, 4001, 16, 201, struct.pack("!H", len(full)) + full)))])
    save("cname-only", RAW, story[:4] + [(1, 1, ip(udp(POD, CLIENT, 53, 4000, answer(q, cname)))), (0, 0, ip(udp(VIP, CLIENT, 53, 4000, answer(q, cname)), 63))])
    save("tcp-blocked", RAW, story + [(0, 0, ip(tcp(CLIENT, VIP, 4001, 53, 2, 100))), (1000, 0, ip(tcp(CLIENT, VIP, 4001, 53, 2, 100))), (9000, 0, ip(there))])
    stream = b"".join(struct.pack("!H", len(m)) + m for m in (wire, full, wire))
    save("tcp-order", RAW, [(0, 0, ip(tcp(CLIENT, VIP, 4001, 53, 2, 99)))] +
         [(1, 0, ip(tcp(CLIENT, VIP, 4001, 53, 16, 100 + a, stream[a:b]))) for a, b in ((40, 80), (0, 2), (80, len(stream)), (2, 40), (30, 60))])
    save("tcp-middle", COOKED, [(0, 0, ip(tcp(CLIENT, VIP, 4001, 53, 16, 7, stream[9:60]))), (1, 0, ip(tcp(CLIENT, VIP, 4001, 53, 16, 2000, stream)), 90)])
    large = udp(VIP, CLIENT, 53, 4000, answer(q, ("www.example.org.", 30, "IN", "A", *[f"192.0.2.{i}" for i in range(1, 30)])))[3]
    pieces = [(1, 0, ip((VIP, CLIENT, 17, large[a:a + 200]), off=a, more=a + 200 < len(large))) for a in range(0, len(large), 200)]
    save("fragments", RAW, [(0, 0, ip(there))] + pieces[::-1] + pieces[:1])
    save("fragment-lost", RAW, [(0, 0, ip(there))] + pieces[:2] + [(6000, 0, ip(there))])
    save("fragments-ipv6", RAW, [(1, 0, ip6((VIP, CLIENT, 17, large[a:a + 200]), (a, a + 200 < len(large)))) for a in range(0, len(large), 200)])
    walk = []
    for i, suffix in enumerate(("ns.svc.cluster.local.", "svc.cluster.local.", "cluster.local.", "")):
        w = question("a.b." + suffix, ident=i)
        a = dns.message.make_response(w)
        a.set_rcode(3 if suffix else 0)
        walk += [(1, 0, ip(udp(CLIENT, VIP, 4100, 53, w.to_wire()))), (1, 0, ip(udp(VIP, CLIENT, 53, 4100, a.to_wire())))]
    save("search-path", RAW, walk)
    # A denial that counts down, records as it ends; and what a validator fails, with an old signature when told not to check.
    early = []
    for ms, ttl, ident in ((0, 30, 1), (12000, 18, 2), (18000, 0, 3)):
        w = question("late.example.org.", ident=ident)
        a = dns.message.from_wire(answer(w, *([] if ttl else [("late.example.org.", 30, "IN", "A", "192.0.2.9")])))
        if ttl:
            a.set_rcode(3)
            a.authority.append(dns.rrset.from_text("example.org.", ttl, "IN", "SOA", "ns.example.org. h.example.org. 1 2 3 4 30"))
        early += [(ms, 0, ip(udp(CLIENT, VIP, 4200 + ident, 53, w.to_wire()))), (1, 0, ip(udp(VIP, CLIENT, 53, 4200 + ident, a.to_wire())))]
    save("denied-and-made", RAW, early)
    signed = []
    for ident, cd in ((1, 0), (2, dns.flags.CD)):
        w = question(ident=ident, edns=0, ednsflags=dns.flags.DO)
        w.flags |= cd
        a = dns.message.make_response(w)
        a.flags |= cd
        if cd:
            for kind, data in (("A", "192.0.2.9"), ("RRSIG", "A 13 3 30 19700101000500 19700101000000 4711 example.org. AAAA")):
                a.answer.append(dns.rrset.from_text("www.example.org.", 30, "IN", kind, data))
        else:
            a.set_rcode(2)
            a.use_edns(0, options=[dns.edns.GenericOption(15, b"\0\7")])
        signed += [(1, 0, ip(udp(CLIENT, VIP, 4300 + ident, 53, w.to_wire()))), (1, 0, ip(udp(VIP, CLIENT, 53, 4300 + ident, a.to_wire())))]
    save("signed", RAW, signed)


if __name__ == "__main__":
    main()
