# SPDX-License-Identifier: Apache-2.0
"""A writer of MaxMind DB files (format 2.0), enough for tests: one tree of 24-bit records, data behind it."""
import ipaddress, struct

MARKER = b"\xab\xcd\xefMaxMind.com"


def _control(kind, size):
    """A field's type and size; types above 7 need a second byte, sizes from 29 on more bytes."""
    first = kind if kind <= 7 else 0
    if size < 29:
        head, more = size, b""
    elif size < 285:
        head, more = 29, bytes([size - 29])
    else:
        head, more = 30, struct.pack("!H", size - 285)
    return bytes([first << 5 | head]) + (bytes([kind - 7]) if kind > 7 else b"") + more


class U16(int):
    pass


class U64(int):
    pass


def encode(v):
    if isinstance(v, bool):
        return _control(14, int(v))
    if isinstance(v, str):
        b = v.encode()
        return _control(2, len(b)) + b
    if isinstance(v, float):
        return _control(3, 8) + struct.pack("!d", v)
    if isinstance(v, int):
        kind = 5 if isinstance(v, U16) else 9 if isinstance(v, U64) else 6
        b = v.to_bytes((v.bit_length() + 7) // 8, "big")
        return _control(kind, len(b)) + b
    if isinstance(v, dict):
        return _control(7, len(v)) + b"".join(encode(k) + encode(x) for k, x in v.items())
    return _control(11, len(v)) + b"".join(encode(x) for x in v)


def _bits(network, version):
    net = ipaddress.ip_network(network)
    value, length = int(net.network_address), net.prefixlen
    if net.version == 4 and version == 6:  # IPv4 stands below ::/96
        length += 96
    width = 128 if version == 6 else 32
    return [(value >> (width - 1 - i)) & 1 for i in range(length)]


def write(path, kind, networks, version=6):
    """`networks`: {"192.0.2.0/24": {...}}, none within another."""
    nodes, data, records = [[None, None]], b"", {}
    for network, record in networks.items():
        at, bits = 0, _bits(network, version)
        for bit in bits[:-1]:
            if not isinstance(nodes[at][bit], int):
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        records[at, bits[-1]] = len(data)
        data += encode(record)
    tree = b""
    for i, node in enumerate(nodes):
        for bit in (0, 1):
            if (i, bit) in records:
                value = len(nodes) + 16 + records[i, bit]
            else:
                value = len(nodes) if node[bit] is None else node[bit]
            tree += value.to_bytes(3, "big")
    meta = {"node_count": len(nodes), "record_size": U16(24), "ip_version": U16(version), "database_type": kind,
            "languages": ["en"], "binary_format_major_version": U16(2), "binary_format_minor_version": U16(0),
            "build_epoch": U64(1700000000), "description": {"en": "made by a test"}}
    with open(path, "wb") as f:
        f.write(tree + bytes(16) + data + MARKER + encode(meta))
