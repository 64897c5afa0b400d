# SPDX-License-Identifier: Apache-2.0
"""CPU of a look-up, beside a cache hit of the same name in the same run: instructions in user space (kube_callgrind.py)."""
import os, sys

from apis import HERE
from sections import Row
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "tests", "compat")]
import bench, fakekube, kube_callgrind                          # noqa: E402

LIMIT = 1.3
SERVICES = 250


def rows_of(n):
    services = [f"web-{i:04}.shop.svc.cluster.local" for i in range(n)]
    headless = [f"hl--{i:04}.shop.svc.cluster.local" for i in range(n)]
    return {
        "cluster IP": (services, 1),
        "headless": (headless, 1),
        "NXDOMAIN, own namespace": ([f"api.example{i:03}.com.shop.svc.cluster.local" for i in range(n)], 1),
        "NXDOMAIN, svc": ([f"api.example{i:03}.com.svc.cluster.local" for i in range(n)], 1),
        "NXDOMAIN, zone": ([f"api.example{i:03}.com.cluster.local" for i in range(n)], 1),
        "SRV, cluster IP": (services, 33),
        "SRV, headless": (headless, 33),
    }


def lookups(command, bursts, say):
    kube = fakekube.FakeKube(bench.free_port(), kube_callgrind.objects(SERVICES)).start()
    base = kube_callgrind.KUBE.replace("{KUBE}", str(kube.port))
    size, rows = 16, rows_of(SERVICES)

    def instructions(cache, texts, kind):
        corefile = base.replace("{CACHE}", cache)
        one, two = (kube_callgrind.run(command + " -workers 1", corefile, n * bursts, size, texts, kind)[0] for n in (1, 2))
        return (two - one) / (bursts * size)
    try:
        hit = instructions("cache 3600", rows["cluster IP"][0], 1)
        say(f"a cache hit: {hit:.0f} instructions")
        out = []
        for what, (texts, kind) in rows.items():
            per = instructions("", texts, kind)
            out.append(Row(f"CPU, {what}, of a cache hit", per, None, per / hit, LIMIT, "ins"))
        return out
    finally:
        kube.stop()
