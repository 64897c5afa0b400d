# SPDX-License-Identifier: Apache-2.0
"""No false alarm over servers of five makes that are well."""
import subprocess

import pytest

from harness import peers, story
from .captures import Captures, verdicts


class Host:
    """One namespace with everything in it."""

    def __init__(self, ns):
        self.ns = self.node = self.client = ns
        self.pods = []

    def dig(self, *args):
        return subprocess.run(self.ns.command(["dig", "+tries=1", "+time=3", "@127.0.0.1", *args]), capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", peers.NAMES)
def test_a_healthy_server_raises_no_alarm(netns, tmp_path, request, name):
    host = Host(netns())
    coredns = request.getfixturevalue("coredns") if name.startswith("CoreDNS") else None
    up = story.StoryUpstream({"udp_max": 512, "truncate": "cname"}, host="127.0.0.1", port=5300, ns=host.ns).start()
    server = peers.start(name, tmp_path, host.ns, up, coredns)
    if server is None:
        pytest.skip(f"no {name}")
    captures = Captures(host, tmp_path)
    try:
        captures.add("any", host.ns, "any", "port", "53", "or", "port", "5300").add("any96", host.ns, "any", "port", "53", snap=96)
        for n in (1, 22, 60):
            for rdtype in ("A", "AAAA"):
                host.dig("+noedns", story.name(f"a{rdtype}", n), rdtype)
                host.dig("+bufsize=1232", story.name(f"b{rdtype}", n), rdtype)
        host.dig("the-end.n1.bucket.example.org")
        captures.end(marker=False)
    finally:
        captures.close()
        server.close()
        up.stop()
    for place in ("any", "any96"):
        status, report = captures.doctor(place)
        assert status == 0, report["verdicts"]
        assert verdicts(report) <= {"healthy", "truncated-passed-on"} and report["sums"]["unanswered"] == 0
        assert report["sums"]["questions"] >= 13
