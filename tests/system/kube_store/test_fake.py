# SPDX-License-Identifier: Apache-2.0
"""The API client against a server that does wrong on demand (tests/compat/fakekube.py)."""
import email.utils, json, os, random, stat, time

import pytest
import yaml

import fakekube

from harness.wait import until
from .conftest import agrees, service, slice_of

BASIC = [service("web", "10.96.0.1"), slice_of("web", "10.0.0.1", "10.0.0.2"),
         service("db", "None"), slice_of("db", "10.0.0.3")]


def web(s):
    return s.services.get(("demo", "web"))


def has(name):
    return lambda s: ("demo", name) in s.services


def lacks(name):
    return lambda s: ("demo", name) not in s.services


def always(d, cond):
    """It held in every state that the store went through."""
    assert d.snapshots and all(cond(s) for s in d.snapshots)


# ---------------------------------------------------------------- list and follow

@pytest.mark.parametrize("options", [{}, {"watchlist": False}, {"watchlist": False, "page": 1}, {"page": 2}],
                         ids=["streamed", "paged", "page of one", "streamed, small pages"])
def test_all_objects_are_listed_and_followed(kube, dump, options):
    k = kube(BASIC, **options)
    d = dump(k)
    s = d.wait()
    assert agrees(s, k)
    k.do({"apply": [service("new", "10.96.0.9"), slice_of("web", "10.0.0.7")], "delete": ["services/demo/db"]})
    d.wait(lambda s: agrees(s, k), "the changes")
    always(d, web)


def test_pods_and_imports_only_when_asked(kube, dump):
    k = kube(BASIC + [{"kind": "Pod", "metadata": {"name": "p", "namespace": "demo"}, "status": {"podIP": "10.0.0.1"}},
                      {"kind": "ServiceImport", "metadata": {"name": "far", "namespace": "demo"},
                       "spec": {"type": "ClusterSetIP", "ips": ["10.42.0.1"], "ports": []}},
                      slice_of("far", "10.50.0.1", labels={"multicluster.kubernetes.io/service-name": "far",
                                                           "multicluster.kubernetes.io/source-cluster": "east",
                                                           "kubernetes.io/service-name": "far-local"})])
    dump(k).wait()
    assert not k.seen({"resource": "pods"}) and not k.seen({"resource": "serviceimports"})
    s = dump(k, "-pods", "-multicluster").wait()
    assert s.pods == {"demo": ["10.0.0.1"]}
    assert s.imports == {("demo", "far"): ("ClusterIP", ("10.42.0.1",))}
    assert k.seen({"resource": "pods", "fields": "status.phase!=Succeeded"})


def test_selectors_are_the_servers_work(kube, dump):
    red = service("red", "10.96.0.5")
    red["metadata"]["labels"] = {"team": "red"}
    k = kube(BASIC + [red, {"kind": "Namespace", "metadata": {"name": "other", "labels": {"team": "blue"}}}])
    s = dump(k, "-labels", "team in (red)", "-namespace-labels", "team=blue").wait()
    assert list(s.services) == [("demo", "red")] and s.namespaces == {"other"}


def test_without_endpoints_none_are_asked_for(kube, dump):
    k = kube(BASIC)
    assert not dump(k, "-no-endpoints").wait().endpoints
    assert not k.seen({"resource": "endpointslices"})


def stamped(svc, ago):
    o = slice_of(svc, "10.0.0.9", suffix="t")
    when = time.time() - ago
    o["metadata"]["annotations"] = {"endpoints.kubernetes.io/last-change-trigger-time":
                                    time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when)) + f"{when % 1:.6f}Z"[1:]}
    return o


def test_programming_time_is_recorded_for_events_of_known_services(kube, dump):
    k = kube(BASIC + [stamped("web", 5000)])  # of the first list: not recorded
    d = dump(k)
    d.wait()
    k.do({"apply": [stamped("db", 66), stamped("none", 3), stamped("web", 1.5)]})
    name = "coredns_kubernetes_dns_programming_duration_seconds"
    until(lambda: d.metric(name + "_count") == 2, "two samples")
    assert d.metric(name + "_bucket", service_kind="headless_with_selector", le="131.072") == 1
    assert d.metric(name + "_bucket", service_kind="headless_with_selector", le="65.536") == 0
    assert 1.5 <= d.metric(name + "_sum", service_kind="cluster_ip") < 10


# ---------------------------------------------------------------- watches that end

@pytest.mark.parametrize("how", ["drop_watches", "reset_watches"])
def test_a_watch_that_ends_goes_on_without_a_list(kube, dump, how):
    k = kube(BASIC)
    d = dump(k)
    d.wait()
    for i in range(3):
        k.do({"wait": {"watching": ["services", "endpointslices", "namespaces"]}, "forget": True, how: True,
              "apply": [service(f"new-{i}", f"10.96.1.{i}")]})
        d.wait(has(f"new-{i}"), "what changed meanwhile")
    until(lambda: d.metric("binnacle_kube_lists_total") == 3, "the count of lists")
    always(d, web)


@pytest.mark.parametrize("as_", ["event", "http"])
@pytest.mark.parametrize("watchlist", [True, False])
def test_after_410_nothing_alive_is_missing_and_nothing_deleted_comes_back(kube, dump, as_, watchlist):
    k = kube(BASIC + [service("old", "10.96.0.8"), slice_of("old", "10.0.0.8")], gone_as=as_, watchlist=watchlist)
    d = dump(k)
    d.wait()
    k.do({"stall": "watches", "apply": [service("new", "10.96.0.9")],
          "delete": ["services/demo/old", "endpointslices/demo/old-x"], "gone": True, "resume": True})
    d.wait(lambda s: agrees(s, k), "the state after 410", timeout=20)
    always(d, web)
    gone = [has("old")(s) for s in d.snapshots]
    assert gone == sorted(gone, reverse=True), "it came back"


def test_a_list_that_breaks_off_shows_nothing_wrong(kube, dump):
    many = [service(f"s-{i}", f"10.97.0.{i}") for i in range(40)]
    k = kube(BASIC + many, watchlist=False, page=5)
    d = dump(k)
    d.wait()
    for _ in range(3):
        k.do({"fail": {"code": 500, "resource": "services", "verb": "list", "times": 1}, "gone": True})
        k.do({"wait": {"watching": ["services"]}})
    k.do({"delete": ["services/demo/s-3"]})
    d.wait(lambda s: agrees(s, k), "the deletion")
    always(d, lambda s: all(("demo", f"s-{i}") in s.services for i in range(40) if i != 3))


def test_bookmarks_move_the_version_that_a_watch_goes_on_from(kube, dump):
    k = kube(BASIC)
    d = dump(k)
    d.wait()
    k.do({"wait": {"watching": ["services", "endpointslices", "namespaces"]}})
    for _ in range(5):
        k.do({"bookmark": True})
    with k.cond:
        k.floor = k.rv  # older versions are gone from now on
    k.do({"drop_watches": True, "apply": [service("new", "10.96.0.9")]})
    d.wait(has("new"), "the event after the bookmark")
    assert d.metric("binnacle_kube_lists_total") == 3


@pytest.mark.parametrize("how", ["an error event", "no end of the list"])
def test_a_server_that_cannot_stream_lists_gets_paged_ones(kube, dump, monkeypatch, how):
    """etcd 3.4 behind a new API server; API servers before 1.27, which do not know sendInitialEvents."""
    watch = fakekube._Handler.watch

    def limited(self, res, q, match):
        if q.get("sendInitialEvents") and how == "an error event":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.event("ERROR", fakekube.ApiError(500, "etcd cannot").status())
            self.wfile.write(b"0\r\n\r\n")
            return None
        q.pop("sendInitialEvents", None)
        return watch(self, res, q, match)
    monkeypatch.setattr(fakekube._Handler, "watch", limited)
    k = kube(BASIC)
    d = dump(k)
    assert agrees(d.wait(timeout=60), k)
    k.do({"apply": [service("new", "10.96.0.9")]})
    d.wait(has("new"), "the watch after the lists")


# ---------------------------------------------------------------- errors

@pytest.mark.parametrize("code", [401, 403, 404, 429, 500, 503])
def test_an_error_is_tried_again(kube, dump, code):
    k = kube(BASIC, fail=[{"code": code, "times": 4}])
    d = dump(k)
    assert agrees(d.wait(), k)
    until(lambda: d.metric("coredns_kubernetes_rest_client_requests_total", code=str(code)) == 4, "the count")


def test_an_error_of_one_resource_leaves_the_others_alone(kube, dump):
    k = kube(BASIC)
    d = dump(k)
    d.wait()
    k.do({"fail": {"code": 500, "resource": "endpointslices", "times": 10 ** 6},
          "drop_watches": ["endpointslices", "services"]})
    k.do({"apply": [service("new", "10.96.0.9")]})
    d.wait(has("new"), "the other resource's event", timeout=10)
    assert d.last.endpoints
    k.do({"fail": []})
    k.do({"apply": [slice_of("new", "10.0.0.9")]})
    d.wait(lambda s: agrees(s, k), "the resource that failed", timeout=10)


def test_retry_after_is_obeyed(kube, dump):
    k = kube(BASIC, fail=[{"code": 429, "times": 1}])  # the fake server says one second
    began = time.monotonic()
    dump(k).wait()
    assert time.monotonic() - began >= 1


def test_retry_after_may_be_a_date(kube, dump):
    then = int(time.time()) + 4
    k = kube(BASIC, fail=[{"code": 503, "times": 1, "retry_after": email.utils.formatdate(then, usegmt=True)}])
    dump(k).wait(timeout=30)
    assert time.time() >= then - 1  # the server's own Date header has whole seconds


# ---------------------------------------------------------------- the server is away

def test_the_old_state_stays_while_the_server_is_away_and_one_request_asks(kube, dump):
    k = kube(BASIC)
    d = dump(k)
    d.wait()
    k.do({"down": True})
    until(lambda: d.metric("binnacle_kube_away") == 1, "the loss")
    time.sleep(3)  # what may not happen: more than one probe at a time
    errors = d.metric("coredns_kubernetes_rest_client_requests_total", code="<error>")
    assert errors <= 14, "more than one probe, or no waits between them"
    assert web(d.last) and len(d.last.endpoints) == 2
    k.do({"up": True})
    up = time.monotonic()
    k.do({"apply": [service("new", "10.96.0.9")]})
    d.wait(has("new"), "a new service after the outage")
    assert time.monotonic() - up < 2 or os.environ.get("BINNACLE_TIME_FACTOR")
    always(d, web)


def test_a_server_that_comes_later_is_found(kube, dump):
    k = kube(BASIC, start=False)
    d = dump(k)
    time.sleep(1)
    assert d.last is None
    k.do({"up": True})
    assert agrees(d.wait(), k)


def test_changes_during_an_outage_are_seen_after_it(kube, dump):
    k = kube(BASIC)
    d = dump(k)
    d.wait()
    k.do({"down": True, "apply": [service("new", "10.96.0.9")], "delete": ["services/demo/db"], "gone": True, "up": True})
    d.wait(lambda s: agrees(s, k), "both changes")


def test_a_hanging_list_is_given_up(kube, dump):
    k = kube(BASIC)
    d = dump(k)
    d.wait()
    k.do({"stall": ["lists", "watches"], "drop_watches": True})
    until(lambda: d.metric("coredns_kubernetes_rest_client_requests_total", code="<error>") > 0, "giving up", 40)
    assert web(d.last)
    k.do({"resume": True, "apply": [service("new", "10.96.0.9")]})
    d.wait(has("new"), "the answer afterwards")


# ---------------------------------------------------------------- who we are

def kubeconfig(tmp_path, k, user, **cluster):
    scheme = "https" if k.tls else "http"
    config = {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
              "clusters": [{"name": "k", "cluster": {"server": f"{scheme}://127.0.0.1:{k.port}", **cluster}}],
              "users": [{"name": "u", "user": user}]}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def test_https_with_the_ca_of_the_kubeconfig(kube, dump, certs, tmp_path):
    k = kube(BASIC, tls=certs, token="s3cret")
    d = dump("-kubeconfig", kubeconfig(tmp_path, k, {"token": "s3cret"}, **{"certificate-authority": certs[0]}))
    assert agrees(d.wait(), k)


def test_a_server_with_another_certificate_is_refused(kube, dump, certs, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    import compat
    ca = compat.make_certs(str(other))[0]
    k = kube(BASIC, tls=certs)
    d = dump("-kubeconfig", kubeconfig(tmp_path, k, {"token": "x"}, **{"certificate-authority": ca}))
    until(lambda: "certificate" in d.log(), "the complaint")
    assert d.last is None


def test_a_token_file_that_changes_is_read_again(kube, dump, tmp_path):
    token = tmp_path / "token"
    token.write_text("one\n")
    k = kube(BASIC, token="one")
    d = dump("-kubeconfig", kubeconfig(tmp_path, k, {"tokenFile": "token"}))
    d.wait()
    token.write_text("two\n")
    k.do({"set_token": "two", "drop_watches": True, "apply": [service("new", "10.96.0.9")]})
    d.wait(has("new"), "the new token")
    assert k.seen({"auth": "Bearer two"})


def script(tmp_path, text):
    path = tmp_path / "plugin"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "args": ["a b"],
                     "interactiveMode": "Never", "env": [{"name": "SECRET", "value": "s3cret"}]}}


CREDENTIAL = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'


def test_an_exec_plugin_gives_the_token(kube, dump, tmp_path):
    k = kube(BASIC, token="s3cret")
    user = script(tmp_path, f"[ \"$1\" = 'a b' ] || exit 3\nprintf '{CREDENTIAL}' \"$SECRET\"\n")
    assert agrees(dump("-kubeconfig", kubeconfig(tmp_path, k, user)).wait(), k)


def test_an_exec_plugin_is_asked_again_after_401(kube, dump, tmp_path):
    k = kube(BASIC, token="one")
    (tmp_path / "now").write_text("one")
    d = dump("-kubeconfig", kubeconfig(tmp_path, k, script(
        tmp_path, f"printf '{CREDENTIAL}' \"$(cat {tmp_path}/now)\"\n")))
    d.wait()
    (tmp_path / "now").write_text("two")
    k.do({"set_token": "two", "drop_watches": True, "apply": [service("new", "10.96.0.9")]})
    d.wait(has("new"), "the new token")


def test_an_exec_plugin_gives_a_certificate(kube, dump, certs, tmp_path):
    """The server asks for none; that the files are read shows in its being used at all, and in the complaint about a bad one."""
    with open(certs[0]) as cert, open(certs[1]) as key:
        status = {"clientCertificateData": cert.read(), "clientKeyData": key.read()}
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    (tmp_path / "answer").write_text(json.dumps(answer))
    k = kube(BASIC, tls=certs)
    config = kubeconfig(tmp_path, k, script(tmp_path, f"cat {tmp_path}/answer"), **{"certificate-authority": certs[0]})
    assert agrees(dump("-kubeconfig", config).wait(), k)
    status["clientKeyData"] = "no key"
    (tmp_path / "answer").write_text(json.dumps(answer))
    d = dump("-kubeconfig", config)
    until(lambda: "answer" not in d.log() and "going on" in d.log(), "the complaint")


@pytest.mark.parametrize("text, says", [("exit 7", "exit status 7"), ("echo hello", "not JSON"),
                                        ("kill -9 $$", "ended by signal 9"),
                                        ("echo '{\"kind\":\"Pod\"}'", "expected ExecCredential")])
def test_what_is_wrong_with_an_exec_plugin_is_said(kube, dump, tmp_path, text, says):
    k = kube(BASIC)
    d = dump("-kubeconfig", kubeconfig(tmp_path, k, script(tmp_path, text)))
    until(lambda: says in d.log(), says)


# ---------------------------------------------------------------- comparisons, and many changes

def test_what_a_watch_has_lost_is_found_counted_and_repaired(kube, dump):
    k = kube(BASIC)
    d = dump(k, "-check", "1")
    d.wait()
    with k.cond:  # changes that no watch reports
        k.rv += 1
        obj = k.items["services"][("demo", "web")]
        obj["metadata"]["resourceVersion"] = str(k.rv)
        obj["spec"]["clusterIP"], obj["spec"]["clusterIPs"] = "10.96.0.77", ["10.96.0.77"]
        del k.items["services"][("demo", "db")]
    k.do({"bookmark": True})
    d.wait(lambda s: agrees(s, k), "the repair", timeout=20)
    until(lambda: d.metric("binnacle_kube_differences_total", resource="services") >= 2, "the count")


def test_comparisons_that_find_nothing_change_nothing(kube, dump):
    k = kube(BASIC)
    d = dump(k, "-check", "1")
    d.wait()
    k.do({"bookmark": True})
    until(lambda: any(k.seen({"resource": r, "accept": "PartialObjectMetadata"}) for r in ("services",)), "a comparison")
    end = time.monotonic() + 5
    n = 0
    while time.monotonic() < end:
        n += 1
        k.do({"apply": [service("busy", f"10.98.{n % 200}.1")]})
        time.sleep(0.02)
    d.wait(lambda s: agrees(s, k), "the last change")
    assert d.metric("binnacle_kube_differences_total") == 0
    assert d.metric("binnacle_kube_lists_total") == 3


@pytest.mark.parametrize("seed", [1, 2])
def test_random_changes_and_disturbances_end_in_the_truth(kube, dump, seed):
    r = random.Random(seed)
    k = kube(BASIC, watchlist=seed == 1, page=4)
    d = dump(k)
    d.wait()
    for step in range(300):
        name, ip = f"s-{r.randrange(20)}", f"10.99.{r.randrange(250)}.{r.randrange(1, 250)}"
        what = r.random()
        if what < 0.5:
            k.do({"apply": [service(name, ip)]})
        elif what < 0.75:
            k.do({"apply": [slice_of(name, *{f"10.1.0.{r.randrange(1, 99)}" for _ in range(r.randrange(4))},
                                     suffix=str(r.randrange(3)))]})
        elif what < 0.9:
            res, key = r.choice([(res, key) for res in ("services", "endpointslices") for key in k.items[res]
                                 if not key[1].startswith(("web", "db"))] or [(None, None)])
            if res:
                k.do({"delete": [f"{res}/{key[0]}/{key[1]}"]})
        elif what < 0.97:
            k.do({r.choice(["drop_watches", "reset_watches", "bookmark"]): True})
        elif what < 0.985:
            k.do({"gone": True})
        else:
            k.do({"down": True, "up": True})
    d.wait(lambda s: agrees(s, k), "the truth", timeout=30)
    always(d, lambda s: web(s) and len(s.endpoints[("demo", "web")]) == 2)
