# SPDX-License-Identifier: Apache-2.0
"""`:PORT` is every address: of both families where IPv6 can be had, of IPv4 where not."""
import shutil
import subprocess

import pytest

from harness import wait, web

CONF = """.:{PORT} {
    bind 127.0.0.1
    health :{PORT2}
    ready :{PORT3}
    prometheus :{PORT4}
    whoami
}
"""
PATHS = {"PORT2": "/health", "PORT3": "/ready", "PORT4": "/metrics"}

# What a kernel without IPv6 says to socket().
NO_IPV6 = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
int socket(int family, int type, int protocol)
{
	static int (*real)(int, int, int);
	if (!real)
		real = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	if (family == AF_INET6) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return real(family, type, protocol);
}
"""


def answers(made, *hosts):
    for port, path in PATHS.items():
        for host in hosts:
            assert web.get(made.port(port), path, host=host).status == 200, (host, path)


def test_both_families(admin):
    made = admin(CONF)
    answers(made, "127.0.0.1", "127.0.0.2", "::1")


def test_ipv4_where_the_kernel_has_no_ipv6(admin, tmp_path):
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    (tmp_path / "no_ipv6.c").write_text(NO_IPV6)
    lib = str(tmp_path / "no_ipv6.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", lib, str(tmp_path / "no_ipv6.c"), "-ldl"], check=True)
    made = admin(CONF, env={"LD_PRELOAD": lib, "ASAN_OPTIONS": "verify_asan_link_order=0"})
    answers(made, "127.0.0.1", "127.0.0.2")
    with pytest.raises(OSError):
        web.get(made.port("PORT2"), "/health", host="::1", timeout=2)


def test_ipv4_where_the_namespace_has_none(admin, netns):
    """IPv6 is switched off for all interfaces; [::] can still be bound, and takes IPv4."""
    ns = netns()
    ns.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
    ns.sysctl("net.ipv6.conf.lo.disable_ipv6", 1)
    text = CONF.replace("{PORT2}", "8080").replace("{PORT3}", "8181").replace("{PORT4}", "9153")
    made = admin(text, ns=ns)
    with ns.inside():
        for port, path in ((8080, "/health"), (8181, "/ready"), (9153, "/metrics")):
            assert web.get(port, path).status == 200
    wait.never(lambda: made.proc.poll() is not None, "it ended", 0.1)
