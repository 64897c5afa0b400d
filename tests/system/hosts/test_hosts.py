# SPDX-License-Identifier: Apache-2.0
"""The hosts file while the server serves: replaced in all the ways in which people do it."""
import os
import re
import signal
import urllib.request

import pytest

from harness import ask, wait

pytestmark = pytest.mark.threads

COREFILE = """.:{PORT} {
    bind 127.0.0.1
    hosts {DIR}/hosts {
        192.0.2.9 inline.example
        reload 20ms
    }
}
"""


def gives(made, name, *addresses):
    wait.until(lambda: ask.addresses(made.udp(name)) == list(addresses), f"{name} is {addresses}")


def test_a_config_map_is_swapped(server):
    """Kubernetes replaces the link ..data, over which the file is reached."""
    made = server(COREFILE, wait_up=False)
    for name, address in (("..1", "192.0.2.1"), ("..2", "192.0.2.2")):
        os.mkdir(os.path.join(made.dir, name))
        made.write(f"{address} a.example\n", f"{name}/hosts")
    os.symlink("..1", os.path.join(made.dir, "..data"))
    os.symlink("..data/hosts", os.path.join(made.dir, "hosts"))
    made.wait_up()
    gives(made, "a.example.", "192.0.2.1")
    os.symlink("..2", os.path.join(made.dir, "..tmp"))
    os.rename(os.path.join(made.dir, "..tmp"), os.path.join(made.dir, "..data"))
    gives(made, "a.example.", "192.0.2.2")
    gives(made, "inline.example.", "192.0.2.9")


def test_another_file_of_the_same_size_and_time(server):
    made = server(COREFILE, files={"hosts": "192.0.2.1 a.example\n"})
    gives(made, "a.example.", "192.0.2.1")
    path = os.path.join(made.dir, "hosts")
    was = os.stat(path)
    with open(path + ".new", "w") as f:
        f.write("192.0.2.2 a.example\n")
    os.utime(path + ".new", ns=(was.st_atime_ns, was.st_mtime_ns))
    os.rename(path + ".new", path)
    gives(made, "a.example.", "192.0.2.2")


def test_a_file_that_goes_and_comes_back(server):
    """What was read last stays, and is told once."""
    made = server(COREFILE, files={"hosts": "192.0.2.1 a.example\n"})
    gives(made, "a.example.", "192.0.2.1")
    os.remove(os.path.join(made.dir, "hosts"))
    made.said(r"^\[WARNING\] plugin/hosts: \S+/hosts cannot be read: no such file or directory; its last entries stay$")
    gives(made, "a.example.", "192.0.2.1")
    os.mkdir(os.path.join(made.dir, "hosts"))
    made.said(r"cannot be read: is a directory; its last entries stay$")
    os.rmdir(os.path.join(made.dir, "hosts"))
    made.write("192.0.2.3 a.example\n", "hosts")
    gives(made, "a.example.", "192.0.2.3")
    made.said(r"^\[INFO\] plugin/hosts: \S+/hosts is read again$")
    assert len(re.findall("is a directory", made.output())) == 1


def test_a_file_that_comes_later(server):
    made = server(COREFILE)
    made.said(r"File does not exist: \S+/hosts$")
    gives(made, "inline.example.", "192.0.2.9")
    made.write("192.0.2.4 late.example\n", "hosts")
    gives(made, "late.example.", "192.0.2.4")


def test_reload_by_signal_shows_at_once_what_changed(server):
    """Also where the plugin itself does not look, and over what `cache` has."""
    made = server(".:{PORT} {\n bind 127.0.0.1\n cache\n hosts {DIR}/hosts {\n  reload 0\n }\n}\n",
                  files={"hosts": "192.0.2.1 a.example\n"})
    gives(made, "a.example.", "192.0.2.1")
    made.write("192.0.2.2 a.example\n", "hosts")
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    gives(made, "a.example.", "192.0.2.2")


def test_a_large_file_again_and_again_while_it_is_asked(server):
    """Every answer is the old one or the new one."""
    def text(last):
        return "".join(f"10.0.{i >> 8}.{i & 255} host-{i}.example\n" for i in range(20000)) + f"192.0.2.{last} a.example\n"
    made = server(COREFILE, files={"hosts": text(0)})
    for last in range(1, 15):
        made.write(text(last), "hosts")
        seen = wait.until(lambda: ask.addresses(made.udp("a.example.")), "an answer")
        assert seen in ([f"192.0.2.{last - 1}"], [f"192.0.2.{last}"])
        gives(made, "a.example.", f"192.0.2.{last}")
        assert ask.addresses(made.udp("host-19999.example.")) == ["10.0.78.31"]


def test_more_addresses_than_a_message_holds(server):
    made = server(COREFILE, files={"hosts": "".join(f"10.0.{i >> 8}.{i & 255} many.example\n" for i in range(6000))})
    r = made.tcp("many.example.")
    assert len(ask.addresses(r)) > 4000


def test_metrics(server):
    made = server(".:{PORT} {\n bind 127.0.0.1\n prometheus 127.0.0.1:{PORT2}\n hosts {DIR}/hosts {\n  192.0.2.9 inline\n }\n}\n",
                  files={"hosts": "192.0.2.1 a b\n2001:db8::1 a\n"})
    os.utime(os.path.join(made.dir, "hosts"), (1700000000, 1700000000))
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    url = f"http://127.0.0.1:{made.port('PORT2')}/metrics"
    with urllib.request.urlopen(url, timeout=5 * wait.FACTOR) as r:
        text = r.read().decode()
    path = re.escape(os.path.join(made.dir, "hosts"))
    assert re.search(rf'^coredns_hosts_entries\{{hostsfile="{path}"\}} 8$', text, re.M), text
    assert float(re.search(r"^coredns_hosts_reload_timestamp_seconds (\S+)$", text, re.M)[1]) == 1700000000
