# SPDX-License-Identifier: Apache-2.0
"""The same story where there is only IPv6, and where there is none."""
from harness import clients, story


def only_six(netns):
    ns = netns().like_a_pod(6)
    ns.ip("addr", "del", "127.0.0.1/8", "dev", "lo")
    return ns


def six_lab(netns, tap, server, programs, corefile, host, **kw):
    ns = only_six(netns)
    ns.interface("up0", "2001:db8:53::53/64", "fe80::53/64")
    up = story.StoryUpstream(story.upstream_spec(False), host=host, port=53, ns=ns).start()
    made = server(corefile, ns=ns, UP=up, **kw)
    lab = clients.Lab(ns, tap(ns), programs, address="::1", family=6)
    lab.server, lab.upstream = made, up
    return lab


def check(lab, n=60):
    for c in clients.CLIENTS:
        if clients.missing(c, lab.programs):
            continue
        got = lab.run(c, story.name(c.name, n))
        assert got.first_addresses or not c.udp, f"{c.name}: no address in the first UDP reply"
        assert len(got.addresses) == n or not c.whole, f"{c.name}: {len(got.addresses)} of {n}"
        assert got.addresses or not c.alone, c.name
    lab.upstream.stop()


def test_upstream_by_its_ipv6_address(netns, tap, server, programs):
    lab = six_lab(netns, tap, server, programs, ".:53 {\n    bind ::1\n    errors\n    forward . {UP}\n    cache 30\n}\n",
                  "2001:db8:53::53")
    check(lab)


def test_upstream_by_a_link_local_address_in_resolv_conf(netns, tap, server, programs):
    ns = only_six(netns)
    ns.interface("up0", "fe80::53/64")
    up = story.StoryUpstream(story.upstream_spec(False), host="fe80::53%up0", port=53, ns=ns).start()
    made = server(".:53 {\n    bind ::1\n    errors\n    forward . /etc/resolv.conf\n    cache 30\n}\n", ns=ns,
                  resolv="nameserver fe80::53%up0\n")
    lab = clients.Lab(ns, tap(ns), programs, address="::1", family=6)
    lab.server, lab.upstream = made, up
    check(lab)


def test_ipv4_is_served_where_ipv6_is_switched_off(netns, tap, server, programs):
    """The wildcard of both families cannot be bound there."""
    ns = netns().like_a_pod(4)
    for which in ("all", "default", "lo"):
        ns.sysctl(f"net.ipv6.conf.{which}.disable_ipv6", 1)
    up = story.StoryUpstream(story.upstream_spec(False), port=5300, ns=ns).start()
    server(".:53 {\n    errors\n    forward . {UP}\n    cache 30\n}\n", ns=ns, UP=up)
    lab = clients.Lab(ns, tap(ns), programs)
    for c in clients.CLIENTS[:6]:
        assert lab.run(c, story.name(c.name, 60)).addresses, c.name
    up.stop()
