# SPDX-License-Identifier: Apache-2.0
"""DNS servers of five makes as a cluster's DNS pod: each answers cluster.local itself and forwards the rest."""
import shutil

import pytest

from harness import peers, server as servers

CLUSTER = """$ORIGIN cluster.local.
$TTL 5
@ SOA ns.dns hostmaster 1 7200 1800 86400 5
@ NS ns.dns
ns.dns A 10.96.0.10
kubernetes.default.svc A 10.96.0.1
web.default.svc A 10.96.7.7
"""

COREFILE = """.:53 {
    bind {HOST}
    errors
    file cluster.zone cluster.local
{FORWARD}
    cache 30
    loop
    reload
    loadbalance
}
"""
FORWARD = """    forward . {UP} {
        max_concurrent 1000
    }"""
# What unbound answers itself.
UNBOUND_DATA = """  local-zone: "cluster.local." static
  local-data: "cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5"
  local-data: "kubernetes.default.svc.cluster.local. 5 A 10.96.0.1"
  local-data: "web.default.svc.cluster.local. 5 A 10.96.7.7"
"""
UNBOUND = peers.unbound("{HOST}", "0.0.0.0/0", "{UP}", more='  domain-insecure: "."\n' + UNBOUND_DATA)
BIND = """options {
  directory "{DIR}"; listen-on port 53 { {HOST}; }; listen-on-v6 { none; };
  pid-file none; session-keyfile none; recursion yes; allow-query { any; }; allow-recursion { any; };
  allow-query-cache { any; }; forward only; forwarders { {UP}; }; dnssec-validation no; max-records-per-type 0;
};
controls { };
zone "cluster.local" { type master; file "cluster.zone"; };
"""
DNSMASQ = ["-k", "-C", "{DIR}/Corefile", "--no-resolv", "--no-hosts", "--server={UP}", "--port=53",
           "--listen-address={HOST}", "--bind-interfaces", "--user=root", "--pid-file=", "--local=/cluster.local/",
           "--host-record=kubernetes.default.svc.cluster.local,10.96.0.1",
           "--host-record=web.default.svc.cluster.local,10.96.7.7"]

NAMES = ("Binnacle", "CoreDNS", "unbound", "BIND", "dnsmasq")
# Those that a Corefile describes.
COREFILES = ("Binnacle", "CoreDNS")


def corefile(up):
    """As it stands in a ConfigMap."""
    return COREFILE.replace("    bind {HOST}\n", "").replace("{FORWARD}", FORWARD).replace("{UP}", up)


def start(kind, server, ns, host, up, coredns=None, conf=COREFILE, forward=FORWARD, **how):
    """A server of that make on that address of the namespace; the test is skipped where it is missing."""
    how = dict({"ns": ns, "HOST": host, "UP": up, "files": {"cluster.zone": CLUSTER}}, **how)
    if kind in COREFILES:
        command = servers.binary() if kind == "Binnacle" else coredns
        if not command:
            pytest.skip("COREDNS=path of CoreDNS 1.14.7 is not set")
        return server(conf.replace("{FORWARD}", forward), command=command, **how)
    program, text, args = {"unbound": ("unbound", UNBOUND, ["-d", "-c", "{DIR}/Corefile"]),
                           "BIND": ("named", BIND, ["-g", "-n", "1", "-c", "{DIR}/Corefile"]),
                           "dnsmasq": ("dnsmasq", "", DNSMASQ)}[kind]
    if not shutil.which(program):
        pytest.skip(f"no {program}")
    return server(text, command=[program], conf=False, args=args, **how)
