# SPDX-License-Identifier: Apache-2.0
"""Twenty reloads under 5,000 questions a second, over UDP, a TCP connection each, and TCP connections that stay."""
import os
import signal
import time

import pytest

from harness import ask, load, wait

pytestmark = pytest.mark.threads

ANSWERS = {"rules": [{"match": {}, "answer": "@ 3600 IN A 192.0.2.1"}]}
CACHED = """.:{PORT} {
    bind 127.0.0.1
    forward . {UP}
    cache 3600
}
"""
SECOND = """two.example:{PORT2} {
    bind 127.0.0.1
    forward . {UP}
}
"""
LOGGING = CACHED.replace("    forward", "    errors\n    bufsize 1232\n    forward")


@pytest.fixture
def loads():
    made = []
    yield lambda *a, **kw: made.append(load.Load(*a, **kw)) or made[-1]
    for one in made:
        one.kill()


def reloads(made):
    return made.output().count("Reloading complete")


def failures(made):
    return made.output().count("the old one goes on")


PACE = 0.4        # between reloads: 2,000 questions each


def reload(made, text=None):
    """By signal, after a while of load; waits until it is through, well or badly."""
    time.sleep(PACE)
    before = reloads(made) + failures(made)
    if text is not None:
        made.write(text)
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: reloads(made) + failures(made) > before, "the reload's end")


def descriptors(made):
    return len(os.listdir(f"/proc/{made.proc.pid}/fd"))


def nothing_missed(got):
    assert got.missed() == 0 and got.total("closed") == 0, got.text
    return got


def test_twenty_reloads_lose_nothing(server, upstream, loads):
    """Blocks and ports come and go, a broken and a vanished file are among them; the cache stays."""
    up = upstream(ANSWERS)
    made = server(CACHED, UP=up)
    steps = [LOGGING, CACHED + SECOND, CACHED, "nonsense {\n", None, CACHED]

    def attempt():
        running = loads(made.port())
        wait.until(lambda: up.seen(name="load.example."), "the first question at the upstream")
        for i in range(20):
            text = steps[i % len(steps)]
            if text is None:
                os.remove(made.conf)
            reload(made, text)
        return nothing_missed(running.stop())
    load.steady(attempt)
    assert len(up.seen(name="load.example.")) == 1, "the cache was kept over all reloads"
    assert reloads(made) >= 14 and failures(made) >= 6


def test_memory_comes_back(server, upstream, loads):
    up = upstream(ANSWERS)
    made = server(CACHED, UP=up)

    def round_of(n):
        running = loads(made.port())
        for i in range(n):
            reload(made, LOGGING if i % 2 else CACHED + SECOND)
        nothing_missed(running.stop())
    round_of(6)
    fds, rss = descriptors(made), made.rss_mb()
    round_of(20)
    wait.until(lambda: descriptors(made) <= fds + 12, f"descriptors back near {fds}", timeout=15)
    wait.until(lambda: made.rss_mb() <= rss + 8 * wait.FACTOR, f"memory back near {rss:.1f} MB", timeout=15)


def test_the_listener_that_moves_loses_nothing_over_udp(server, upstream, loads):
    """From one port to two and back, each under load of its own: retiring sockets are emptied before they are closed."""
    made = server(CACHED, UP=upstream(ANSWERS))
    everywhere = CACHED.replace("    bind 127.0.0.1\n", "")
    running = loads(made.port(), ways=("udp:3000", "fresh:1000"))
    for i in range(10):
        reload(made, CACHED if i % 2 else everywhere)
    got = running.stop()
    assert got.missed() == 0, got.text


def test_changed_upstream_shows_in_each_reload(server, upstream, loads):
    """What is served changes with each of the reloads, none of which loses a question."""
    one, two = upstream(ANSWERS), upstream({"rules": [{"match": {}, "answer": "@ 3600 IN A 192.0.2.2"}]})
    made = server(CACHED, UP=one, OTHER=two)
    running = loads(made.port())
    for i in range(10):
        reload(made, CACHED if i % 2 else CACHED.replace("{UP}", "{OTHER}"))
        assert ask.addresses(made.udp("load.example.")) == ["192.0.2.1" if i % 2 else "192.0.2.2"]
    nothing_missed(running.stop())
