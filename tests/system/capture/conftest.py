# SPDX-License-Identifier: Apache-2.0
"""`binnacle doctor --pcap` over captures that tcpdump makes in networks with and without a fault."""
import pytest

from .captures import Captures
from .net import Net


@pytest.fixture
def net(netns, server, upstream):
    return Net(netns, server, upstream)


@pytest.fixture
def captures(net, tmp_path):
    made = Captures(net, tmp_path)
    yield made
    made.close()
