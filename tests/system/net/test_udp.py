# SPDX-License-Identifier: Apache-2.0
"""UDP: answers leave from the address that was asked, on every family and kind of bind."""
import socket

import pytest

from harness import ask, wait

WHOAMI = "    whoami\n}\n"


def from_address(made, host, port="PORT"):
    """Ask from an unconnected socket; the address that the answer came from."""
    with made._inside(), socket.socket(ask.family(host), socket.SOCK_DGRAM) as s:
        s.settimeout(3 * wait.FACTOR)
        target = socket.getaddrinfo(host, made.port(port), type=socket.SOCK_DGRAM)[0][4]
        s.sendto(ask.packet(ask.question("a.example.")), target)
        r, peer = s.recvfrom(4096)
        assert r[3] & 15 == 0
        return peer[0].split("%")[0]


def silent(made, host):
    with made._inside(), socket.socket(ask.family(host), socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        s.connect((host, made.port()))
        try:
            s.send(ask.packet(ask.question("a.example.")))
            s.recv(4096)
            return False
        except OSError:
            return True


@pytest.fixture
def pod(netns):
    ns = netns()
    ns.interface("eth0", "192.0.2.10/24", "192.0.2.11/24", "2001:db8::10/64", "2001:db8::11/64", "fe80::10/64")
    return ns


def test_a_wildcard_answers_from_the_address_that_was_asked(server, pod):
    made = server(".:53 {\n" + WHOAMI, ns=pod)
    for host in ("127.0.0.1", "127.0.0.5", "192.0.2.10", "192.0.2.11", "::1", "2001:db8::10", "2001:db8::11", "fe80::10%eth0"):
        assert from_address(made, host) == host.split("%")[0]


def test_bound_to_addresses_only(server, pod):
    made = server(".:53 {\n    bind 127.0.0.1 192.0.2.11\n    bind 2001:db8::11\n" + WHOAMI, ns=pod)
    for host in ("127.0.0.1", "192.0.2.11", "2001:db8::11"):
        assert from_address(made, host) == host
    for host in ("127.0.0.2", "192.0.2.10", "2001:db8::10", "::1"):
        assert silent(made, host), host


def test_bound_to_an_interface_by_name(server, pod):
    made = server(".:53 {\n    bind eth0\n" + WHOAMI, ns=pod)
    for host in ("192.0.2.10", "192.0.2.11", "2001:db8::10", "2001:db8::11", "fe80::10%eth0"):
        assert from_address(made, host) == host.split("%")[0]
    for host in ("127.0.0.1", "::1"):
        assert silent(made, host), host


def test_except_takes_addresses_and_interfaces_out(server, pod):
    made = server(".:53 {\n    bind eth0 lo {\n        except 192.0.2.11 ::1\n    }\n" + WHOAMI, ns=pod)
    for host in ("127.0.0.1", "192.0.2.10", "2001:db8::10"):
        assert from_address(made, host) == host
    for host in ("192.0.2.11", "::1"):
        assert silent(made, host), host


def test_blocks_of_one_port_on_different_addresses(server, pod):
    made = server("a.example:53 {\n    bind 192.0.2.10\n" + WHOAMI + "b.example:53 {\n    bind 192.0.2.11\n" + WHOAMI, ns=pod)
    assert made.udp("a.example.", host="192.0.2.10").rcode() == 0
    assert made.udp("a.example.", host="192.0.2.11").rcode() == 5
    assert made.udp("b.example.", host="192.0.2.11").rcode() == 0


def test_a_burst_of_questions_is_answered_whole(server, upstream):
    """Five hundred datagrams at once: nothing but the socket's buffer limits a burst."""
    made = server(".:{PORT} {\n    bind 127.0.0.1\n" + WHOAMI)
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.connect(("127.0.0.1", made.port()))
        s.settimeout(3 * wait.FACTOR)
        for i in range(500):
            s.send(ask.packet(ask.question("burst.example."), id=i))
        got = {s.recv(4096)[:2] for _ in range(500)}
    assert len(got) == 500


def test_many_clients_each_get_their_own_answer(server):
    """Ids and ports are never mixed up between clients in one batch."""
    made = server(".:{PORT} {\n    bind 127.0.0.1\n" + WHOAMI)
    socks = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(200)]
    for i, s in enumerate(socks):
        s.settimeout(3 * wait.FACTOR)
        s.connect(("127.0.0.1", made.port()))
        s.send(ask.packet(ask.question(f"c{i}.example."), id=i))
    for i, s in enumerate(socks):
        r = s.recv(4096)
        q = ask.question(f"c{i}.example.")
        assert ask.header(r)[0] == i and r[12:12 + len(q)] == q
        s.close()
