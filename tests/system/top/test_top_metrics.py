# SPDX-License-Identifier: Apache-2.0
"""The most frequent clients and names as metrics: ranks always, names only where they were asked for, and few of them."""
import shutil, signal, subprocess

import pytest

from harness import server as servers, wait, web

RANKS = """.:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2}
    whoami
}
"""
NAMES = RANKS.replace("{PORT2}\n", "{PORT2} {\n        top 3\n    }\n")


def ask(made):
    """So few that each is looked at."""
    for i in range(12):
        made.udp("hot.example.", source="127.0.0.7")
        made.udp(f"n{i}.example.org.", source=f"127.0.1.{i + 1}")


def series(made, name):
    """{label values in order of label names: value} of one family."""
    return {tuple(v for _, v in sorted(labels)): v for (n, labels), v in web.metrics(made.port("PORT2")).items() if n == name}


@pytest.fixture
def served(server):
    return lambda text: server(text, listens=web.listens(text))


def test_ranks_are_always_there_and_no_names(served):
    made = served(RANKS)
    assert set(series(made, "binnacle_top_share")) == {(o, r) for o in ("client", "name", "zone") for r in "123"}
    ask(made)
    shares = series(made, "binnacle_top_share")
    assert 0.45 < shares["client", "1"] <= 0.5
    assert 0 < shares["client", "3"] < 0.05
    text = web.get(made.port("PORT2"), "/metrics").text
    assert "hot.example" not in text and "127.0.0.7" not in text


def test_names_are_shown_on_request_and_bounded(served):
    made = served(NAMES)
    ask(made)
    clients = series(made, "binnacle_top_client_queries")
    assert clients["127.0.0.7", ""] == 12 and len(clients) == 3
    names = series(made, "binnacle_top_name_queries")
    assert names["hot.example.",] == 12 and len(names) == 3
    assert len(series(made, "binnacle_top_zone_queries")) == 2     # example., example.org.


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool")
def test_prometheus_can_read_names_of_any_bytes(served):
    made = served(NAMES)
    for _ in range(3):
        made.udp(r"a\"b\\c\010\195\169{}.example.")
    text = web.get(made.port("PORT2"), "/metrics").text
    assert "binnacle_top_name_queries{" in text
    r = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert r.returncode == 0 and not (r.stdout + r.stderr).strip(), r


def test_a_reload_shows_and_hides_names(served):
    made = served(RANKS)
    ask(made)
    made.write(NAMES)
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: len(series(made, "binnacle_top_client_queries")) == 3, "names in the metrics")
    made.write(RANKS)
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: not series(made, "binnacle_top_client_queries"), "no names in the metrics")


@pytest.mark.parametrize("n", ["0", "21", "all", ""])
def test_a_number_out_of_bounds_is_refused(tmp_path, n):
    status, said = servers.refused(RANKS.replace("{PORT2}\n", "{PORT2} {\n        top " + n + "\n    }\n"), tmp_path)
    assert status == 1 and "Corefile:4" in said, said
