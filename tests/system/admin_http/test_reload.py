# SPDX-License-Identifier: Apache-2.0
"""Endpoints through reloads: no connection refused or reset, addresses that move, configurations that fail."""
import os
import signal
import socket

import pytest

from harness import wait, web

pytestmark = pytest.mark.threads

CONF = """.:{PORT} {
    bind 127.0.0.1
    health 127.0.0.1:{PORT2}
    ready 127.0.0.1:{PORT3}
    prometheus 127.0.0.1:{PORT4}
    cache
    whoami
}
"""


def reload(made, corefile=None, fails=False):
    if corefile:
        made.write(corefile)
    before = len(made.output())
    made.send_signal(signal.SIGUSR1)
    what = "failed" if fails else "Reloading complete"
    wait.until(lambda: what in made.output()[before:], f"the reload: {made.output()[-1000:]}")


def closed(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


def test_nobody_is_refused_in_twenty_reloads(admin):
    made = admin(CONF)
    polls = [web.Poll(made.port(port), path, keep=keep) for port, path in
             (("PORT2", "/health"), ("PORT3", "/ready"), ("PORT4", "/metrics")) for keep in (False, True)]
    for i in range(20):
        reload(made, CONF if i % 2 else CONF.replace("    cache\n", "    cache\n    errors\n"))
    for p in polls:
        n, wrong = p.stop()
        assert n >= 20 and not wrong, wrong[:3]


def test_counters_do_not_fall(admin):
    made = admin(CONF)
    assert made.udp("a.example.").rcode() == 0
    def count():
        return web.value(web.metrics(made.port("PORT4")), "coredns_dns_requests_total", zone=".")
    before = count()
    assert before == 1
    reload(made)
    assert made.udp("a.example.").rcode() == 0
    assert count() == 2


def test_what_is_no_longer_enabled_goes(admin):
    made = admin(CONF)
    assert web.value(web.metrics(made.port("PORT4")), "coredns_plugin_enabled", name="cache") == 1
    reload(made, CONF.replace("    cache\n", ""))
    wait.until(lambda: web.value(web.metrics(made.port("PORT4")), "coredns_plugin_enabled", name="cache") == 0,
               "cache is no longer enabled")
    assert web.value(web.metrics(made.port("PORT4")), "coredns_plugin_enabled", name="whoami") == 1


def test_an_address_moves(admin):
    made = admin(CONF)
    reload(made, CONF.replace("{PORT2}", "{PORT5}"))
    assert web.get(made.port("PORT5"), "/health").text == "OK"
    wait.until(lambda: closed(made.port("PORT2")), "the old address closed")
    reload(made, CONF)
    assert web.get(made.port("PORT2"), "/health").text == "OK"
    wait.until(lambda: closed(made.port("PORT5")), "the other address closed")


def test_paths_move_between_addresses(admin):
    """Metrics move to where health was and back; each address is open throughout."""
    made = admin(CONF)
    health = web.Poll(made.port("PORT2"), "/health")
    for i in range(6):
        reload(made, CONF if i % 2 else CONF.replace("{PORT4}", "{PORT2}"))
        assert web.get(made.port("PORT4" if i % 2 else "PORT2"), "/metrics").status == 200
    n, wrong = health.stop()
    assert n and not wrong, wrong[:3]


def test_from_one_address_to_all_and_back(admin):
    made = admin(CONF)
    for i in range(4):
        reload(made, CONF if i % 2 else CONF.replace("127.0.0.1:{PORT2}", ":{PORT2}"))
        assert web.get(made.port("PORT2"), "/health").text == "OK"
    wait.until(lambda: closed_from("127.0.0.2", made.port("PORT2")), "only one address again")


def closed_from(host, port):
    with socket.socket() as s:
        return s.connect_ex((host, port)) != 0


def test_a_reload_that_fails_changes_nothing(admin):
    """Not before anything starts, nor when plugins have started already: health's address is taken."""
    made = admin(CONF)
    reload(made, CONF + "b.example:{PORT} {\n    bind 127.0.0.1\n    nosuch\n}\n", fails=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        other = f"b.example:{{PORT}} {{\n    bind 127.0.0.1\n    health 127.0.0.1:{taken.getsockname()[1]}\n    whoami\n}}\n"
        reload(made, CONF + other, fails=True)
    for port, path in (("PORT2", "/health"), ("PORT3", "/ready"), ("PORT4", "/metrics")):
        assert web.get(made.port(port), path).status == 200
    m = web.metrics(made.port("PORT4"))
    assert web.value(m, "coredns_plugin_enabled", name="whoami") == 1
    assert web.value(m, "binnacle_cache_bytes", zones=".") >= 0 and any(n == "coredns_cache_entries" for n, _ in m)
    assert web.value(m, "binnacle_reloads_total", result="failed") == 2


def test_endpoints_answer_while_a_configuration_loads(admin):
    """The builder reads from a pipe that gives nothing: as slow as loading can be."""
    made = admin(CONF)
    pipe = os.path.join(made.dir, "slow.conf")
    os.mkfifo(pipe)
    before = len(made.output())
    made.write("import slow.conf\n" + CONF)
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: "Reloading" in made.output()[before:], "the reload to begin")
    polls = [web.Poll(made.port(port), path) for port, path in
             (("PORT2", "/health"), ("PORT3", "/ready"), ("PORT4", "/metrics"))]
    wait.until(lambda: all(p.n > 20 for p in polls), "answers while the builder waits")
    assert "Reloading complete" not in made.output()[before:]
    with open(pipe, "w") as f:
        f.write("(unused) {\n    whoami\n}\n")
    wait.until(lambda: "Reloading complete" in made.output()[before:], f"the reload: {made.output()[-500:]}")
    for p in polls:
        n, wrong = p.stop()
        assert not wrong, wrong[:3]
