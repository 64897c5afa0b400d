# SPDX-License-Identifier: Apache-2.0
"""Python's getaddrinfo: one address a line.   lookup.py NAME [6]"""
import socket, sys

family = socket.AF_INET6 if sys.argv[2:] == ["6"] else socket.AF_INET
for a in socket.getaddrinfo(sys.argv[1], 80, family, socket.SOCK_STREAM):
    print(a[4][0])
