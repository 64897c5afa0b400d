# SPDX-License-Identifier: Apache-2.0
"""TCP towards the upstream is lost (SYNs dropped): names must not become slow, and the whole answer
must come back when TCP does."""
import time
import warnings

from harness import ask, story, wait

COREFILE = ".:53 {\n    errors\n    forward . {UP}\n    cache 30\n}\n"
UPSTREAM = "192.0.2.53"


def lab(netns, server):
    ns = netns().like_a_pod(4)
    ns.interface("up0", UPSTREAM + "/24")
    up = story.StoryUpstream(story.upstream_spec(False), host=UPSTREAM, port=5300, ns=ns).start()
    return ns, up, server(COREFILE, ns=ns, UP=up)


def timed(made, name):
    start = time.monotonic()
    r = made.udp(name, timeout=5)
    return r, time.monotonic() - start


def quick(made, up, word, n, most_s):
    """n names in a row, each cut and each within most_s; none ever waits for TCP.

    Beside each the upstream itself is asked: where that too is late now and then, the machine is busy with
    something else, and the row is tried again, at most three times.  One in a row may be late all the same."""
    for attempt in range(4):
        late, noise = {}, 0
        for i in range(n):
            name = story.name(f"{word}{attempt}-{i}", 60)
            r, took = timed(made, name)
            assert ask.tc(r), r
            assert took <= 0.9 * wait.FACTOR, f"{name} took {took:.3f} s"
            if took > most_s * wait.FACTOR:
                late[i] = round(took, 3)
            start = time.monotonic()
            with up.ns.inside():
                ask.udp(ask.query(name), up.host, up.port)
            noise += time.monotonic() - start > most_s * wait.FACTOR
        if len(late) <= 1:
            return
        assert noise, f"of {n} these took more than {most_s * 1000:.0f} ms: {late}"
    warnings.warn(f"a busy machine: {late} late, {noise} of the upstream's own answers too")


def test_cut_answers_are_quick_and_the_whole_one_returns(netns, server):
    ns, up, made = lab(netns, server)
    ns.drop_tcp(5300, UPSTREAM)
    r, took = timed(made, story.name("first", 60))
    assert ask.tc(r) and ask.types(r) == ["CNAME"], r
    assert took <= 1.3 * wait.FACTOR, f"the first cut answer took {took:.3f} s"
    quick(made, up, "next", 100, 0.020)
    asked = up.seen(proto="tcp")
    assert asked == [], asked

    ns.drop_nothing()
    serial = iter(range(10 ** 6))
    found = wait.until(lambda: whole(made.udp(story.name(f"back{next(serial)}", 60), query={"edns": 4096})),
                       "the whole answer, now that TCP is back", timeout=65, every=0.1)
    assert found == 60
    # From then on every name is whole again, also those that were given out cut: they were not kept.
    assert whole(made.udp(story.name("first", 60), query={"edns": 4096})) == 60
    for i in range(10):
        assert whole(made.udp(story.name(f"again{i}", 60), query={"edns": 4096})) == 60
    up.stop()


def whole(r):
    return 0 if ask.tc(r) else len(ask.addresses(r))


def test_refused_connections_are_as_quick(netns, server):
    """An upstream without a TCP port: the kernel refuses at once."""
    ns = netns().like_a_pod(4)
    up = story.StoryUpstream(dict(story.upstream_spec(False), tcp=False), port=5300, ns=ns).start()
    made = server(COREFILE, ns=ns, UP=up)
    quick(made, up, "refused", 20, 0.1)
    up.stop()
