# SPDX-License-Identifier: Apache-2.0
"""Whole zones over TCP: to dig, to clients that stop reading, while the zone changes; and NOTIFY."""
import os, socket, struct, subprocess

import dns.flags, dns.message, dns.opcode, dns.rcode, dns.rdatatype

from harness import ask, status, wait

COREFILE = """big.example:{PORT} {
    bind 127.0.0.1
    file {DIR}/db big.example {
        reload 50ms
    }
    transfer {
        to *
    }
}
"""
HEAD = "$ORIGIN big.example.\n$TTL 300\n@ IN SOA ns hostmaster %d 7200 900 1209600 3600\n@ IN NS ns\nns IN A 192.0.2.53\n"
MANY = HEAD % 17 + "$GENERATE 1-19997 host-$ IN A 192.0.2.1\n"


def long(serial):
    """About 13 MB, more than the kernel keeps for a connection whose client does not read."""
    return HEAD % serial + f'$GENERATE 1-60000 host-$ IN TXT "{serial} {"x" * 200}"\n'


def connect(made):
    """A client that has little room."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(20 * wait.FACTOR)
    s.connect(("127.0.0.1", made.port()))
    return s


def axfr(id=1, rdtype="AXFR"):
    return ask.query("big.example.", rdtype, id=id).to_wire()


def one_message(s):
    return dns.message.from_wire(ask.recv(s), one_rr_per_rrset=True)


def records(s):
    """All records of one transfer, to its second SOA."""
    out, soas = [], 0
    while soas < 2:
        r = one_message(s)
        assert r.rcode() == dns.rcode.NOERROR and r.flags & dns.flags.AA
        out += r.answer
        soas += sum(rr.rdtype == dns.rdatatype.SOA for rr in r.answer)
    return out


def descriptors(made):
    return len(os.listdir(f"/proc/{made.proc.pid}/fd"))


def test_dig_gets_a_zone_of_many_messages(server):
    made = server(COREFILE, files={"db": MANY})
    out = subprocess.run(["dig", "@127.0.0.1", "-p", str(made.port()), "big.example.", "AXFR"], capture_output=True, text=True,
                         timeout=60, check=True).stdout
    lines = [line.split() for line in out.splitlines() if line and not line.startswith(";")]
    assert len(lines) == 20001
    assert lines[0] == lines[-1] and lines[0][3] == "SOA" and lines[1][3] == "NS"
    assert {line[0] for line in lines} == {"big.example.", "ns.big.example."} | {f"host-{i}.big.example." for i in range(1, 19998)}
    made.said(r'Outgoing transfer of 20001 records of zone "big\.example\." to 127\.0\.0\.1 for 17 SOA serial$')


def test_many_at_once_on_a_connection_all_come(server):
    made = server(COREFILE, files={"db": MANY})
    got = dict.fromkeys(range(6), 0)
    with connect(made) as s:
        ask.send(s, *(axfr(id) for id in got))
        while any(n < 20001 for n in got.values()):
            r = one_message(s)
            got[r.id] += len(r.answer)
    assert set(got.values()) == {20001}


def test_clients_that_stop_reading_cost_little_and_are_closed(server):
    """40 clients ask for 4 GB."""
    made = server(COREFILE, files={"db": long(1)})
    before, open_before = made.rss_mb(), descriptors(made)
    clients = [connect(made) for _ in range(40)]
    for s in clients:
        ask.send(s, *(axfr(id) for id in range(8)))
    for _ in range(10):
        assert ask.addresses(made.udp("ns.big.example.")) == ["192.0.2.53"]
    assert descriptors(made) == open_before + 40
    most = before

    def closed():
        nonlocal most
        most = max(most, made.rss_mb())
        return descriptors(made) == open_before
    wait.until(closed, "the server closes clients that read nothing", 30)
    if not status.sanitized(): # they keep what is freed
        assert most - before < 48, f"{before:.1f} MB before, {most:.1f} MB at most"
    for s in clients:
        s.close()
    with connect(made) as s:
        ask.send(s, axfr())
        assert len(records(s)) == 60004


def test_a_change_does_not_tear_a_transfer(server):
    made = server(COREFILE, files={"db": long(1)})
    with connect(made) as s:
        ask.send(s, axfr())
        first = one_message(s)
        made.write(long(2), "db")
        made.said("Successfully reloaded zone .* with 2 SOA serial$", 20)
        rest = []
        while not rest or rest[-1].rdtype != dns.rdatatype.SOA:
            rest += one_message(s).answer
    got = first.answer + rest
    assert len(got) == 60004 and got[-1][0].serial == 1
    assert all(rr[0].strings[0].startswith(b"1 ") for rr in got if rr.rdtype == dns.rdatatype.TXT)
    with connect(made) as s:
        ask.send(s, axfr())
        assert records(s)[-1][0].serial == 2


def test_a_client_that_goes_holds_nothing(server):
    made = server(COREFILE, files={"db": long(1)})
    for _ in range(20):
        with connect(made) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            ask.send(s, axfr(1), axfr(2))
            one_message(s)
    with connect(made) as s:
        ask.send(s, axfr())
        assert len(records(s)) == 60004


# ---------------------------------------------------------------- NOTIFY
NOTIFYING = """example.org:{PORT} {
    bind 127.0.0.1
    file {DIR}/db example.org {
        reload 50ms
    }
    transfer {
        to 127.0.0.1:{SECONDARY} 127.0.0.1:{OTHER}
        source 127.0.0.5
    }
}
"""
SMALL = "@ 60 IN SOA ns hostmaster %d 7200 900 1209600 3600\n@ 60 IN NS ns\nns 60 IN A 192.0.2.53\n"


def secondary():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.settimeout(15 * wait.FACTOR)
    return s


def notified(s):
    wire, peer = s.recvfrom(512)
    m = dns.message.from_wire(wire)
    assert m.opcode() == dns.opcode.NOTIFY and m.flags & dns.flags.AA and not m.flags & dns.flags.QR
    assert m.question[0].to_text() == "example.org. IN SOA"
    assert peer[0] == "127.0.0.5"
    return m, peer


def answer(s, m, peer, rcode=dns.rcode.NOERROR):
    r = dns.message.make_response(m)
    r.set_rcode(rcode)
    s.sendto(r.to_wire(), peer)


def test_secondaries_are_told_at_start_and_on_change(server):
    with secondary() as s, secondary() as silent:
        made = server(NOTIFYING, files={"db": SMALL % 1}, SECONDARY=s.getsockname()[1], OTHER=silent.getsockname()[1])
        answer(s, *notified(s))
        made.write(SMALL % 2, "db")
        made.said("with 2 SOA serial$")
        m, peer = notified(s)
        answer(s, m, peer)
        # Who has answered is left alone, while the other one is told three times of each change.
        made.said(r'^\[WARNING\] plugin/transfer: failed to send notify for zone "example\.org\." to 127\.0\.0\.1:%d: '
                  r"no answer in time$" % silent.getsockname()[1], 20)
        assert len({notified(silent)[0].id for _ in range(6)}) == 6
        s.setblocking(False)
        try:
            assert not s.recv(512)
        except BlockingIOError:
            pass


def test_a_refusal_and_silence_are_tried_three_times(server):
    with secondary() as s:
        made = server(NOTIFYING, files={"db": SMALL % 1}, SECONDARY=s.getsockname()[1], OTHER=s.getsockname()[1])
        first = notified(s)
        answer(s, *first, rcode=dns.rcode.REFUSED)
        seen = {first[0].id}
        seen.add(notified(s)[0].id)
        seen.add(notified(s)[0].id)
        assert len(seen) == 3
        made.said(r"failed to send notify", 20)
