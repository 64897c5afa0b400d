#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""When events of services arrive, seen by neither of the servers that are compared.

  watcher.py SERVER CA TOKEN      prints "." once it watches, then "NAME MONOTONIC-SECONDS" a line for each new service"""
import http.client, json, ssl, sys, time, urllib.parse

server, ca, token = sys.argv[1:]
host = urllib.parse.urlsplit(server)
conn = http.client.HTTPSConnection(host.hostname, host.port, context=ssl.create_default_context(cafile=ca))
headers = {"Authorization": "Bearer " + token, "Accept": "application/json"}
conn.request("GET", "/api/v1/services?limit=1", headers=headers)
version = json.load(conn.getresponse())["metadata"]["resourceVersion"]
conn.request("GET", f"/api/v1/services?watch=true&resourceVersion={version}&timeoutSeconds=3600", headers=headers)
answer = conn.getresponse()
print(".", flush=True)
while line := answer.readline():
    now = time.monotonic()
    event = json.loads(line)
    if event["type"] == "ADDED":
        print(event["object"]["metadata"]["name"], now, flush=True)
