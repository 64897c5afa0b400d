# SPDX-License-Identifier: Apache-2.0
"""What tcpdump wrote: DNS messages over UDP, and TCP connections to port 53, in their order."""
import struct

from harness import tap

LINK = {1: 14, 113: 16, 276: 20, 101: 0}  # Ethernet, Linux cooked v1 and v2, raw IP: bytes before the IP header


def packets(path):
    """The UDP datagrams and TCP SYNs of a capture (classic format); one that was cut short ends the list."""
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    skip = LINK[struct.unpack(order + "I", data[20:24])[0]]
    at, out = 24, []
    while at + 16 <= len(data):
        n = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        packet = tap.parse(data[at + 16 + skip:at + 16 + n])
        if packet:
            out.append(packet)
        at += 16 + n
    return out
