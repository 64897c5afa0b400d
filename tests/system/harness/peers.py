# SPDX-License-Identifier: Apache-2.0
"""Other DNS servers as forwarders on port 53 of a namespace, for comparisons.  All from Debian."""
import shutil

from harness import server as servers, story


def unbound(host, allow, forward, modules="iterator", more=""):
    """unbound.conf of a forwarder on port 53 of `host`; `more`: further lines of its server clause."""
    return f"""server:
  interface: {host}@53
  access-control: {allow} allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{{DIR}}"
  pidfile: ""
  use-syslog: no
  module-config: "{modules}"
{more}forward-zone:
  name: "."
  forward-addr: {forward}
"""


UNBOUND = unbound("127.0.0.1", "127.0.0.0/8", "127.0.0.1@5300", more="  do-not-query-localhost: no\n")
BIND = """options {
  directory "{DIR}"; listen-on port 53 { 127.0.0.1; }; listen-on-v6 { none; };
  pid-file none; session-keyfile none; recursion yes; forward only; forwarders { 127.0.0.1 port 5300; };
  dnssec-validation no;
};
controls { };
"""


def start(name, folder, ns, up, coredns=None):
    """Start a peer by its name in the tables; None when this machine does not have it."""
    kind = {"CoreDNS": "stock", "CoreDNS, bufsize 512": "bufsize", "CoreDNS, prefer_udp": "prefer_udp"}
    if name == "Binnacle":
        command = servers.binary()
        return servers.Server(story.corefile("stock", command), folder, ns=ns, UP=up)
    if name in kind:
        return servers.Server(story.corefile(kind[name], coredns), folder, ns=ns, UP=up, command=coredns) if coredns else None
    program, conf, args = {
        "unbound": ("unbound", UNBOUND, ["-d", "-c", "{DIR}/Corefile"]),
        "BIND": ("named", BIND, ["-g", "-n", "1", "-c", "{DIR}/Corefile"]),
        "dnsmasq": ("dnsmasq", "", ["-k", "-C", "{DIR}/Corefile", "--no-resolv", "--no-hosts", "--server=127.0.0.1#5300",
                                    "--port=53", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
                                    "--pid-file="]),
    }[name]
    if not shutil.which(program):
        return None
    return servers.Server(conf, folder, ns=ns, command=[program], conf=False, args=args)


# For an upstream: that zone of example.org, and no other names.
ZONE_ONLY = """example.org:53 {
    bind {HOST}
    file example.zone
}
.:53 {
    bind {HOST}
    template ANY ANY . {
        rcode NXDOMAIN
        authority ". 30 IN SOA ns. hostmaster. 1 3600 600 86400 30"
    }
}
"""


def zone_server(server, ns, host, zone):
    """Binnacle with just that zone of example.org; all other names do not exist.  `server`: the fixture."""
    return server(ZONE_ONLY, ns=ns, HOST=host, files={"example.zone": zone})


NAMES = ("Binnacle", "CoreDNS", "CoreDNS, bufsize 512", "CoreDNS, prefer_udp", "unbound", "BIND", "dnsmasq")
