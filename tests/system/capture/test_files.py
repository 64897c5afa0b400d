# SPDX-License-Identifier: Apache-2.0
"""Captures of all forms, whole and broken."""
import json, os, pty, re, subprocess

import pytest

from harness import server as servers, status as status_of, wait
from . import net as nets, tools
from .captures import doctor, verdict, verdicts


def ip(src, dst, sport, dport, payload, ident):
    udp = bytes([*sport.to_bytes(2, "big"), *dport.to_bytes(2, "big"), *(8 + len(payload)).to_bytes(2, "big"), 0, 0]) + payload
    return bytes([0x45, 0, *(20 + len(udp)).to_bytes(2, "big"), *ident.to_bytes(2, "big"), 0, 0, 64, 17, 0, 0, *src, *dst]) + udp


def exchanges(n, took_us=1500, start=1700000000):
    """n questions and their answers on raw IP, one each 10 ms."""
    import dns.flags, dns.message, dns.rrset
    client, server, out = (192, 0, 2, 1), (192, 0, 2, 53), []
    for i in range(n):
        q = dns.message.make_query(f"n{i}.example.org.", "A")
        a = dns.message.make_response(q)
        a.answer.append(dns.rrset.from_text(f"n{i}.example.org.", 30, "IN", "A", "192.0.2.9"))
        for later, data in ((0, ip(client, server, 20000 + i % 20000, 53, q.to_wire(), i & 0xffff)),
                            (took_us, ip(server, client, 53, 20000 + i % 20000, a.to_wire(), i & 0xffff))):
            t = start * 1000000 + i * 10000 + later
            out.append((t // 1000000, t % 1000000, len(data), data))
    return sorted(out)


RAW = 101


@pytest.mark.parametrize("form", [dict(), dict(nanoseconds=True), dict(order=">"), dict(order=">", nanoseconds=True), "pcapng"], ids=str)
def test_every_form_of_file_is_read(tmp_path, form):
    path = str(tmp_path / "a.pcap")
    if form == "pcapng":
        tools.write_pcapng(path, exchanges(10), RAW)
    else:
        tools.write_pcap(path, exchanges(10), RAW, **form)
    status, report = doctor([path])
    assert (status, verdicts(report)) == (0, {"healthy"})
    assert report["sums"]["answered"] == 10
    assert abs(report["servers"][0]["latency_ms"]["p50"] - 1.5) < 0.2
    assert report["captures"][0]["last"] - report["captures"][0]["first"] == pytest.approx(0.0915, abs=1e-6)


def test_a_file_that_breaks_off_gives_what_is_before(tmp_path):
    path = tools.write_pcap(str(tmp_path / "cut.pcap"), exchanges(20), RAW)
    os.truncate(path, os.path.getsize(path) - 30)
    status, report = doctor([path])
    assert status == 0 and report["sums"]["answered"] == 19 and report["sums"]["unanswered_at_the_end"] == 1
    assert "cut.pcap: broken after packet 39" in report["stderr"]
    assert "truncated dump file" in report["captures"][0]["broken"]


def test_a_file_that_is_broken_in_its_middle(tmp_path):
    path = tools.write_pcap(str(tmp_path / "broken.pcap"), exchanges(20), RAW)
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        f.write(b"\xff" * 200)
    status, report = doctor([path])
    assert status in (0, 2) and 5 <= report["sums"]["answered"] < 20
    assert report["captures"][0]["broken"]


@pytest.mark.parametrize("content", [b"", b"no capture at all, but text\n", b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00"], ids=["empty", "text", "header"])
def test_what_is_no_capture_is_said(tmp_path, content):
    path = tmp_path / "x.pcap"
    path.write_bytes(content)
    status, report = doctor([str(path)])
    assert status == 2 and verdicts(report) == {"could-not-tell"}
    assert "x.pcap could not be read" in verdict(report, "could-not-tell")["summary"]


def test_a_missing_file_beside_a_good_one(tmp_path):
    good = tools.write_pcap(str(tmp_path / "good.pcap"), exchanges(20), RAW)
    status, report = doctor([good, str(tmp_path / "missing.pcap")])
    assert status == 2 and report["sums"]["answered"] == 20
    assert "missing.pcap could not be read: No such file" in verdict(report, "could-not-tell")["summary"]


def test_an_unknown_link_type_is_named(tmp_path):
    path = tools.write_pcap(str(tmp_path / "wlan.pcap"), exchanges(2), 105)
    status, report = doctor([path])
    assert status == 2 and "IEEE802_11 (105), is not known here" in report["captures"][0]["broken"]


def test_clocks_that_differ_are_compared(net, captures, tmp_path, coredns):
    net.make(nets.CUTS, "CoreDNS", coredns, pods=1)
    captures.add("client", net.client, "eth0").add("pod", net.pods[0].ns, "eth0")
    for _ in range(3):
        net.dig("@" + nets.VIP, "www.example.org")
    net.dig("+noedns", "+ignore", "@" + nets.VIP, "large.example.org")
    captures.end()
    packets, link = tools.packets(captures.files["client"])
    for ahead in (3.7, -2.2):
        other = tools.write_pcap(str(tmp_path / "other.pcap"), packets, link, ahead=ahead)
        status, report = doctor([captures.files["pod"], other])
        assert report["captures"][1]["clock_ahead_ms"] == pytest.approx(ahead * 1000, abs=2)
        assert status == 1
        story = verdict(report, "truncated-passed-on")["evidence"][0]
        assert "other.pcap #" in story and "because of it, pod.pcap #" in story


def test_the_same_file_twice_counts_once(tmp_path):
    path = tools.write_pcap(str(tmp_path / "a.pcap"), exchanges(50), RAW)
    status, report = doctor([path, path])
    assert status == 0 and report["sums"]["questions"] == 50 and report["sums"]["copies"] == 100


def test_a_capture_comes_through_a_pipe(tmp_path):
    path = tools.write_pcap(str(tmp_path / "a.pcap"), exchanges(50), RAW)
    with open(path, "rb") as f:
        p = subprocess.run(servers.binary() + ["doctor", "-json", "--pcap", "-"], stdin=f, capture_output=True, text=True,
                           timeout=60 * wait.FACTOR)
    assert p.returncode == 0 and json.loads(p.stdout)["sums"]["answered"] == 50


def test_memory_stays_bounded_and_a_bar_is_shown(tmp_path):
    """150,000 questions within 20 s: more than are kept; in a terminal, with its bar and its colours."""
    found = exchanges(1000)
    path = str(tmp_path / "large.pcap")
    with open(path, "wb") as f:
        f.write(tools.struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, RAW))
        for turn in range(150):
            for i, (_, _, length, data) in enumerate(found):
                data = data[:12] + bytes([10, 0, turn & 255, turn >> 8]) + data[16:] if i % 2 == 0 else \
                    data[:16] + bytes([10, 0, turn & 255, turn >> 8]) + data[20:]
                t = 1700000000 * 1000000 + (turn * 2000 + i) * 30
                f.write(tools.struct.pack("<4I", t // 1000000, t % 1000000, len(data), length) + data)
    main, side = pty.openpty()
    p = subprocess.Popen(["sh", "-c", 'ulimit -v "$1"; shift; exec "$@"', "sh", "unlimited" if status_of.sanitized() else "600000",
                          *servers.binary(), "doctor", "--pcap", path], stdout=side, stderr=side, env=dict(os.environ, TERM="xterm"))
    os.close(side)
    text = b""
    while True:
        try:
            got = os.read(main, 65536)
        except OSError:
            break
        if not got:
            break
        text += got
    os.close(main)
    assert p.wait(60) == 0, text[-2000:]
    shown = text.decode()
    assert re.search(r"\r\[#+\.+\] +\d+%, \d+ packets", shown)
    assert "\033[32m" in shown and "150000 questions" in shown
    assert "questions were judged before 20 s had passed" in shown


def test_wrong_usage_is_refused(tmp_path):
    for args, words in ((["--pcap", "a", "-server", "192.0.2.1"], "asks nobody"),
                        (["--pcap", "a", "-queries", "2500"], "asks nobody"), (["--pcap", "a", "-no-api"], "asks nobody"),
                        (["--pcap", "a", "-service", "a/b"], "asks nobody"), (["--pcap", "a", "-admin", "off"], "asks nobody"),
                        (["--pcap", "a", "-resolv-conf", "/etc/resolv.conf"], "asks nobody"),
                        (["--pcap"], "needs an argument"),
                        (["--pcap", "a", "-", "b"], "standard input"), (["--pcap", *["a"] * 17], "too many captures")):
        p = subprocess.run(servers.binary() + ["doctor", *args], capture_output=True, text=True, timeout=60)
        assert p.returncode == 3 and words in p.stderr, args


def test_the_table_begins_with_the_conclusion(tmp_path):
    path = tools.write_pcap(str(tmp_path / "a.pcap"), exchanges(50), RAW)
    p = subprocess.run(servers.binary() + ["doctor", "--pcap", path], capture_output=True, text=True, timeout=60 * wait.FACTOR)
    lines = p.stdout.splitlines()
    assert lines[0].startswith("healthy: 50 questions, 50 answers") and lines[1].startswith("1 capture with 100 packets")
    assert "\033" not in p.stdout and "%" not in p.stderr


def test_without_libpcap_that_is_said(tmp_path):
    good = tools.write_pcap(str(tmp_path / "a.pcap"), exchanges(5), RAW)
    for name in ("libpcap.so.0.8", "libpcap.so.1"):
        (tmp_path / name).touch()
    p = subprocess.run(servers.binary() + ["doctor", "--pcap", good], capture_output=True, text=True, timeout=60 * wait.FACTOR,
                       env=dict(os.environ, LD_LIBRARY_PATH=str(tmp_path)))
    assert p.returncode == 2
    assert re.search(r"a\.pcap: \S*libpcap\S*: file too short", p.stderr)
