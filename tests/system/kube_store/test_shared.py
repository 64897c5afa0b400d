# SPDX-License-Identifier: Apache-2.0
"""One API client for all that asks for the same: server blocks, and the configurations before and after a reload."""
import re
import signal

from harness import ask, wait
from .conftest import service, slice_of

BLOCK = """{zone}:{{PORT}} {{
    bind 127.0.0.1
    kubernetes cluster.local {{
        endpoint http://127.0.0.1:{kube}
        {options}
    }}
    log
}}
"""


def corefile(k, *blocks):
    return "".join(BLOCK.format(zone=zone, kube=k.port, options=options) for zone, options in blocks)


def answered(made, name="web.demo.svc.cluster.local."):
    return wait.until(lambda: ask.addresses(made.udp(name)), f"an answer for {name}")


def reload(made, text=None):
    before = len(made.output())
    if text:
        made.write(text)
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: re.search(r"Reloading complete", made.output()[before:]), "the reload")


def lists(k):
    return len(k.seen({"resource": "services"}))


def objects():
    return [service("web", "10.96.0.1"), slice_of("web", "10.0.0.1")]


def test_a_reload_that_changes_nothing_lists_nothing(server, kube):
    k = kube(objects())
    made = server(corefile(k, (".", "")))
    assert answered(made) == ["10.96.0.1"]
    before = lists(k)
    for _ in range(3):
        reload(made, corefile(k, (".", "ttl 30")))
        assert ask.addresses(made.udp("web.demo.svc.cluster.local.")) == ["10.96.0.1"]
    assert lists(k) == before
    k.do({"apply": [service("new", "10.96.0.2")]})
    assert answered(made, "new.demo.svc.cluster.local.") == ["10.96.0.2"]


def test_two_blocks_with_the_same_options_share_one(server, kube):
    k = kube(objects())
    made = server(corefile(k, ("cluster.local", "ttl 7"), ("b.example", "")))
    answered(made)
    assert lists(k) == 1


def test_other_options_make_another_client_and_the_old_one_ends(server, kube):
    red = service("red", "10.96.0.9")
    red["metadata"]["labels"] = {"team": "red"}
    k = kube(objects() + [red])
    made = server(corefile(k, (".", "")))
    answered(made)
    reload(made, corefile(k, (".", "labels team=red")))
    assert answered(made, "red.demo.svc.cluster.local.") == ["10.96.0.9"]
    wait.until(lambda: not ask.addresses(made.udp("web.demo.svc.cluster.local.")), "only what the selector lets")
    wait.until(lambda: len([w for w in k.watchers if w.res == "services"]) == 1, "the old watch's end")
