# SPDX-License-Identifier: Apache-2.0
"""A folder of zone files while the server serves: files come, change, break, and go."""
import os, shutil, socket

import dns.message, dns.opcode, dns.rcode

from harness import ask, wait

COREFILE = """.:{PORT} {
    bind 127.0.0.1
    auto {
        directory {DIR}/zones
        reload 30ms
    }
    transfer {
        to * 127.0.0.1:{SECONDARY}
    }
}
"""


def zone(serial, address):
    return f"@ 60 IN SOA ns hostmaster {serial} 7200 900 1209600 3600\n@ 60 IN NS ns\nwww 60 IN A {address}\n"


def start(server, files, **names):
    made = server(COREFILE, wait_up=False, SECONDARY=names.get("SECONDARY", 9), files={})
    os.mkdir(os.path.join(made.dir, "zones"))
    for name, text in files.items():
        made.write(text, f"zones/{name}")
    return made.wait_up()


def gives(made, name, *addresses):
    wait.until(lambda: ask.addresses(made.udp(name)) == list(addresses), f"{name} is {addresses}", 10)


def refuses(made, name):
    wait.until(lambda: made.udp(name).rcode() == dns.rcode.REFUSED, f"{name} is refused", 10)


def test_files_come_change_break_and_go(server):
    made = start(server, {})
    refuses(made, "www.a.example.")
    made.write(zone(1, "192.0.2.1"), "zones/db.a.example")
    gives(made, "www.a.example.", "192.0.2.1")
    made.said(r'^\[INFO\] plugin/auto: Inserting zone "a\.example\." from "\S+/zones/db\.a\.example"$')
    made.write(zone(2, "192.0.2.2"), "zones/db.a.example")
    gives(made, "www.a.example.", "192.0.2.2")
    made.write("@ IN SOA what\n", "zones/db.a.example")
    made.said(r"what is served stays, trying again$")
    gives(made, "www.a.example.", "192.0.2.2")
    made.write(zone(3, "192.0.2.3"), "zones/db.a.example")
    gives(made, "www.a.example.", "192.0.2.3")
    made.write("broken\n", "zones/db.b.example")
    made.said(r"db\.b\.example:1: ")
    refuses(made, "www.b.example.")
    made.write(zone(1, "192.0.2.9"), "zones/db.b.example")
    gives(made, "www.b.example.", "192.0.2.9")
    os.remove(os.path.join(made.dir, "zones", "db.a.example"))
    refuses(made, "www.a.example.")
    made.said(r'^\[INFO\] plugin/auto: Deleting zone "a\.example\."$')
    gives(made, "www.b.example.", "192.0.2.9")


def test_the_longest_zone_answers(server):
    made = start(server, {"db.example": zone(1, "192.0.2.1"), "db.sub.example": zone(1, "192.0.2.2")})
    gives(made, "www.example.", "192.0.2.1")
    gives(made, "WWW.Sub.Example.", "192.0.2.2")
    os.remove(os.path.join(made.dir, "zones", "db.sub.example"))
    wait.until(lambda: made.udp("www.sub.example.").rcode() == dns.rcode.NXDOMAIN, "the zone above answers", 10)


def test_a_folder_that_goes_keeps_its_zones(server):
    made = start(server, {"db.a.example": zone(1, "192.0.2.1")})
    shutil.move(os.path.join(made.dir, "zones"), os.path.join(made.dir, "away"))
    made.said(r"cannot be read: .*; its zones stay$")
    gives(made, "www.a.example.", "192.0.2.1")
    made.write(zone(2, "192.0.2.2"), "away/db.a.example")
    shutil.move(os.path.join(made.dir, "away"), os.path.join(made.dir, "zones"))
    gives(made, "www.a.example.", "192.0.2.2")


def test_a_config_map_is_swapped(server):
    """Its files are links through ..data, which is replaced."""
    made = start(server, {})
    folder = os.path.join(made.dir, "zones")
    for name, text in (("..1", zone(1, "192.0.2.1")), ("..2", zone(2, "192.0.2.2"))):
        os.mkdir(os.path.join(folder, name))
        made.write(text, f"zones/{name}/db.a.example")
    os.symlink("..1", os.path.join(folder, "..data"))
    os.symlink("..data/db.a.example", os.path.join(folder, "db.a.example"))
    gives(made, "www.a.example.", "192.0.2.1")
    os.symlink("..2", os.path.join(folder, "..tmp"))
    os.rename(os.path.join(folder, "..tmp"), os.path.join(folder, "..data"))
    gives(made, "www.a.example.", "192.0.2.2")
    assert "Multiple" not in made.output()


def test_of_two_files_for_a_zone_the_first_counts_and_the_other_takes_over(server):
    made = start(server, {"a-db.a.example": zone(1, "192.0.2.1"), "b-db.a.example": zone(2, "192.0.2.2")})
    gives(made, "www.a.example.", "192.0.2.1")
    made.said(r'Multiple zone files match origin "a\.example\."; \S+/b-db\.a\.example is left out$')
    os.remove(os.path.join(made.dir, "zones", "a-db.a.example"))
    gives(made, "www.a.example.", "192.0.2.2")
    assert "Deleting" not in made.output()


def test_secondaries_hear_of_new_zones_and_get_them(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(15 * wait.FACTOR)
        made = start(server, {}, SECONDARY=s.getsockname()[1])
        made.write(zone(5, "192.0.2.5"), "zones/db.a.example")
        wire, peer = s.recvfrom(512)
        m = dns.message.from_wire(wire)
        assert m.opcode() == dns.opcode.NOTIFY and m.question[0].to_text() == "a.example. IN SOA"
        s.sendto(dns.message.make_response(m).to_wire(), peer)
        r = made.tcp("a.example.", "AXFR", query={"id": 7})
        assert set(ask.types(r)) == {"SOA", "NS", "A"}
        assert made.tcp("www.a.example.", "AXFR").rcode() == dns.rcode.REFUSED
