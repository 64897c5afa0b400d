#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seed corpora of the wire targets: python3 fuzz/seeds.py

Well-formed messages come from dnspython, so that the seeds do not share our own idea of the format;
hostile ones are spelled out in bytes.  The output does not depend on anything but this file.
"""
import pathlib
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

ROOT = pathlib.Path(__file__).parent / "corpus"
QUESTION = b"\x07example\x03org\x00\x00\x01\x00\x01"


def save(target, name, data):
    directory = ROOT / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(data)


def header(flags=0x0100, qd=1, an=0, ns=0, ar=0):
    return struct.pack("!6H", 7, flags, qd, an, ns, ar)


# ---- queries -------------------------------------------------------------------------------------

def query(name="www.example.org.", rdtype="A", **edns):
    q = dns.message.make_query(name, rdtype)
    q.id = 7
    if edns:
        q.use_edns(**edns)
    return q.to_wire()


def query_seeds():
    yield "plain", query()
    yield "root", query(".", "NS")
    yield "mixed-case", query("wWw.ExAmPle.oRg.")
    yield "edns", query(edns=0, payload=1232)
    yield "edns-do", query(edns=0, ednsflags=dns.flags.DO, payload=4096)
    yield "edns-version-1", query(edns=1)
    yield "cookie", query(edns=0, options=[dns.edns.GenericOption(10, b"12345678")])
    yield "subnet", query(edns=0, options=[dns.edns.ECSOption("192.0.2.0", 24)])
    yield "options", query(edns=0, options=[dns.edns.GenericOption(c, b"x" * n) for c, n in ((3, 0), (12, 20), (65001, 1))])
    yield "longest-name", query(".".join(["x" * 63] * 3 + ["y" * 61]) + ".")
    yield "most-labels", query("a." * 127)
    notify = dns.message.make_query("example.org.", "SOA")
    notify.id, notify.flags = 7, 0x2400
    notify.answer.append(dns.rrset.from_text("example.org.", 60, "IN", "SOA", "ns.example.org. hostmaster.example.org. 1 2 3 4 5"))
    yield "notify", notify.to_wire()
    yield "update", header(0x2800) + QUESTION
    yield "compressed-question", header() + b"\xc0\x0c\x00\x01\x00\x01"
    yield "two-opts", header(ar=2) + QUESTION + b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00" * 2
    yield "option-past-opt", header(ar=1) + QUESTION + bytes.fromhex("00002904d0000000000006000a00400102")
    yield "tsig", header(ar=1) + QUESTION + b"\x03key\x00\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x02ab"
    yield "counts-that-lie", header(an=1, ns=1, ar=2) + QUESTION


# ---- answers -------------------------------------------------------------------------------------

def answer(name, rdtype, answers=(), authority=(), additional=(), rcode=0, flags=0x8180, edns=None):
    m = dns.message.Message(7)
    m.flags = flags
    m.set_rcode(rcode)
    m.question.append(dns.rrset.RRset(dns.name.from_text(name), dns.rdataclass.IN, dns.rdatatype.from_text(rdtype)))
    for section, texts in ((m.answer, answers), (m.authority, authority), (m.additional, additional)):
        for owner, kind, *rdata in texts:
            section.append(dns.rrset.from_text(owner, 300, "IN", kind, *rdata))
    if edns is not None:
        m.use_edns(0, payload=1232, options=edns)
    return m.to_wire(max_size=65535)


SIG = "8 3 300 20361231000000 20251101000000 1234 example.org. c2lnbmF0dXJlc2lnbmF0dXJl"
SOA = ("example.org.", "SOA", "ns.example.org. hostmaster.example.org. 1 3600 600 86400 300")
POOL = [f"192.0.2.{i}" for i in range(1, 61)]


def answer_seeds():
    www = "www.example.org."
    yield "address", 0, answer(www, "A", [(www, "A", "192.0.2.1")])
    yield "addresses", 4, answer(www, "A", [(www, "A", *POOL)])
    yield "cname-and-addresses", 12, answer(www, "A", [(www, "CNAME", "pool.example.org."), ("pool.example.org.", "A", *POOL)])
    yield "chain-backwards", 8, answer(www, "AAAA", [
        ("c.example.org.", "AAAA", "2001:db8::1", "2001:db8::2"), ("b.example.org.", "CNAME", "c.example.org."),
        (www, "CNAME", "b.example.org.")])
    yield "cname-ring", 0, answer(www, "A", [(www, "CNAME", "a.example.org."), ("a.example.org.", "CNAME", www)])
    yield "dname", 0, answer("w.old.example.", "A", [
        ("old.example.", "DNAME", "new.example."), ("w.old.example.", "CNAME", "w.new.example."),
        ("w.new.example.", "A", "192.0.2.1")])
    yield "dname-without-cname", 0, answer("w.old.example.", "A", [
        ("old.example.", "DNAME", "new.example."), ("w.new.example.", "A", "192.0.2.1")])
    yield "signed", 9, answer(www, "A", [(www, "A", *POOL[:5]), (www, "RRSIG", "A " + SIG)],
                              [("a.example.org.", "NSEC", "z.example.org. A RRSIG NSEC"), ("a.example.org.", "RRSIG", "NSEC " + SIG)])
    yield "nxdomain", 8, answer(www, "A", authority=[SOA], rcode=dns.rcode.NXDOMAIN)
    yield "nxdomain-signed", 1, answer(www, "A", authority=[
        SOA, ("example.org.", "RRSIG", "SOA " + SIG),
        ("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.org.", "NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG")],
        rcode=dns.rcode.NXDOMAIN)
    yield "nodata", 0, answer(www, "AAAA", authority=[SOA])
    yield "referral", 8, answer("www.sub.example.org.", "A", flags=0x8000, authority=[
        ("sub.example.org.", "NS", *[f"ns{i}.sub.example.org." for i in range(13)])],
        additional=[(f"ns{i}.sub.example.org.", "A", f"192.0.2.{i}") for i in range(13)])
    yield "srv", 8, answer("_x._tcp.example.org.", "SRV", [
        ("_x._tcp.example.org.", "SRV", *[f"1 1 389 dc{i}.example.org." for i in range(6)])],
        additional=[(f"dc{i}.example.org.", "A", f"192.0.2.{i}", f"192.0.2.{i + 99}") for i in range(6)])
    yield "mx", 0, answer("example.org.", "MX", [("example.org.", "MX", "10 mx1.example.org.", "20 mx2.example.org.")])
    yield "txt", 8, answer("example.org.", "TXT", [("example.org.", "TXT", *[f'"{i}-{"t" * 200}"' for i in range(9)])])
    yield "naptr", 0, answer("example.org.", "NAPTR", [
        ("example.org.", "NAPTR", '100 10 "S" "SIP+D2U" "!^.*$!sip:x@example.org!" _sip._udp.example.org.')])
    yield "https", 0, answer("example.org.", "HTTPS", [("example.org.", "HTTPS", "1 . alpn=h2,h3 ipv4hint=192.0.2.1")])
    yield "any", 0, answer("example.org.", "ANY", [
        ("example.org.", "A", "192.0.2.1"), ("example.org.", "TXT", '"t"'), ("example.org.", "MX", "10 mx.example.org.")])
    for kind, rdata in (("RP", "a.example.org. b.example.org."), ("AFSDB", "1 a.example.org."), ("RT", "1 a.example.org."),
                        ("PX", "1 a.example.org. b.example.org."), ("KX", "1 a.example.org."), ("PTR", "a.example.org."),
                        ("HINFO", '"a" "b"'), ("TYPE65280", r"\# 2 c00c"), ("LOC", "1 2 3.000 N 4 5 6.000 E 0m")):
        yield "type-" + kind.lower(), 0, answer("example.org.", kind, [("example.org.", kind, rdata)])
    yield "ede", 8, answer(www, "A", rcode=dns.rcode.SERVFAIL, edns=[dns.edns.EDEOption(22, "all upstreams are down")])
    yield "badcookie", 8, answer(www, "A", rcode=dns.rcode.BADCOOKIE, edns=[dns.edns.GenericOption(10, b"0123456789abcdef")])
    yield "truncated-empty", 8, answer(www, "A", flags=0x8380)
    whole = answer(www, "A", [(www, "A", *POOL[:20])], flags=0x8380)
    yield "truncated-in-a-record", 8, whole[:-7]
    yield "no-question", 0, header(0x8001, qd=0)
    yield "pointer-loop", 0, header(0x8000, an=1) + QUESTION + bytes.fromhex("c01d000100010000000100040a000001")
    yield "pointer-forward", 0, header(0x8000, an=1) + QUESTION + bytes.fromhex("c0200001000100000001000400000000")
    yield "pointer-into-header", 0, header(0x8000, an=1) + QUESTION + bytes.fromhex("c000000100010000000100040a000001")
    yield "short-address", 0, header(0x8000, an=1) + QUESTION + bytes.fromhex("c00c000100010000000100030a0000")
    yield "rdlength-past-end", 0, header(0x8000, an=1) + QUESTION + bytes.fromhex("c00c000100010000000100ff0a000001")
    yield "duplicates", 0, header(0x8000, an=3) + QUESTION + bytes.fromhex("c00c000100010000000100040a000001") * 3
    yield "a6", 0, header(0x8000, an=1) + QUESTION + bytes.fromhex("c00c002600010000000100134000000000000000010141c00c")


# ---- names ---------------------------------------------------------------------------------------

def name_seeds():
    at = struct.pack("!H", 12)
    head = bytes(12)
    yield "root", at + head + b"\x00"
    yield "plain", at + head + b"\x03www\x07example\x00"
    yield "pointer", struct.pack("!H", 17) + head + b"\x03org\x00\x01a\xc0\x0c"
    yield "pointer-chain", struct.pack("!H", 21) + head + b"\x03org\x00\xc0\x0c\xc0\x11\x01b\xc0\x13"
    yield "loop", at + head + b"\x01a\xc0\x0c"
    yield "longest", at + head + (b"\x3f" + b"x" * 63) * 3 + b"\x3d" + b"y" * 61 + b"\x00"
    yield "too-long", at + head + (b"\x3f" + b"x" * 63) * 4 + b"\x00"
    yield "most-labels", at + head + b"\x01a" * 127 + b"\x00"
    yield "every-byte", at + head + b"".join(bytes([32]) + bytes(range(i, i + 32)) for i in range(0, 224, 32)) + b"\x00"
    for i, text in enumerate((".", "www.example.org", r"a\.b.\097\\.", r"\300.", r"x\"y.", "a..b", r"\1", "*.example.")):
        yield f"text-{i}", text.encode()


def main():
    for name, data in query_seeds():
        save("query", name, data)
    for name, bits, data in answer_seeds():
        save("ingest", name, bytes([bits]) + data)
        save("doctor_answer", name, bytes([bits]) + data)
    for name, data in name_seeds():
        save("name", name, data)


if __name__ == "__main__":
    main()
