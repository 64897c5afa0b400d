# SPDX-License-Identifier: Apache-2.0
"""Which address comes first: each equally often, by weight, or by network; with and without a cache, cut or whole."""
import collections
import math

import dns.rdatatype
import pytest

from harness import ask, wait

RECORDS = "\n".join([f"www.example. 60 IN A 192.0.2.{i}" for i in range(1, 6)] +
                    [f"www.example. 60 IN AAAA 2001:db8::{i}" for i in range(1, 3)] +
                    ["alias.example. 60 IN CNAME www.example."] +
                    [f"many.example. 60 IN A 198.51.100.{i}" for i in range(1, 101)] +
                    [f"m.example. 60 IN MX 10 mx{i}.example." for i in range(1, 5)])
BLOCK = ".:{PORT} {\n    bind 127.0.0.1\n    loadbalance %s\n    cache 30\n    forward . {UP}\n}\n"
ROUNDS = 1000


@pytest.fixture
def balanced(server, upstream):
    return lambda policy="", **kw: server(BLOCK % policy, UP=upstream({"records": RECORDS}), **kw)


def firsts(made, name="www.example.", rdtype="A", rounds=ROUNDS, **kw):
    """How often each address was the first."""
    return collections.Counter(ask.addresses(made.udp(name, rdtype, **kw), rdtype)[0] for _ in range(rounds))


def within(count, probability, rounds=ROUNDS):
    """Six standard deviations: a fair draw is outside once in 500 million."""
    return abs(count - rounds * probability) <= 6 * math.sqrt(rounds * probability * (1 - probability)) + 1


def test_every_address_is_first_equally_often(balanced):
    made = balanced()
    got = firsts(made)
    assert len(got) == 5 and all(within(n, 1 / 5) for n in got.values()), got


def test_also_for_who_asks_for_both_families_in_turn(balanced):
    """A count of answers would give such a client every other address only."""
    made = balanced()
    v4, v6 = collections.Counter(), collections.Counter()
    for _ in range(ROUNDS):
        v4[ask.addresses(made.udp("www.example.", "A"))[0]] += 1
        v6[ask.addresses(made.udp("www.example.", "AAAA"), "AAAA")[0]] += 1
    assert len(v6) == 2 and all(within(n, 1 / 2) for n in v6.values()), v6
    assert len(v4) == 5 and all(within(n, 1 / 5) for n in v4.values()), v4


def test_the_alias_stays_first_and_nothing_is_lost(balanced):
    made = balanced()
    for _ in range(20):
        r = made.udp("alias.example.")
        assert ask.types(r)[0] == "CNAME"
        assert sorted(ask.addresses(r)) == [f"192.0.2.{i}" for i in range(1, 6)]


def test_a_cut_answer_starts_anywhere(balanced):
    made = balanced()
    seen = collections.Counter()
    for _ in range(ROUNDS):
        r = made.udp("many.example.")
        assert ask.tc(r)
        seen[ask.addresses(r)[0]] += 1
    assert len(seen) == 100, seen


def test_mx_in_any_order(balanced):
    made = balanced()
    got = collections.Counter(str(made.udp("m.example.", "MX").answer[0][0].exchange) for _ in range(400))
    assert len(got) == 4 and all(within(n, 1 / 4, 400) for n in got.values()), got


WEIGHTS = "# comment\nwww.example\n192.0.2.1 6\n192.0.2.2 3\n\nWWW.Example.\n2001:db8::2 9\n"


def test_by_weight(balanced):
    made = balanced("weighted weights", files={"weights": WEIGHTS})
    got = firsts(made)
    total = 6 + 3 + 1 + 1 + 1
    assert within(got["192.0.2.1"], 6 / total) and within(got["192.0.2.2"], 3 / total) and within(got["192.0.2.5"], 1 / total), got
    got = firsts(made, rdtype="AAAA")
    assert within(got["2001:db8::2"], 9 / 10), got
    # in any case of letters
    got = firsts(made, name="wWw.EXAMPLE.")
    assert within(got["192.0.2.1"], 6 / total), got


def test_the_first_by_weight_is_first_of_a_cut_answer(balanced):
    made = balanced("weighted weights", files={"weights": "many.example\n198.51.100.77 255\n"})
    got = firsts(made, "many.example.", rounds=400)
    assert within(got["198.51.100.77"], 255 / (255 + 99), 400), got


def test_weights_are_read_again_and_broken_ones_are_not_taken(balanced):
    made = balanced("weighted weights {\n        reload 50ms\n    }", files={"weights": "www.example\n192.0.2.1 255\n"})
    assert firsts(made, rounds=100)["192.0.2.1"] > 50
    made.write("www.example\n192.0.2.2 255\n192.0.2.1 1\n", "weights")
    made.said("weights read anew")
    wait.until(lambda: firsts(made, rounds=100)["192.0.2.2"] > 50, "the new weights")
    made.write("www.example\n192.0.2.2 0\n", "weights")
    made.said(r"weights in .* cannot be read, those before stay: line 2: \"0\" is no weight")
    assert firsts(made, rounds=100)["192.0.2.2"] > 50


def test_a_file_that_comes_later(balanced):
    made = balanced("weighted weights {\n        reload 50ms\n    }")
    assert len(firsts(made, rounds=200)) == 5
    made.write("www.example\n192.0.2.4 255\n", "weights")
    wait.until(lambda: firsts(made, rounds=50)["192.0.2.4"] > 30, "the weights")


def test_preferred_networks(balanced):
    made = balanced("round_robin {\n        prefer 192.0.2.4/31 192.0.2.2/32\n    }")
    got = collections.Counter()
    for _ in range(300):
        a = ask.addresses(made.udp("www.example."))
        assert set(a[:2]) == {"192.0.2.4", "192.0.2.5"} and a[2] == "192.0.2.2"
        assert set(a[3:]) == {"192.0.2.1", "192.0.2.3"}
        got[a[0], a[3]] += 1
    assert len(got) == 4 and all(within(n, 1 / 4, 300) for n in got.values()), got
    assert made.udp("m.example.", "MX").answer[0].rdtype == dns.rdatatype.MX
