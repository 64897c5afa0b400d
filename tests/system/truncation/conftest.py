# SPDX-License-Identifier: Apache-2.0
"""The laboratory of the truncation tests: a namespace, an upstream that truncates, a server on port 53."""
import pytest

from harness import clients, server as servers, story


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The small lookup programs, compiled once."""
    return clients.build(tmp_path_factory.mktemp("clients"))


@pytest.fixture
def laboratory(netns, tap, server, programs):
    """laboratory(honours_edns, kind, command): a Lab whose server answers from such an upstream."""
    def make(honours_edns=False, kind="stock", command=None):
        ns = netns().like_a_pod(4, 6)
        up = story.StoryUpstream(story.upstream_spec(honours_edns), host="127.0.0.1", port=5300, ns=ns).start()
        ups.append(up)
        command = command or servers.binary()
        made = server(story.corefile(kind, command), ns=ns, UP=up, command=command)
        lab = clients.Lab(ns, tap(ns), programs)
        lab.server, lab.upstream = made, up
        return lab
    ups = []
    yield make
    for up in ups:
        up.stop()
