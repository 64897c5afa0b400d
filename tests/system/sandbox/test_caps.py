# SPDX-License-Identifier: Apache-2.0
"""Capabilities: one for ports below 1024, none beside it; and users without rights."""
import os
import signal
import subprocess

import dns.rcode
import pytest

from harness import ask, server as server_module, status, wait

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"
AS = ["setpriv", "--reuid", "65532", "--regid", "65532", "--clear-groups", "--bounding-set", "-all,+net_bind_service"]
BINDER = [*AS, "--inh-caps", "-all,+net_bind_service", "--ambient-caps", "-all,+net_bind_service"]
NOBODY = [*AS, "--inh-caps", "-all"]
NET_BIND_SERVICE = f"{1 << 10:016x}"
NONE = "0" * 16

# ThreadSanitizer has a thread of its own that nobody can reach.
all_threads = pytest.mark.skipif(wait.FACTOR >= 8, reason="not every thread is ours")


def caps(made, name):
    return {t[name] for t in status.threads(made)}


def as_user(line):
    return [*line, *server_module.binary()]


@all_threads
def test_root_keeps_one_capability(server):
    made = server(WHOAMI)
    assert caps(made, "CapPrm") == caps(made, "CapEff") == {NET_BIND_SERVICE}
    assert caps(made, "CapInh") == caps(made, "CapAmb") == caps(made, "CapBnd") == {NONE}
    assert caps(made, "NoNewPrivs") == {"1"}


@all_threads
def test_also_without_the_filter(server):
    made = server(WHOAMI, args=["-seccomp", "off"])
    assert caps(made, "CapPrm") == {NET_BIND_SERVICE} and caps(made, "NoNewPrivs") == {"1"}


def test_a_user_with_the_capability_serves_port_53_and_reloads(public, netns):
    """Another port below 1024 is opened by the reload, so the capability must still be there."""
    ns = netns()
    made = public(WHOAMI, ns=ns, command=as_user(BINDER))
    assert made.udp("a.example.").rcode() == 0 and made.tcp("a.example.").rcode() == 0
    if wait.FACTOR < 8:
        assert caps(made, "CapPrm") == caps(made, "CapEff") == {NET_BIND_SERVICE}
        assert caps(made, "CapInh") == caps(made, "CapAmb") == {NONE}
        assert caps(made, "Uid") == {"65532"}
    made.write(WHOAMI + "b.example:54 {\n    bind 127.0.0.1\n    whoami\n}\n")
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    with ns.inside():
        assert ask.udp(ask.query("x.b.example."), "127.0.0.1", 54).rcode() == dns.rcode.NOERROR
        assert ask.tcp(ask.query("x.b.example."), "127.0.0.1", 54).rcode() == dns.rcode.NOERROR


def test_a_user_without_it_is_told_what_is_missing(public, netns):
    ns = netns()
    code, out = public.refused(WHOAMI, ns=ns, command=as_user(NOBODY))
    assert code == 1
    assert "listen udp 127.0.0.1:53: bind: permission denied" in out
    assert "CAP_NET_BIND_SERVICE" in out and "ip_unprivileged_port_start" in out


def test_a_reload_without_it_is_refused_and_serving_goes_on(public, netns):
    ns = netns()
    made = public("{K}:5353 {\n    bind 127.0.0.1\n    whoami\n}\n", K=".", ns=ns, command=as_user(NOBODY), wait_up=False)
    wait.until(lambda: "Serving" in made.output(), "the start")
    made.write(WHOAMI)
    made.send_signal(signal.SIGUSR1)
    made.said(r"CAP_NET_BIND_SERVICE")
    with ns.inside():
        assert ask.udp(ask.query("a.example."), "127.0.0.1", 5353).rcode() == 0


def test_a_user_without_it_serves_where_low_ports_are_free(public, netns):
    ns = netns()
    ns.sysctl("net.ipv4.ip_unprivileged_port_start", 53)
    made = public(WHOAMI, ns=ns, command=as_user(NOBODY))
    assert made.udp("a.example.").rcode() == 0
    assert caps(made, "CapPrm") == caps(made, "CapEff") == {NONE}


# ---------------------------------------------------------------- the admin socket

CACHED = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n    cache 300\n}\n"


def flush(name, uid):
    return subprocess.run([server_module.binary()[-1], "flush", "-admin", name, "-all"], capture_output=True, text=True,
                          user=uid, group=uid, extra_groups=[], timeout=20)


@pytest.mark.parametrize("uid, may", [(0, True), (65532, True), (65533, False)])
def test_who_may_speak_to_the_admin_socket(public, upstream, uid, may):
    """Its own user and root; decided by what the kernel says of the peer."""
    name = f"binnacle/test-{os.getpid()}"
    made = public(CACHED, UP=upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]}),
                  command=as_user(NOBODY), args=["-admin", name])
    assert ask.addresses(made.udp("a.example.")) == ["192.0.2.1"]
    r = flush(name, uid)
    if may:
        assert (r.returncode, r.stdout.split()[0]) == (0, "1"), r
        made.said(rf"flush: 1 answers dropped.*asked by uid {uid}\b")
    else:
        assert r.returncode == 1 and "permitted" in r.stderr, r
        made.said(rf"admin: a connection of uid {uid} was refused")


def test_all_of_it_works_on_a_read_only_root(public, upstream):
    name = f"binnacle/test-{os.getpid()}"
    script = ("mount --make-rprivate / && mount -o remount,bind,ro / && { mount -o remount,bind,ro /tmp; "
              "mount -o remount,bind,ro /run; ! touch /read-write /tmp/read-write 2>&-; } && exec \"$@\"")
    made = public(CACHED, UP=upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]}),
                  command=["unshare", "-m", "sh", "-c", script, "sh", *as_user(NOBODY)], args=["-admin", name])
    assert ask.addresses(made.udp("a.example.")) == ["192.0.2.1"]
    assert flush(name, 0).stdout.split()[0] == "1"
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
