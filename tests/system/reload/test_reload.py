# SPDX-License-Identifier: Apache-2.0
"""SIGUSR1: the next Corefile beside the running one, and nobody notices but by the new answers."""
import os
import re
import signal
import time

import pytest

from harness import ask, traffic, wait

pytestmark = pytest.mark.threads

OLD = {"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]}
NEW = {"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.2"}]}
PLAIN = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n}\n"
CACHED = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n    cache 300\n}\n"


def address(made, name="a.example.", **kw):
    got = ask.addresses(made.udp(name, **kw))
    return got[0] if got else None


def reload(made, corefile, **names):
    made.names.update(names)
    made.write(corefile)
    made.send_signal(signal.SIGUSR1)


def test_changed_corefile_counts(server, upstream):
    made = server(PLAIN, UP=upstream(OLD))
    assert address(made) == "192.0.2.1"
    reload(made, PLAIN, UP=upstream(NEW))
    wait.until(lambda: address(made) == "192.0.2.2", "the new upstream's answer")
    assert made.tcp("a.example.").answer[0][0].address == "192.0.2.2"


def test_unchanged_corefile_reloads_too(server, upstream):
    made = server(PLAIN, UP=upstream(OLD))
    before = len(made.output())
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: re.search(r"(?i)reload", made.output()[before:]), "a line that says so")
    assert address(made) == "192.0.2.1"


def test_bad_corefile_changes_nothing_and_says_why(server, upstream):
    made = server(PLAIN, UP=upstream(OLD))
    reload(made, ".:{PORT} {\n    bind 127.0.0.1\n    nosuchplugin\n}\n")
    made.said(r"Corefile:3\b.*nosuchplugin")
    assert address(made) == "192.0.2.1"
    reload(made, PLAIN, UP=upstream(NEW))
    wait.until(lambda: address(made) == "192.0.2.2", "a good Corefile after the bad one")


def test_missing_corefile_changes_nothing(server, upstream):
    made = server(PLAIN, UP=upstream(OLD))
    before = len(made.output())
    os.remove(made.conf)
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: re.search(r"(?i)^\[ERROR\]", made.output()[before:], re.M), "an error line")
    assert address(made) == "192.0.2.1"


def test_a_port_that_cannot_be_had_changes_nothing(server, upstream):
    import socket
    made = server(PLAIN, UP=upstream(OLD))
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        before = len(made.output())
        reload(made, PLAIN.replace("{PORT}", str(port)))
        wait.until(lambda: f"127.0.0.1:{port}" in made.output()[before:], "an error that names the address")
        assert address(made) == "192.0.2.1"


def test_ports_and_zones_come_and_go(server, upstream):
    made = server(PLAIN, UP=upstream(OLD))
    assert address(made) == "192.0.2.1"
    reload(made, PLAIN + "two.example:{PORT2} {\n    bind 127.0.0.1\n    forward . {NEW}\n}\n", NEW=upstream(NEW))
    wait.until(lambda: made.bound("udp", made.port("PORT2")) and made.bound("tcp", made.port("PORT2")), "the second port")
    assert made.udp("x.two.example.", port="PORT2").rcode() == 0
    assert address(made) == "192.0.2.1"
    reload(made, PLAIN)
    wait.until(lambda: not made.bound("udp", made.port("PORT2")) and not made.bound("tcp", made.port("PORT2")),
               "the second port closed")
    assert address(made) == "192.0.2.1"


def test_an_imported_file_counts(server, upstream):
    """Files that the Corefile imports are read again."""
    made = server("import parts.conf\n", wait_up=False, files={"parts.conf": PLAIN}, UP=upstream(OLD)).wait_up()
    assert address(made) == "192.0.2.1"
    made.names["UP"] = upstream(NEW)
    made.write(PLAIN, "parts.conf")
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: address(made) == "192.0.2.2", "the changed import")


def test_no_query_is_lost(server, upstream):
    """Over UDP, with a connection a question, and on one that is kept; also across a bad Corefile."""
    up, other = upstream(OLD), upstream(NEW)
    made = server(CACHED, UP=up, OTHER=other)
    name = "load.example."
    udp = traffic.Udp(made.port(), name)
    fresh, kept = traffic.Tcp(made.port(), name), traffic.Tcp(made.port(), name, keep=True)
    for i in range(8):
        time.sleep(0.15)
        text = CACHED if i % 2 else CACHED.replace("{UP}", "{OTHER}")
        reload(made, text if i != 5 else "nonsense {\n")
    time.sleep(0.3)
    n, lost, bad, slowest = udp.stop()
    assert n > 500 and not lost and not bad, f"UDP: of {n} lost {len(lost)}, failed {len(bad)}"
    for what, t in (("a connection each", fresh), ("a kept connection", kept)):
        n, wrong = t.stop()
        assert n > 50 and not wrong, f"TCP, {what}: of {n} failed {wrong[:5]}"


def test_no_query_is_lost_when_the_listener_changes(server, upstream):
    """From every address to one and back: the old sockets are emptied before they are closed."""
    made = server(CACHED, UP=upstream(OLD))
    load, kept = traffic.Udp(made.port(), rate=3000), traffic.Tcp(made.port(), keep=True)
    for i in range(6):
        time.sleep(0.3)
        reload(made, CACHED if i % 2 else CACHED.replace("    bind 127.0.0.1\n", ""))
    time.sleep(0.3)
    n, lost, bad, _ = load.stop()
    assert n > 500 and not lost and not bad, f"of {n} lost {len(lost)}, failed {len(bad)}"
    # A connection ends with its listener, once what is in flight is answered; the client opens another.
    n, wrong = kept.stop()
    assert n > 50 and len(wrong) <= 6 and all(w == "EOFError()" for _, w in wrong), wrong


def test_no_query_that_waits_is_lost(server, upstream):
    """Questions that are at the upstream when the generation changes get their answers."""
    slow = upstream({"rules": [{"match": {}, "delay": 0.4, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(PLAIN, UP=slow)
    load = traffic.Udp(made.port(), "slow.example.", rate=100, unique=True)
    for _ in range(4):
        time.sleep(0.2)
        made.send_signal(signal.SIGUSR1)
    n, lost, bad, _ = load.stop()
    assert n > 50 and not lost and not bad, f"of {n} lost {len(lost)}, failed {len(bad)}"


def asked(up, name):
    return len(up.seen(name=name))


def test_cache_is_kept_when_only_the_log_changes(server, upstream):
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(CACHED, UP=up)
    assert address(made, "kept.example.") == "192.0.2.1"
    reload(made, CACHED.replace("    forward", "    log\n    errors\n    forward"))
    wait.until(lambda: made.udp("kept.example.") and re.search(r'"A IN kept\.example\.', made.output()), "a log line")
    assert asked(up, "kept.example.") == 1


def test_cache_is_emptied_when_an_upstream_changes(server, upstream):
    made = server(CACHED, UP=upstream(OLD))
    assert address(made) == "192.0.2.1"
    reload(made, CACHED, UP=upstream(NEW))
    wait.until(lambda: address(made) == "192.0.2.2", "the new upstream's answer, not the cached one")


def test_cache_is_emptied_when_its_own_settings_change(server, upstream):
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(CACHED, UP=up)
    address(made, "own.example.")
    reload(made, CACHED.replace("cache 300", "cache 200"))
    wait.until(lambda: address(made, "own.example.") and asked(up, "own.example.") == 2, "a second question upstream")
    assert made.udp("own.example.").answer[0].ttl <= 200


def test_cache_is_emptied_when_a_file_of_the_corefile_changes(server, upstream, tmp_path):
    """The upstream stands in a resolv.conf: its content counts, not its name."""
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]}, host="127.0.0.71", port=53)
    resolv = tmp_path / "resolv"
    resolv.write_text("nameserver 127.0.0.71\n")
    made = server(CACHED, UP=resolv)
    address(made, "file.example.")
    assert asked(up, "file.example.") == 1
    other = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.2"}]}, host="127.0.0.72", port=53)
    resolv.write_text("nameserver 127.0.0.72\n")
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: address(made, "file.example.") == "192.0.2.2", "the answer of the new file's name server")
    assert asked(other, "file.example.") == 1


def descriptors(made):
    return len(os.listdir(f"/proc/{made.proc.pid}/fd"))


def test_many_reloads_leave_nothing_behind(server, upstream):
    """Descriptors and memory settle where they were."""
    up, other = upstream(OLD), upstream(NEW)
    made = server(CACHED, UP=up, OTHER=other)
    serial = iter(range(10 ** 6))

    def once():
        i = next(serial)
        reload(made, CACHED.replace("{UP}", "{OTHER}") if i % 2 == 0 else CACHED)
        want = "192.0.2.2" if i % 2 == 0 else "192.0.2.1"
        wait.until(lambda: address(made) == want, "the reload")
    for _ in range(6):
        once()
    wait.until(lambda: made.rss_mb() > 0, "memory")
    fds, rss = descriptors(made), made.rss_mb()
    for _ in range(30):
        once()
    wait.until(lambda: descriptors(made) <= fds + 12, f"descriptors back near {fds}, now {descriptors(made)}", timeout=15)
    assert made.rss_mb() <= rss + 12 * wait.FACTOR, f"{rss:.1f} MB before, {made.rss_mb():.1f} MB after 30 reloads"
