# SPDX-License-Identifier: Apache-2.0
"""`log { json }`, given beside the Corefile: one object a line, whatever is asked."""
import json
import signal

import pytest

from harness import ask, wait

pytestmark = pytest.mark.threads

COREFILE = ".:{PORT} {\n    bind 127.0.0.1\n    log\n    forward . {UP}\n}\n"
EXTRA = ".:{PORT} {\n    log {\n        json\n    }\n}\n"


def objects(made):
    return [json.loads(line) for line in made.output().splitlines() if line.startswith("{")]


def lines(made, n):
    wait.until(lambda: made.output().count('"msg":"query"') >= n, f"{n} lines\n{made.output()}")
    return objects(made)


def test_lines_are_objects_with_the_known_members(server, upstream):
    up = upstream({"records": "www.example.org. 60 IN A 192.0.2.1"})
    made = server(COREFILE, files={"extra": EXTRA}, args=["-extra", "{DIR}/extra"], UP=up)
    made.udp("WWW.example.org.")
    made.tcp("nothing.example.org.", "AAAA")
    one, two = lines(made, 2)
    assert one["name"] == "www.example.org." and one["type"] == "A" and one["class"] == "IN"
    assert one["rcode"] == "NOERROR" and "qr" in one["rflags"].split(",") and one["proto"] == "udp"
    assert one["remote"] == one["local"] == "127.0.0.1" and 0 < one["port"] < 65536 and one["do"] is False
    assert 0 < one["duration"] < 5 and one["rsize"] > 12 and one["time"].endswith("Z") and one["level"] == "info"
    assert two["rcode"] == "NXDOMAIN" and two["proto"] == "tcp" and "labels" not in two


def test_odd_names_stay_json(server, upstream):
    """Quotes, backslashes, control characters and bytes that are no UTF-8."""
    made = server(COREFILE, files={"extra": EXTRA}, args=["-extra", "{DIR}/extra"], UP=upstream({"rules": [{"match": {}, "rcode": "REFUSED"}]}))
    labels = [b'"', b"\\", b"\n{}", b"\x00\x7f\xff\xc3", b'","x":"']
    for label in labels:
        wire = bytearray(ask.packet(ask.question("x.example."), id=7))
        at = wire.index(b"\x01x\x07example")
        wire[at:at + 2] = bytes([len(label)]) + label
        assert made.raw(bytes(wire))
    got = lines(made, len(labels))
    assert len(got) == len(labels)
    assert {o["name"] for o in got} == {'\\".example.', "\\\\.example.", "\\010{}.example.", "\\000\\127\\255\\195.example.",
                                         '\\",\\"x\\":\\".example.'}


def test_a_reload_brings_the_other_form(server, upstream):
    made = server(COREFILE, files={"extra": EXTRA}, args=["-extra", "{DIR}/extra"],
                  UP=upstream({"rules": [{"match": {}, "answer": "@ 60 IN A 192.0.2.1"}]}))
    made.udp("a.example.")
    lines(made, 1)
    made.write("", "extra")
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    made.udp("b.example.")
    made.said(r'^\[INFO\] 127\.0\.0\.1:\d+ - \d+ "A IN b\.example\. udp')
    assert len(objects(made)) == 1
