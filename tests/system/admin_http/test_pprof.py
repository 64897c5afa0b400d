# SPDX-License-Identifier: Apache-2.0
"""Profiles: `go tool pprof` reads them, and they say where the time goes."""
import gzip
import os
import re
import shutil
import subprocess
import threading

import pytest

from harness import traffic, wait, web

CONF = """.:{PORT} {
    bind 127.0.0.1
    pprof 127.0.0.1:{PORT2} {
        block
    }
    health 127.0.0.1:{PORT3}
    cache
    whoami
}
"""


def pprof(folder, data, *args):
    """What `go tool pprof` says of it."""
    go = shutil.which("go")
    if not go:
        pytest.skip("no Go")
    path = os.path.join(folder, "profile.pb.gz")
    with open(path, "wb") as f:
        f.write(data)
    r = subprocess.run([go, "tool", "pprof", *args, path], capture_output=True, text=True, timeout=300,
                       env=dict(os.environ, PPROF_TMPDIR=str(folder)))
    assert r.returncode == 0, r.stderr
    return r.stdout


def test_cpu(admin, tmp_path):
    made = admin(CONF)
    load = traffic.Udp(made.port(), rate=4000)
    r = web.get(made.port("PORT2"), "/debug/pprof/profile?seconds=2", timeout=30)
    load.stop()
    assert r.status == 200 and r.headers["content-type"] == "application/octet-stream"
    raw = pprof(tmp_path, r.body, "-raw")
    assert re.search(r"^samples/count cpu/nanoseconds", raw, re.M) and "Period: 10000000" in raw
    assert re.search(r"thread:\[worker-\d+\]", raw), raw[:2000]
    top = pprof(tmp_path, r.body, "-top", "-cum")
    assert "loop_run" in top and "worker_main" in top, top


def test_longer_than_other_time_outs(admin, tmp_path):
    made = admin(CONF)
    r = web.get(made.port("PORT2"), "/debug/pprof/profile?seconds=7", timeout=30)
    assert r.status == 200 and "Duration: 7." in pprof(tmp_path, r.body, "-raw")


def test_heap_threads_and_block(admin, tmp_path):
    made = admin(CONF)
    port = made.port("PORT2")
    made.udp("a.example.")
    heap = pprof(tmp_path, web.get(port, "/debug/pprof/heap").body, "-raw")
    assert "inuse_space/bytes" in heap and "cache" in heap
    threads = pprof(tmp_path, web.get(port, "/debug/pprof/threads").body, "-raw")
    assert "epoll_wait" in threads and "worker-0" in threads
    assert pprof(tmp_path, web.get(port, "/debug/pprof/goroutine").body, "-raw")
    text = web.get(port, "/debug/pprof/threads?debug=1").text
    assert re.search(r'thread \d+ "worker-0":\n(#.*\n)*#\t0x[0-9a-f]+\tloop_run\n', text), text
    assert "Rss:" in web.get(port, "/debug/pprof/heap?debug=1").text
    block = pprof(tmp_path, web.get(port, "/debug/pprof/block?seconds=1").body, "-raw")
    assert "contentions/count delay/nanoseconds" in block and "epoll_wait" in block


def test_index_and_wrong_requests(admin):
    made = admin(CONF.replace("        block\n", ""))
    port = made.port("PORT2")
    page = web.get(port, "/debug/pprof/")
    assert page.headers["content-type"].startswith("text/html")
    for path in re.findall(r'href="([^"]+)"', page.text):
        if "profile" not in path.rsplit("/")[-1] and "block" not in path:
            assert web.get(port, path).status == 200, path
    assert web.get(port, "/debug/pprof/nosuch").status == 404
    assert web.get(port, "/debug/pprof/block").status == 404
    for seconds in ("0", "-1", "x", "601", "1e3", ""):
        assert web.get(port, f"/debug/pprof/profile?seconds={seconds}").status == 400, seconds


def taking(made, seconds, got):
    """A thread that takes a CPU profile; its reply, or None for none, is put in `got`."""
    def ask():
        try:
            r = web.get(made.port("PORT2"), f"/debug/pprof/profile?seconds={seconds}", timeout=90)
            while r.status == 503: # one of the requests that look for it came before
                r = web.get(made.port("PORT2"), f"/debug/pprof/profile?seconds={seconds}", timeout=90)
            got.append(r)
        except (OSError, web.http.client.HTTPException):
            got.append(None)
    t = threading.Thread(target=ask, daemon=True)
    t.start()
    return t


def test_one_at_a_time_and_dns_goes_on(admin):
    made = admin(CONF)
    got = []
    t = taking(made, 3, got)
    wait.until(lambda: web.get(made.port("PORT2"), "/debug/pprof/threads").status == 503, "another is being taken")
    assert made.udp("a.example.").rcode() == 0
    assert web.get(made.port("PORT3"), "/health").text == "OK"
    t.join()
    assert got[0].status == 200
    assert web.get(made.port("PORT2"), "/debug/pprof/threads").status == 200


def test_the_end_does_not_wait_for_a_profile(admin):
    made = admin(CONF)
    got = []
    t = taking(made, 60, got)
    wait.until(lambda: web.get(made.port("PORT2"), "/debug/pprof/threads").status == 503, "the profile has begun")
    assert made.stop() == 0
    t.join(10)
    assert got, "its client was answered or closed"


@pytest.mark.parametrize("lines", ["pprof 127.0.0.1:{PORT2}\n    pprof 127.0.0.1:{PORT2}", "pprof 127.0.0.1:{PORT2} {\n block 0\n }",
                                   "pprof 127.0.0.1:{PORT2} {\n block x\n }", "pprof 127.0.0.1:{PORT2} {\n mutex\n }",
                                   "pprof 127.0.0.1:{PORT2} {\n block 1 2\n }"])
def test_what_is_refused(refused, lines):
    status, out = refused(f".:{{PORT}} {{\n    bind 127.0.0.1\n    {lines}\n    whoami\n}}\n")
    assert status == 1 and "pprof" in out, out


def test_a_profile_is_whole_gzip(admin):
    made = admin(CONF)
    data = gzip.decompress(web.get(made.port("PORT2"), "/debug/pprof/heap").body)
    assert b"malloc" in data
