# SPDX-License-Identifier: Apache-2.0
"""geoip: labels from databases that the test makes, beside the real CoreDNS."""
import os, re, sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mmdb                                                     # noqa: E402

from harness import server as servers, wait                     # noqa: E402

CITY = {
    "127.0.0.0/8": {
        "city": {"names": {"en": "Cambridge", "de": "Cambridge (GB)"}},
        "continent": {"code": "EU", "names": {"en": "Europe"}},
        "country": {"iso_code": "GB", "is_in_european_union": False, "names": {"en": "United Kingdom"}},
        "location": {"latitude": 52.2242, "longitude": 0.00001315, "time_zone": "Europe/London"},
        "postal": {"code": "CB4"},
        "subdivisions": [{"iso_code": "ENG", "names": {"en": "England"}}, {"iso_code": "CAM"}],
    },
    "203.0.113.0/24": {
        "city": {"names": {"en": "Wien"}},
        "country": {"iso_code": "AT", "is_in_european_union": True, "names": {"en": "Austria"}},
        "location": {"latitude": 48.0, "longitude": -16.25},
    },
    "2001:db8::/32": {"country": {"iso_code": "NO", "names": {"en": "Norway"}}},
}
ASN = {"127.0.0.0/8": {"autonomous_system_number": 64496, "autonomous_system_organization": "Example, Inc."}}
CITY_LABELS = ["city/name", "country/name", "country/code", "country/is_in_european_union", "continent/name", "continent/code",
               "subdivisions/code", "latitude", "longitude", "timezone", "postalcode"]
ASN_LABELS = ["asn/number", "asn/org"]
COREFILE = """.:{PORT} {
    bind 127.0.0.1
    metadata
    geoip {DB} {
        %s
    }
    log . "is %s."
    whoami
}
"""


def corefile(labels, option=""):
    return COREFILE % (option, "|".join("{/geoip/%s}" % label for label in labels))


def subnet(family, bits, address):
    return (8, bytes([0, family, bits, 0]) + bytes(address))


def logged(s, n):
    """What the n-th question was said to be."""
    lines = wait.until(lambda: [x for x in s.output().split("\n") if "is " in x and x.endswith(".")][n - 1:],
                       "a log line", 5)
    return lines[0].split("is ", 1)[1][:-1]


def both():
    peers = [None]
    if os.environ.get("COREDNS"):
        peers.append([os.environ["COREDNS"]])
    return pytest.mark.parametrize("command", peers, ids=["binnacle", "coredns"][:len(peers)])


@pytest.fixture
def city(tmp_path):
    path = str(tmp_path / "city.mmdb")
    mmdb.write(path, "GeoLite2-City", CITY)
    return path


@both()
def test_city_of_the_client(server, city, command):
    s = server(corefile(CITY_LABELS), DB=city, command=command)
    s.udp("www.example.org.")
    assert logged(s, 1) == ("Cambridge|United Kingdom|GB|false|Europe|EU|ENG,CAM|52.2242|0.00001315|Europe/London|CB4")


@both()
def test_subnet_of_the_question(server, city, command):
    s = server(corefile(CITY_LABELS, "edns-subnet"), DB=city, command=command)
    s.udp("b.example.", query={"options": [subnet(2, 32, [0x20, 1, 0xd, 0xb8])]})
    assert logged(s, 1) == "|Norway|NO|false|||||||"
    s.udp("c.example.", query={"options": [subnet(1, 24, [198, 51, 100])]})  # in no network of the database
    assert logged(s, 2) == "|||false|||||||"
    s.udp("d.example.")  # the client itself
    assert logged(s, 3).startswith("Cambridge|")


def test_ipv4_subnet_of_the_question(server, city):
    """CoreDNS 1.14.7 looks for it as an IPv6 address and finds nothing."""
    s = server(corefile(CITY_LABELS, "edns-subnet"), DB=city)
    s.udp("a.example.", query={"options": [subnet(1, 24, [203, 0, 113])]})
    assert logged(s, 1) == "Wien|Austria|AT|true||||48|-16.25||"


@both()
def test_subnet_counts_only_where_it_is_asked_for(server, city, command):
    s = server(corefile(["country/code"]), DB=city, command=command)
    s.udp("a.example.", query={"options": [subnet(1, 24, [203, 0, 113])]})
    assert logged(s, 1) == "GB"


@both()
def test_network_of_the_client(server, tmp_path, command):
    path = str(tmp_path / "asn.mmdb")
    mmdb.write(path, "GeoLite2-ASN", ASN)
    s = server(corefile(ASN_LABELS + ["country/code"], "edns-subnet"), DB=path, command=command)
    s.udp("a.example.")
    assert logged(s, 1) == "64496|Example, Inc.|-"
    s.udp("a.example.", query={"options": [subnet(2, 32, [0x20, 1, 0xd, 0xb8])]})
    assert logged(s, 2) == "0||-"


def test_ipv6_client_in_a_database_of_ipv4(server, tmp_path):
    path = str(tmp_path / "v4.mmdb")
    mmdb.write(path, "GeoLite2-Country", {"127.0.0.0/8": CITY["127.0.0.0/8"]}, version=4)
    s = server(corefile(["country/code"], "edns-subnet"), DB=path)
    s.udp("a.example.", query={"options": [subnet(2, 32, [0x20, 1, 0xd, 0xb8])]})
    assert logged(s, 1) == "-"
    s.udp("b.example.")
    assert logged(s, 2) == "GB"


def test_broken_subnet_is_no_address(server, city):
    """The option is checked before its bytes are an address."""
    s = server(corefile(["country/code"], "edns-subnet"), DB=city)
    for i, data in enumerate([b"", b"\0\1", bytes([0, 1, 33, 0, 203, 0, 113, 0, 0]), bytes([0, 1, 24, 0, 203]),
                              bytes([0, 9, 24, 0, 203, 0, 113]), bytes([0, 1, 24, 0, 203, 0, 113, 0])], 1):
        s.udp("a.example.", query={"options": [(8, data)]})
        assert logged(s, i) == "GB", data


@pytest.mark.parametrize("text, says", [
    ("geoip", "DBFILE"),
    ("geoip {DIR}/absent.mmdb", r"Corefile:4.*absent\.mmdb.*no such file"),
    ("geoip {DB} more", r"Corefile:4"),
    ("geoip {DB}\n    geoip {DB}", r"Corefile:5.*second time"),
    ("geoip {DB} {\n        subnet\n    }", r"Corefile:5.*subnet"),
    ("geoip {TEXT}", r"Corefile:4.*text"),
    ("geoip {OTHER}", r"Corefile:4.*GeoIP2-Domain"),
])
def test_what_cannot_be_used_is_refused_by_place(refused, city, tmp_path, text, says):
    text_file, other = tmp_path / "text", str(tmp_path / "other.mmdb")
    text_file.write_text("no database")
    mmdb.write(other, "GeoIP2-Domain", {"127.0.0.0/8": {"domain": "example.org"}})
    status, out = refused(".:{PORT} {\n    bind 127.0.0.1\n    metadata\n    %s\n    whoami\n}\n" % text, DB=city,
                          TEXT=text_file, OTHER=other)
    assert status == 1 and re.search(says, out), out


def test_relative_to_root(server, tmp_path):
    mmdb.write(str(tmp_path / "city.mmdb"), "GeoLite2-City", CITY)
    s = server(".:{PORT} {\n bind 127.0.0.1\n metadata\n geoip city.mmdb\n root {ROOT}\n log . \"is {/geoip/country/code}.\"\n whoami\n}\n",
               ROOT=tmp_path)
    s.udp("a.example.")
    assert logged(s, 1) == "GB"


def test_without_metadata_it_says_so(server, city):
    s = server(".:{PORT} {\n bind 127.0.0.1\n geoip {DB}\n log . \"is {/geoip/country/code}.\"\n whoami\n}\n", DB=city)
    s.udp("a.example.")
    assert logged(s, 1) == "-"
    assert "no effect without" in s.output()


def test_example_of_the_page(server, upstream, city):
    with open(os.path.join(servers.ROOT, "docs", "plugins", "geoip.md")) as f:
        example = f.read().split("## Example", 1)[1].split("```")[1]
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    s = server(example.replace(". {", ".:{PORT} {\n    bind 127.0.0.1", 1).replace("192.0.2.53", str(up))
               .replace("/usr/share/GeoIP/GeoLite2-City.mmdb", city))
    s.udp("www.example.org.")
    s.said(r"127\.0\.0\.1 from GB: www\.example\.org\. A NOERROR")
