# SPDX-License-Identifier: Apache-2.0
"""What the system tests stand on: a real server process, scripted upstreams, network namespaces,
a tap that records packets, and questions down to the byte."""
