# SPDX-License-Identifier: Apache-2.0
"""Which packets are answered, and how: header, question and EDNS rules, by raw bytes.

RFC 1035 4.1, RFC 2181 5.1, RFC 6891 6.1, RFC 8906."""
import socket
import struct

import dns.flags
import dns.message
import dns.rcode
import pytest

from harness import ask, wait

COREFILE = "example.org:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n}\n"
NAME = "www.example.org."
QUESTION = ask.question(NAME)
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010


@pytest.fixture
def made(server, upstream):
    up = upstream({"rules": [{"match": {}, "answer": "@ 60 IN A 192.0.2.1"}]})
    s = server(COREFILE, UP=up)
    s.upstream = up
    return s


def both(made, wire):
    """The answers over UDP and TCP to a question that is answered."""
    with made.connect() as s:
        ask.send(s, wire)
        return made.raw(wire), ask.recv(s)


PROBE = ask.packet(ask.question("probe.example.com."), id=0x7777)      # refused at once: nobody serves it


def at_once(made, wire):
    """What comes before the answer to a question that follows on the same socket: the answer, or None for
    silence (over TCP also for a closed connection).  So silence needs no time to be seen."""
    with made._inside(), socket.socket(type=socket.SOCK_DGRAM) as u:
        u.settimeout(3 * wait.FACTOR)
        u.connect(("127.0.0.1", made.port()))
        u.send(wire)
        u.send(PROBE)
        over_udp = first(lambda: u.recv(65535))
    with made.connect() as t:
        ask.send(t, wire, PROBE)
        over_tcp = first(lambda: ask.recv(t))
    return over_udp, over_tcp


def first(recv):
    try:
        r = recv()
    except (EOFError, ConnectionError):
        return None
    return None if r[:2] == PROBE[:2] else r


def rcode(r):
    return r[3] & 15


def alive(made):
    r = made.udp(NAME)
    return ask.addresses(r) == ["192.0.2.1"]


def test_an_ordinary_question(made):
    for r in both(made, ask.packet(QUESTION)):
        i, flags, qd, an, ns, ar = ask.header(r)
        assert (i, qd, an, ns, ar) == (0x1234, 1, 1, 0, 0) and flags & QR and flags & RD and flags & RA and not flags & (AA | TC | Z | AD)
        assert r[12:12 + len(QUESTION)] == QUESTION


def test_an_answer_is_never_answered(made):
    """QR=1 is dropped, whatever else it says; otherwise two servers could talk for ever."""
    for flags in (QR, QR | RD, QR | 0x7800, QR | 3):
        assert at_once(made, ask.packet(QUESTION, flags=flags)) == (None, None)
    assert at_once(made, ask.packet(QUESTION, QUESTION, flags=QR)) == (None, None)
    assert alive(made) and len(made.upstream.seen(name=NAME)) == 1


@pytest.mark.parametrize("opcode", [1, 2, 3, 5, 6, 7, 15])
def test_other_opcodes_get_notimp_with_the_header_only(made, opcode):
    for r in both(made, ask.packet(QUESTION, flags=opcode << 11 | RD)):
        i, flags, *counts = ask.header(r)
        assert len(r) == 12 and i == 0x1234 and counts == [0, 0, 0, 0]
        assert flags & QR and flags >> 11 & 15 == opcode and flags & 15 == NOTIMP
    assert made.upstream.seen() == []


def test_a_notify_passes_but_is_never_forwarded(made):
    for r in both(made, ask.packet(ask.question("example.org.", 6), flags=4 << 11 | AA)):
        _, flags, *_ = ask.header(r)
        assert flags & QR and flags >> 11 & 15 == 4 and rcode(r) in (NOTIMP, REFUSED, SERVFAIL)
    assert made.upstream.seen() == []
    assert alive(made)


@pytest.mark.parametrize("wire", [
    ask.packet(), ask.packet(QUESTION, QUESTION), ask.packet(QUESTION, counts=(2, 0, 0, 0)),
    ask.packet(QUESTION, counts=(0xFFFF, 0, 0, 0)), ask.packet(QUESTION, counts=(0, 0, 0, 0)),
], ids=["none", "two", "two-counted", "many-counted", "none-counted"])
def test_no_question_and_several_are_a_format_error(made, wire):
    for r in both(made, wire):
        i, flags, *_ = ask.header(r)
        assert i == 0x1234 and flags & QR and rcode(r) == FORMERR, r
    assert made.upstream.seen() == []


BROKEN = {
    "name cut off": ask.packet(b"\3www\7exam", counts=(1, 0, 0, 0)),
    "no type": ask.packet(ask.name_wire(NAME), counts=(1, 0, 0, 0)),
    "class cut off": ask.packet(QUESTION[:-1], counts=(1, 0, 0, 0)),
    "no end of the name": ask.packet(b"\3www", counts=(1, 0, 0, 0)),
    "label of type 01": ask.packet(b"\x41a\0\0\1\0\1", counts=(1, 0, 0, 0)),
    "label of type 10": ask.packet(b"\x81a\0\0\1\0\1", counts=(1, 0, 0, 0)),
    "pointer to itself": ask.packet(b"\xc0\x0c\0\1\0\1", counts=(1, 0, 0, 0)),
    "pointer forward": ask.packet(b"\xc0\x20\0\1\0\1" + b"\0" * 20, counts=(1, 0, 0, 0)),
    "pointer into the header": ask.packet(b"\xc0\x00\0\1\0\1", counts=(1, 0, 0, 0)),
    "name over 255 octets": ask.packet((b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1", counts=(1, 0, 0, 0)),
    "records counted that are not there": ask.packet(QUESTION, counts=(1, 0, 0, 1)),
    "OPT cut off": ask.packet(QUESTION, counts=(1, 0, 0, 1), rest=ask.opt()[:-3]),
    "OPT longer than the packet": ask.packet(QUESTION, counts=(1, 0, 0, 1), rest=ask.opt()[:-2] + b"\0\x40"),
    "option longer than the OPT": ask.packet(QUESTION, counts=(1, 0, 0, 1), rest=ask.opt(options=b"\0\x0a\0\x40\1\2")),
    "half an option": ask.packet(QUESTION, counts=(1, 0, 0, 1), rest=ask.opt(options=b"\0\x0a\0")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_packets_are_a_format_error_or_silence(made, what):
    for r in at_once(made, BROKEN[what]):
        assert r is None or (ask.header(r)[0] == 0x1234 and rcode(r) in (FORMERR, SERVFAIL, REFUSED)), r
    assert made.upstream.seen() == []
    assert alive(made)


@pytest.mark.parametrize("length", range(12))
def test_less_than_a_header_is_ignored(made, length):
    assert at_once(made, ask.packet(QUESTION)[:length])[0] is None
    assert alive(made)


def test_bytes_behind_the_message_do_no_harm(made):
    """The peer ignores them (RFC 8906 has servers answer such questions)."""
    r = made.raw(ask.packet(QUESTION, rest=b"\xde\xad\xbe\xef"))
    assert r and rcode(r) in (NOERROR, FORMERR)
    assert alive(made)


def test_the_question_comes_back_byte_for_byte(made):
    """Letter case too (0x20), in answers, refusals and names that no block has."""
    for name in (b"\3wWw\7ExAmPlE\3oRg\0", b"\3WWW\7EXAMPLE\3ORG\0", b"\3FoO\3BaR\0", b"\0"):
        q = name + struct.pack("!HH", 1, 1)
        for r in both(made, ask.packet(q)):
            assert r[12:12 + len(q)] == q, r


def test_names_of_any_bytes_and_of_full_length(made):
    long = (b"\x3f" + b"a" * 63) * 3 + b"\x2f" + b"b" * 47 + b"\7example\3org\0"
    assert len(long) == 253
    for name in (b"\4\0\xff.\x20\7example\3org\0", long, b"\1a" * 121 + b"\7example\3org\0"):
        q = name + struct.pack("!HH", 1, 1)
        for r in both(made, ask.packet(q)):
            assert rcode(r) == NOERROR and r[12:12 + len(q)] == q


def test_rd_comes_back_other_bits_do_not(made):
    """CD is the upstream's to set, and only for a client that did."""
    for flags in (0, RD, CD, RD | CD, RD | AD, RD | Z, RD | TC, RD | AA, RD | RA):
        for r in both(made, ask.packet(QUESTION, flags=flags)):
            got = ask.header(r)[1]
            assert got & RD == flags & RD and not got & CD & ~flags
            assert not got & (TC | Z | AA), hex(got)


def test_a_zone_that_nobody_serves_is_refused(made):
    q = ask.question("www.example.com.")
    for r in both(made, ask.packet(q)):
        assert rcode(r) == REFUSED and ask.header(r)[2:] == (1, 0, 0, 0)
    for r in both(made, ask.packet(q, counts=(1, 0, 0, 1), rest=ask.opt())):
        m = dns.message.from_wire(r)
        assert m.rcode() == dns.rcode.REFUSED and m.edns == 0 and ask.ede(m) == [20], m


# ---------------------------------------------------------------- EDNS
def edns(made, opt, **kw):
    n = kw.pop("n", 1)
    return [dns.message.from_wire(r) for r in both(made, ask.packet(QUESTION, counts=(1, 0, 0, n), rest=opt, **kw))]


def test_opt_only_to_those_who_sent_one(made):
    for r in both(made, ask.packet(QUESTION)):
        assert dns.message.from_wire(r).edns == -1
    for m in edns(made, ask.opt(1400)):
        assert m.edns == 0 and not m.ednsflags & dns.flags.DO and m.payload >= 512


def test_do_comes_back_and_other_flags_do_not(made):
    for m in edns(made, ask.opt(1400, do=True)):
        assert m.ednsflags == dns.flags.DO
    raw = bytearray(ask.opt(1400))
    raw[7:9] = b"\xff\xff"
    for m in edns(made, bytes(raw)):
        assert m.ednsflags & 0xFFFF == dns.flags.DO


@pytest.mark.parametrize("version", [1, 2, 255])
def test_other_versions_get_badvers(made, version):
    for m in edns(made, ask.opt(1232, version=version)):
        assert m.rcode() == dns.rcode.BADVERS and m.edns == 0 and not m.answer
    assert made.upstream.seen() == []


def test_badvers_goes_before_a_zone_that_nobody_serves(made):
    wire = ask.packet(ask.question("www.example.com."), counts=(1, 0, 0, 1), rest=ask.opt(1232, version=7))
    for r in both(made, wire):
        assert dns.message.from_wire(r).rcode() == dns.rcode.BADVERS


def test_two_opts_are_a_format_error(made):
    for m in edns(made, ask.opt() + ask.opt(), n=2):
        assert m.rcode() == dns.rcode.FORMERR
    assert made.upstream.seen() == []


def test_an_opt_with_a_name_is_a_format_error(made):
    wire = ask.packet(QUESTION, counts=(1, 0, 0, 1), rest=b"\1x" + ask.opt())
    for r in at_once(made, wire):
        assert r is None or rcode(r) == FORMERR
    assert made.upstream.seen() == []


@pytest.mark.parametrize("options", [
    ask.option(65001, b"\1\2\3"), ask.option(65001) + ask.option(65002, b"x" * 300), ask.option(3), ask.option(12, b"\0" * 200),
    ask.option(9), ask.option(11), ask.option(5, b"\x08"), ask.option(14, b"\0\1"), ask.option(0xFFFF, b""), ask.option(0, b"\0"),
], ids=["local", "two", "nsid", "padding", "expire", "keepalive", "dau", "key-tag", "last", "first"])
def test_options_that_nobody_serves_are_ignored(made, options):
    for m in edns(made, ask.opt(1232, options=options)):
        assert m.rcode() == 0 and ask.addresses(m) == ["192.0.2.1"]
        assert all(int(o.otype) not in (3, 5, 9, 14, 65001, 65002) for o in m.options)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513])
def test_a_size_below_512_counts_as_512(server, upstream, size):
    up = upstream({"udp_max": 512, "records": "$GENERATE 1-40 many.example.org. 60 IN A 192.0.2.$"})
    made = server(COREFILE, UP=up)
    r = made.raw(ask.packet(ask.question("many.example.org."), counts=(1, 0, 0, 1), rest=ask.opt(size)))
    m = dns.message.from_wire(r)
    assert 450 <= len(r) <= max(512, size) and ask.tc(m) and len(ask.addresses(m)) >= 25


def test_a_question_over_512_bytes_is_read_whole(made):
    """Cookies, padding and a long name: nothing limits a question to 512 bytes."""
    for m in edns(made, ask.opt(1232, options=ask.option(12, b"\0" * 900))):
        assert m.rcode() == 0 and ask.addresses(m) == ["192.0.2.1"]


def test_an_opt_before_other_records_counts(made):
    """The OPT may stand anywhere in the additional section."""
    other = b"\0" + struct.pack("!HHIH", 16, 1, 0, 2) + b"\1x"
    for m in edns(made, ask.opt() + other, n=2):
        assert m.rcode() in (dns.rcode.NOERROR, dns.rcode.FORMERR)
        assert m.rcode() or m.edns == 0


def test_a_flood_of_broken_packets_is_not_amplified(made):
    """Ten thousand odd packets: no answer is longer than its question plus an OPT, and the server lives."""
    import random
    rnd = random.Random(7)
    base = ask.packet(QUESTION, counts=(1, 0, 0, 1), rest=ask.opt())
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", made.port()))
        s.setblocking(False)
        worst = 0
        for i in range(10000):
            w = bytearray(base)
            for _ in range(rnd.randrange(1, 6)):
                w[rnd.randrange(2, len(w))] = rnd.randrange(256)
            try:
                s.send(bytes(w[:rnd.randrange(12, len(w) + 1)]))
            except OSError:
                pass
            try:
                while True:
                    worst = max(worst, len(s.recv(65535)))
            except OSError:
                pass
    assert worst <= len(base) + 120
    assert alive(made)
