# SPDX-License-Identifier: Apache-2.0
"""The name that resolved on no machine: its upstream cuts the answer to a CNAME over UDP, the rest comes
over TCP only.  Real programs ask for it; each is judged by the first UDP reply that it gets."""
import pytest

from harness import clients, story

UPSTREAMS = pytest.mark.parametrize("honours_edns", [False, True], ids=["ignores-edns", "honours-edns"])
SIZES = pytest.mark.parametrize("n", story.COUNTS)


def faults(lab, n, blocked=False, only=None):
    """What is wrong for each program, as lines; programs that this machine lacks are left out."""
    bad = []
    for c in clients.CLIENTS:
        if clients.missing(c, lab.programs) or (only and c.name not in only) or (blocked and not c.udp):
            continue
        got = lab.run(c, story.name(c.name, n), patience=0.2 if blocked and not c.alone else None)
        if c.udp and got.first_addresses is None:
            bad.append(f"{c.name}: no UDP reply ({got.status})")
        elif c.udp and not got.first_addresses:
            bad.append(f"{c.name}: the first UDP reply has {got.first_size} bytes, TC={got.first_tc}, and no address")
        elif c.whole and not blocked and len(got.addresses) != n:
            bad.append(f"{c.name}: found {len(got.addresses)} of {n} addresses ({got.status})")
        elif c.alone and not got.addresses:
            bad.append(f"{c.name}: found no address ({got.status})")
    return bad


@UPSTREAMS
@SIZES
def test_every_program_gets_addresses_at_once(laboratory, honours_edns, n):
    assert faults(laboratory(honours_edns), n) == []


@UPSTREAMS
@SIZES
def test_addresses_come_also_when_tcp_to_the_server_is_lost(laboratory, honours_edns, n):
    lab = laboratory(honours_edns)
    lab.ns.drop_tcp(53)
    assert faults(lab, n, blocked=True) == []


@SIZES
def test_the_same_judge_finds_coredns_guilty(laboratory, coredns, n):
    """If CoreDNS passed here, the tests above would prove nothing."""
    bad = faults(laboratory(command=coredns), n, only=("dig, 512 bytes, no TCP", "musl, static", "glibc (getent)"))
    assert len(bad) == 3, bad


# What people wrote into their Corefiles against it; with them names must resolve as well.
@pytest.mark.parametrize("kind", ["bufsize", "prefer_udp"])
@UPSTREAMS
def test_remedies_of_old_do_no_harm(laboratory, kind, honours_edns):
    lab = laboratory(honours_edns, kind)
    only = [c.name for c in clients.CLIENTS if not c.name.startswith(("Java", "Node, lookup", "Python"))]
    assert [b for n in story.COUNTS for b in faults(lab, n, only=only)] == []


def test_the_whole_answer_is_asked_for_once(laboratory):
    """A second program gets it from the cache: no further question goes to the upstream."""
    lab = laboratory()
    c = clients.CLIENTS[0]
    name = story.name("twice", 204)
    assert lab.run(c, name).first_addresses
    asked = len(lab.upstream.seen(name=name))
    for client in clients.CLIENTS[:6]:
        got = lab.run(client, name)
        assert got.addresses, client.name
    assert len(lab.upstream.seen(name=name)) == asked
    assert len(lab.upstream.seen(name=name, proto="tcp")) == 1


def test_a_cut_answer_begins_elsewhere_each_time(laboratory):
    """The members that fit are not always the same ones: load is spread over all addresses."""
    lab = laboratory()
    name, firsts = story.name("turns", 204), set()
    for _ in range(30):
        r = lab.server.udp(name)
        assert r.size <= 512
        firsts.add(r.answer[-1][0].address)
    assert len(firsts) >= 5
