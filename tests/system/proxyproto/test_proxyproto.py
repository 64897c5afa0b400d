# SPDX-License-Identifier: Apache-2.0
"""PROXY headers: the client's address in what a user sees (log, whoami, acl), over TCP and UDP, on all keys of a block."""
import signal
import socket
import struct

import pytest

from harness import ask

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
V1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 40123 53\r\n"
BLOCK = """{KEYS} {
    bind 127.0.0.1
    proxyproto {
%s
    }
    log . "client={remote}:{port} {proto} {name}"
    acl {
        block net 203.0.113.66/32
    }
    whoami
}
"""


def v2(source="203.0.113.9", port=40001, kind=2, command=1, tlv=b""):
    six = ":" in source
    family = socket.AF_INET6 if six else socket.AF_INET
    body = socket.inet_pton(family, source) + socket.inet_pton(family, "2001:db8::53" if six else "192.0.2.1") + \
        struct.pack("!HH", port, 53) + tlv
    return SIGNATURE + bytes([0x20 | command, (2 if six else 1) << 4 | kind]) + struct.pack("!H", len(body)) + body


@pytest.fixture
def proxied(server):
    def make(options="        allow 127.0.0.0/8", keys=".:{PORT}"):
        return server(BLOCK.replace("{KEYS}", keys) % options)
    return make


def over_tcp(made, header, name, port="PORT"):
    with made.connect(port=port) as s:
        s.sendall(header)
        ask.send(s, ask.query(name).to_wire())
        return ask._parsed(ask.recv(s), "")


def over_udp(made, header, name, port="PORT", s=None):
    """The answer, or None for silence."""
    wire = header + (ask.query(name).to_wire() if name else b"")
    if s is None:
        got = made.raw(wire, port=port, timeout=0.5 if name is None else 2)
    else:
        s.send(wire)
        got = s.recv(4096)
    return got and ask._parsed(got, "")


@pytest.mark.parametrize("header,client", [
    (V1, r"203\.0\.113\.7:40123"), (v2(kind=1), r"203\.0\.113\.9:40001"), (b"", r"127\.0\.0\.1:\d+"),
    (v2("2001:db8::9", kind=1, tlv=b"\x04\x00\x03abc"), r"\[2001:db8::9\]:40001"), (v2(kind=1, command=0), r"127\.0\.0\.1:\d+"),
    (b"PROXY UNKNOWN\r\n", r"127\.0\.0\.1:\d+")])
def test_tcp(proxied, header, client):
    made = proxied()
    assert over_tcp(made, header, "t.example.").rcode() == 0
    made.said(rf"client={client} tcp t\.example\.$")


@pytest.mark.parametrize("header,client", [
    (v2(), r"203\.0\.113\.9:40001"), (v2("2001:db8::9"), r"\[2001:db8::9\]:40001"), (b"", r"127\.0\.0\.1:\d+"),
    (v2(command=0), r"127\.0\.0\.1:\d+")])
def test_udp(proxied, header, client):
    made = proxied()
    r = over_udp(made, header, "u.example.")
    made.said(rf"client={client} udp u\.example\.$")
    # whoami tells the client its address, in its own family
    six = "2001" in client
    assert [rr.rdtype for rr in r.additional][0] == (28 if six else 1)


def test_acl_sees_the_client(proxied):
    made = proxied()
    assert over_udp(made, v2("203.0.113.66"), "a.example.").rcode() == 5
    assert over_udp(made, v2("203.0.113.67"), "a.example.").rcode() == 0
    assert over_tcp(made, v2("203.0.113.66", kind=1), "a.example.").rcode() == 5


def test_bad_headers_are_refused_and_others_live_on(proxied):
    made = proxied()
    for bad in (V1, v2(kind=1), SIGNATURE + b"\x31\x12\x00\x0c" + bytes(12), SIGNATURE):
        assert made.raw(bad + ask.query("bad.example.").to_wire(), timeout=0.2) is None
    for bad in (v2(), b"PROXY TCP4 nonsense\r\n", SIGNATURE + b"\x21\x11\xff\xff", b"PROXY " + b"x" * 200):
        with made.connect() as s:
            s.sendall(bad)
            assert s.recv(1) == b""
    assert over_udp(made, b"", "good.example.").rcode() == 0
    assert "bad.example." not in made.output()


def test_policies(proxied):
    made = proxied("        allow 192.0.2.0/24\n        default reject")
    with made.connect() as s:
        s.sendall(V1)
        assert s.recv(1) == b""
    assert over_tcp(made, b"", "plain.example.").rcode() == 0
    made = proxied("        default skip")
    made.raw(v2() + ask.query("skip.example.").to_wire(), timeout=0.3)      # no question, as it stands
    assert over_udp(made, b"", "later.example.").rcode() == 0
    made.said(r"client=127\.0\.0\.1:\d+ udp later\.example\.$")
    assert "203.0.113.9" not in made.output() and "skip.example." not in made.output()
    made = proxied("        default ignore")
    assert over_tcp(made, V1, "ignored.example.").rcode() == 0
    made.said(r"client=127\.0\.0\.1:\d+ tcp ignored\.example\.$")


def test_a_session_keeps_the_client_until_it_rests(proxied):
    made = proxied("        udp_session_tracking 1h 2")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect(("127.0.0.1", made.port()))
        s.send(v2())
        over_udp(made, b"", "s1.example.", s=s)
        over_udp(made, v2("203.0.113.10"), "s2.example.", s=s)
        over_udp(made, b"", "s3.example.", s=s)
    made.said(r"client=203\.0\.113\.9:40001 udp s1\.example\.$")
    made.said(r"client=203\.0\.113\.10:40001 udp s2\.example\.$")
    made.said(r"client=203\.0\.113\.10:40001 udp s3\.example\.$")


def test_all_keys_of_a_block(proxied):
    made = proxied(keys="a.example:{PORT} b.example:{PORT2}")
    for name, port in (("x.a.example.", "PORT"), ("x.b.example.", "PORT2")):
        assert over_tcp(made, V1, name, port).rcode() == 0
        assert over_udp(made, v2(), name, port).rcode() == 0
        made.said(rf"client=203\.0\.113\.7:40123 tcp {name}$")
        made.said(rf"client=203\.0\.113\.9:40001 udp {name}$")


def test_a_reload_changes_whom_is_believed(proxied):
    made = proxied()
    over_udp(made, v2(), "before.example.")
    made.said(r"client=203\.0\.113\.9:40001 udp before\.example\.$")
    made.write(BLOCK.replace("{KEYS}", ".:{PORT}") % "        default ignore")
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    over_udp(made, v2(), "after.example.")
    made.said(r"client=127\.0\.0\.1:\d+ udp after\.example\.$")
