# SPDX-License-Identifier: Apache-2.0
"""What doctor cannot know it says, and calls nothing a fault for it."""
from harness import server as servers
from . import net_faults
from .net_cluster import UP, VIP
from .net_doctor import COULD_NOT_TELL, PATIENCE, HEALTHY, Report, doctor

LINE = [*servers.binary(), "doctor", "--no-api", *PATIENCE, "www.example.org", "--json"]


def test_without_a_route_nothing_is_a_fault(netns):
    """A namespace with loopback alone."""
    import subprocess
    ns = netns()
    args = ns.command([*LINE, "--pod", "10.0.1.10", "--upstream", UP], f"nameserver {VIP}\n")
    report = Report(subprocess.run(args, capture_output=True, text=True, timeout=60))
    assert report.status == COULD_NOT_TELL and report.slugs() == ["could-not-tell"], report.story()
    assert report.verdict("could-not-tell")["severity"] == "unknown" and "not reachable from here" in report.text, report.story()


def test_a_network_that_a_router_does_not_know_is_none_either(net):
    net.healthy(pods=1)
    net.node.ip("route", "add", "unreachable", "10.0.9.0/24")
    report = doctor(net, "www.example.org", "--pod", "10.0.9.9")
    assert not report.slugs("fault") and report.status == HEALTHY, report.story()


def test_where_the_upstream_stands_in_the_pods_own_file_it_is_not_guessed(net, tmp_path):
    """/etc/resolv.conf in a Corefile is the pod's: this machine's own is not looked at for it."""
    net.healthy(pods=1)
    conf = tmp_path / "Corefile"
    conf.write_text(net.corefile().replace(UP, "/etc/resolv.conf"))
    report = doctor(net, "www.example.org", "--corefile", str(conf), corefile=False)
    assert report.status == HEALTHY and "could-not-tell" in report.slugs("note"), report.story()
    assert UP not in [s.get("address") for s in report.json["servers"]], report.story()


def test_a_failure_beyond_the_upstream_is_not_put_down_to_anybody(net):
    net.scripted_upstream(rules=[{"match": {}, "rcode": "SERVFAIL"}])
    net.pod()
    net.service()
    report = doctor(net)
    assert report.status == COULD_NOT_TELL and not report.slugs("fault") and "SERVFAIL" in report.evidence("could-not-tell"), report.story()


def test_losses_that_cannot_be_asked_again_are_no_fault(net):
    """The budget is used up by the plan: a dead way would need another look."""
    net.healthy(pods=1)
    net_faults.packet_loss(net, 20, "random")
    report = doctor(net, "www.example.org.", "--queries", "25")
    assert not report.slugs("fault"), report.story()
