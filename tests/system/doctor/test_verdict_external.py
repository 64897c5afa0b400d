# SPDX-License-Identifier: Apache-2.0
"""A Service of type ExternalName whose target does not resolve: in DNS a CNAME that leads out of the cluster, to nothing."""
import pytest

from . import net_servers
from .net_cluster import UP
from .net_doctor import doctor

ZONE = net_servers.CLUSTER + """gone.default.svc CNAME no-such-name.example.org.
empty.default.svc CNAME example.org.
fine.default.svc CNAME www.example.org.
"""


@pytest.fixture(params=net_servers.COREFILES)
def pod(net, request):
    net.upstream()
    made = net.pod(request.param, request.getfixturevalue("coredns") if request.param == "CoreDNS" else None, files={"cluster.zone": ZONE})
    net.service()
    return made


@pytest.mark.parametrize("name, target, how", [("gone", "no-such-name.example.org", "does not exist"),
                                               ("empty", "example.org", "has no address")])
def test_an_external_name_that_leads_nowhere(net, pod, name, target, how):
    v = doctor(net, name).found("externalname-dangling", target, how, UP)
    assert "externalName" in v["remedy"]


def test_one_that_resolves_is_healthy(net, pod):
    doctor(net, "fine").is_healthy()
