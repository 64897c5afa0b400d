# SPDX-License-Identifier: Apache-2.0
"""Faults made for real in a Net: each leaves the rest of it as it was, and undoes itself with .repair() where it says so."""
import subprocess

from .net_cluster import VIP, UP


# ---------------------------------------------------------------- the Service's address
def _forget_flows(net):
    """Those of earlier questions would still be turned: a new question may come from the port of an old one."""
    subprocess.run(net.node.command(["conntrack", "-F"]), check=True, capture_output=True)


def no_kube_proxy(net):
    """Nothing turns the Service's address into a pod's; what goes there leaves the cluster for good."""
    net.endpoints(net.pods)
    net.node.nft("flush chain ip service in\n")
    _forget_flows(net)
    net.node.ip("route", "add", "blackhole", f"{VIP}/32")


def no_endpoints(net):
    """What kube-proxy does for a Service without ready endpoints: port unreachable."""
    net.node.nft("flush chain ip service in\n")
    net.node.nft("table ip empty {\n chain in {\n  type filter hook prerouting priority -150;\n"
                 f"  ip daddr {VIP} reject with icmp type port-unreachable\n }}\n}}\n")
    _forget_flows(net)


def policy_on_service(net):
    """A network policy of the kind that looks at the address that the pod wrote to."""
    return net.lose(f"ip daddr {VIP}", net.client, hook="output")


# ---------------------------------------------------------------- one pod
def dead(pod):
    """The server has ended, the endpoint stands: port unreachable."""
    pod.made.proc.kill()
    pod.made.exit()


def cut_off(net, pod):
    """Packets to that pod are lost (its node's CNI)."""
    return net.lose(f"ip daddr {pod.address}")


# ---------------------------------------------------------------- the way
def rate_limit(net, per_second, burst=5):
    """As Amazon's, for all packets between the pods and the upstream: what is above is lost."""
    return net.lose(f"ip daddr {UP} limit rate over {per_second}/second burst {burst} packets")


def second_of_a_port(net):
    """The race of conntrack: of two packets of a new flow that come at the same moment the second is lost."""
    recent = "set recent { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 30ms; }"
    new = f"ip daddr {VIP} udp dport 53"
    return net.lose(f"{new} ip saddr . udp sport @recent", hook="prerouting", priority=-150, sets=recent,
                    then=f"{new} add @recent {{ ip saddr . udp sport }}")


def large_udp(net, size=1280, toward="client"):
    """A middlebox that takes no UDP of more than `size` bytes."""
    to = {"client": "10.0.2.2", "pods": "10.0.1.0/24"}[toward]
    return net.lose(f"ip daddr {to} udp sport 53 meta length > {size}")


def fragments(net, toward="client"):
    """A filter that knows no fragments: each is lost, the first ones too."""
    link = {"client": "client", "pods": "upstream0"}[toward]
    # After the node's conntrack has put them together they would not be seen: on the way out to the client, in the
    # client's own namespace before its defragmentation.
    ns = net.client if toward == "client" else net.node
    device = "" if toward == "client" else f"iifname {link} "
    return net.lose(f"{device}ip frag-off & 0x3fff != 0", ns, hook="prerouting", priority=-450)


def mtu_black_hole(net, mtu=1280):
    """A link with less than both ends think, and the messages that would tell are lost."""
    net.node.ip("route", "replace", "10.0.2.2/32", "dev", "client", "mtu", "lock", str(mtu))
    return net.lose("icmp type destination-unreachable icmp code frag-needed", hook="output")


def packet_loss(net, percent=1, mode="inc"):
    """Everything that the node forwards, in both directions."""
    return net.lose(f"numgen {mode} mod {100} < {percent}")
