# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests.

  BINNACLE=build/binnacle          the server under test (a command line)
  COREDNS=path                     CoreDNS 1.14.7, for tests that set both side by side
  BINNACLE_TIME_FACTOR=1           bounds in time are multiplied by this (sanitizers: 5)
"""
import os, shutil, sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "..", "compat")]

from harness import server as server_module                     # noqa: E402
from harness import netns as netns_module                       # noqa: E402
from harness import upstream as upstream_module                 # noqa: E402
from harness import tap as tap_module                           # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--truncation-table", metavar="FILE",
                     help="write the outcome of the truncation comparison to this file")


class Many:
    """Things that a test made; all are closed, and the first complaint is raised at the end."""

    def __init__(self):
        self.made = []

    def add(self, x):
        self.made.append(x)
        return x

    def close(self, close):
        first = None
        for x in reversed(self.made):
            try:
                close(x)
            except Exception as e:
                first = first or e
        if first:
            raise first


def _factory(make, close):
    many = Many()
    yield lambda *a, **kw: many.add(make(*a, **kw))
    many.close(close)


@pytest.fixture
def netns():
    """netns() makes a network namespace.  The fixtures below ask for this one, so that what runs in a
    namespace is stopped before it goes."""
    def make():
        if not netns_module.may_make():
            pytest.skip("network namespaces need root")
        return netns_module.Netns()
    yield from _factory(make, lambda n: n.close())


@pytest.fixture
def server(tmp_path, netns):
    """server(COREFILE, ...) starts the server under test; see harness.server.Server."""
    yield from _factory(lambda text, **kw: server_module.Server(text, tmp_path, **kw), lambda s: s.close())


@pytest.fixture
def refused(tmp_path):
    """refused(COREFILE, ...): (exit status, output) of a start that must fail."""
    return lambda text, **kw: server_module.refused(text, tmp_path, **kw)


@pytest.fixture
def upstream(netns):
    """upstream({...}, host=, port=, ns=) starts a scripted upstream."""
    yield from _factory(lambda spec=None, **kw: upstream_module.Upstream(spec, **kw).start(), lambda u: u.stop())


@pytest.fixture
def tap(netns):
    """tap(ns, interface) records what passes there."""
    yield from _factory(tap_module.Tap, lambda t: t.close())


@pytest.fixture(scope="session")
def coredns():
    """CoreDNS 1.14.7 as a list of arguments."""
    path = os.environ.get("COREDNS", "")
    if not path or not shutil.which(path):
        pytest.skip("COREDNS=path of CoreDNS 1.14.7 is not set")
    return [os.path.abspath(shutil.which(path))]
