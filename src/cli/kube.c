// SPDX-License-Identifier: Apache-2.0
#include "cli/kube.h"

#include "base/clock.h"
#include "base/flags.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rcu.h"
#include "kube/client.h"
#include "kube/text.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dump {
	struct kube_options options;
	bool watch, stats, pod_names, zones;
	const char *metrics; /* a file for the metrics at the time of each dump */
	unsigned timeout_s;
	struct kube_client *client;
	uint64_t changes; /* at the last dump */
	bool fresh; /* there was a change */
};

enum { TIMEOUT_S = 60, LOOK_EVERY_MS = 20, LOG_FLUSH_MS = 1000, SECONDS_MAX = 86400 };

static volatile sig_atomic_t ended;

/* ---------------------------------------------------------------- objects to JSON */

static void print(cJSON *line)
{
	char *text = cJSON_PrintUnformatted(line);

	if (text)
		puts(text);
	cJSON_free(text);
	cJSON_Delete(line);
}

static cJSON *text_of(const char *s, size_t len)
{
	char *copy = kube_text_dup(s, s ? len : 0);
	cJSON *json = cJSON_CreateString(copy ? copy : "");

	free(copy);
	return json;
}

static void add_text(cJSON *to, const char *key, const char *s, size_t len)
{
	if (len)
		cJSON_AddItemToObject(to, key, text_of(s, len));
}

static cJSON *addr_of(const uint8_t *addr, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	return cJSON_CreateString(inet_ntop(len == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text)));
}

static void add_ports(cJSON *to, struct kube_port_iter it)
{
	cJSON *list = cJSON_AddArrayToObject(to, "ports");
	struct kube_port p;

	while (kube_port_next(&it, &p)) {
		cJSON *port = cJSON_CreateObject();

		add_text(port, "name", p.name, p.name_len);
		cJSON_AddStringToObject(port, "protocol", kube_proto_text(p.proto));
		cJSON_AddNumberToObject(port, "port", p.pseudo ? -1 : p.port);
		cJSON_AddItemToArray(list, port);
	}
}

static void add_externals(cJSON *to, const struct kube_service *svc)
{
	struct kube_external_iter it = kube_service_externals(svc);
	cJSON *list = svc->n_external ? cJSON_AddArrayToObject(to, "external") : NULL;
	struct kube_external e;

	while (kube_external_next(&it, &e))
		cJSON_AddItemToArray(list, e.addr_len ? addr_of(e.addr, e.addr_len)
						      : text_of(e.host.s, e.host.len));
}

static cJSON *head(const char *kind, const struct kube_name *n)
{
	cJSON *line = cJSON_CreateObject();

	cJSON_AddStringToObject(line, "kind", kind);
	add_text(line, "namespace", n->ns->name, n->ns->name_len);
	add_text(line, "name", n->name, n->name_len);
	return line;
}

static void print_service(const struct kube_name *n, const struct kube_service *svc, bool import)
{
	static const char *const types[] = {"ClusterIP", "Headless", "ExternalName"};
	cJSON *line = head(import ? "import" : "service", n), *ips = cJSON_AddArrayToObject(line, "ips");
	struct kube_str name = kube_service_external_name(svc);

	cJSON_AddStringToObject(line, "type", types[svc->type]);
	for (size_t i = 0; i < svc->n_ip4; i++)
		cJSON_AddItemToArray(ips, addr_of(kube_service_ip4(svc) + 4 * i, 4));
	for (size_t i = 0; i < svc->n_ip6; i++)
		cJSON_AddItemToArray(ips, addr_of(kube_service_ip6(svc) + 16 * i, 16));
	add_ports(line, kube_service_ports(svc));
	add_externals(line, svc);
	add_text(line, "externalName", name.s, name.len);
	print(line);
}

static void print_slice(const struct kube_name *n, const struct kube_slice *slice)
{
	cJSON *line = head("slice", n), *list = cJSON_AddArrayToObject(line, "endpoints");
	struct kube_endpoint_iter it = kube_slice_endpoints(slice);
	struct kube_str cluster = kube_slice_cluster(slice);
	struct kube_endpoint e;

	add_text(line, "cluster", cluster.s, cluster.len);
	while (kube_endpoint_next(&it, &e)) {
		cJSON *endpoint = cJSON_CreateObject();

		cJSON_AddItemToObject(endpoint, "ip", addr_of(e.addr, e.addr_len));
		add_text(endpoint, "hostname", e.hostname.s, e.hostname.len);
		add_text(endpoint, "pod", e.pod.s, e.pod.len);
		add_text(endpoint, "zone", e.zone.s, e.zone.len);
		cJSON_AddItemToArray(list, endpoint);
	}
	add_ports(line, kube_slice_ports(slice));
	print(line);
}

static void print_names(const struct kube_store *s, bool imports)
{
	struct kube_name_iter it = kube_names(s, imports);
	const struct kube_name *n;

	while ((n = kube_name_next(&it))) {
		if (kube_name_service(n))
			print_service(n, kube_name_service(n), imports);
		for (const struct kube_slice *slice = kube_name_slices(n); slice;
		     slice = kube_slice_next(slice))
			print_slice(n, slice);
	}
}

static void print_namespaces(const struct kube_store *s)
{
	struct kube_ns_iter it = kube_namespaces(s);
	const struct kube_ns *ns;

	while ((ns = kube_ns_next(&it))) {
		cJSON *line = cJSON_CreateObject();

		cJSON_AddStringToObject(line, "kind", "namespace");
		add_text(line, "name", ns->name, ns->name_len);
		print(line);
	}
}

static void print_pods(const struct kube_store *s)
{
	struct kube_pod_iter it = kube_pods(s);
	const struct kube_pod *pod;

	while ((pod = kube_pod_next(&it))) {
		cJSON *line = cJSON_CreateObject();

		cJSON_AddStringToObject(line, "kind", "pod");
		add_text(line, "namespace", pod->ns->name, pod->ns->name_len);
		add_text(line, "name", kube_pod_name(pod).s, kube_pod_name(pod).len);
		if (pod->addr_len)
			cJSON_AddItemToObject(line, "ip", addr_of(kube_pod_addr(pod), pod->addr_len));
		print(line);
	}
}

static void print_end(const struct dump *d, const struct kube_store *s)
{
	cJSON *line = cJSON_CreateObject(), *counts = cJSON_CreateObject();

	cJSON_AddStringToObject(line, "kind", "end");
	cJSON_AddBoolToObject(line, "synced", kube_store_all_synced(s));
	cJSON_AddNumberToObject(line, "changes", (double)kube_store_changes(s));
	cJSON_AddNumberToObject(line, "serial", kube_store_serial(s, KUBE_SERIAL));
	for (enum kube_kind k = 0; k < KUBE_N_KINDS; k++)
		cJSON_AddNumberToObject(counts, kube_kind_text(k), (double)kube_store_count(s, k));
	cJSON_AddItemToObject(line, "objects", counts);
	cJSON_AddNumberToObject(line, "bytes", (double)kube_store_bytes(s));
	print(line);
	fflush(stdout);
}

/* As a whole: whoever reads the file never sees half of it. */
static void write_metrics(const char *path)
{
	char fresh[4096];
	size_t len = 0;
	char *text = metrics_text(&len);
	FILE *f;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	f = fopen(fresh, "w");
	if (f && text)
		fwrite(text, 1, len, f);
	if (!f || fclose(f) || rename(fresh, path))
		perror(path);
	free(text);
}

/* ---------------------------------------------------------------- dumping */

/* In the client's thread. */
static void dump_if_changed(void *arg)
{
	struct dump *d = arg;
	const struct kube_store *s = kube_client_store(d->client);

	d->fresh = kube_store_all_synced(s) && kube_store_changes(s) != d->changes;
	if (!d->fresh)
		return;
	d->changes = kube_store_changes(s);
	if (!d->stats) {
		print_namespaces(s);
		print_names(s, false);
		print_names(s, true);
		print_pods(s);
	}
	print_end(d, s);
}

static void on_signal(int sig)
{
	ended = 1;
}

static bool first_dump(struct dump *d)
{
	uint64_t until = clock_mono_ns() + d->timeout_s * NS_PER_S;

	d->changes = UINT64_MAX;
	while (!ended && !d->fresh && clock_mono_ns() < until) {
		kube_run(d->client, dump_if_changed, d);
		if (!d->fresh)
			usleep(LOOK_EVERY_MS * 1000);
	}
	return d->fresh;
}

static int dump(struct dump *d)
{
	char error[KUBE_ERROR_MAX];
	int status = 0;

	if (kube_open(&d->options, &d->client, error)) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (!first_dump(d)) {
		fprintf(stderr, "not everything could be listed within %u s\n", d->timeout_s);
		status = 1;
	}
	do {
		if (d->metrics)
			write_metrics(d->metrics);
		if (d->watch && !ended && !status) {
			usleep(LOOK_EVERY_MS * 1000);
			kube_run(d->client, dump_if_changed, d);
		}
	} while (d->watch && !ended && !status);
	kube_close(d->client);
	rcu_drain();
	return status;
}

/* ---------------------------------------------------------------- the command line */

static const struct flag flags[] = {
	FLAG("kubeconfig", FLAG_TEXT, struct dump, options.kubeconfig, "file", "who asks (default: as a Pod, in-cluster)"),
	FLAG("context", FLAG_TEXT, struct dump, options.context, "name", "context of the kubeconfig"),
	FLAG("endpoint", FLAG_TEXT, struct dump, options.endpoint, "url", "the API server"),
	FLAG("cert", FLAG_TEXT, struct dump, options.cert, "file", "client certificate"),
	FLAG("key", FLAG_TEXT, struct dump, options.key, "file", "its key"),
	FLAG("ca", FLAG_TEXT, struct dump, options.ca, "file", "authorities that the API server's certificate may be from"),
	FLAG("labels", FLAG_TEXT, struct dump, options.labels, "selector", "of Services, EndpointSlices and Pods"),
	FLAG("namespace-labels", FLAG_TEXT, struct dump, options.namespace_labels, "selector", "of Namespaces"),
	FLAG("pods", FLAG_BOOL, struct dump, options.pods, "", "with Pods"),
	FLAG("pod-names", FLAG_BOOL, struct dump, pod_names, "", "with the names of Pods behind endpoints"),
	FLAG("zones", FLAG_BOOL, struct dump, zones, "", "with the zones of endpoints"),
	FLAG("multicluster", FLAG_BOOL, struct dump, options.multicluster, "", "with ServiceImports"),
	FLAG("no-endpoints", FLAG_BOOL, struct dump, options.no_endpoints, "", "without EndpointSlices"),
	FLAG_RANGE("timeout", 1, SECONDS_MAX, struct dump, timeout_s, "seconds", "for the first complete list (default 60)"),
	FLAG("watch", FLAG_BOOL, struct dump, watch, "", "print all of it again after each change, until a signal"),
	FLAG("stats", FLAG_BOOL, struct dump, stats, "", "print the last line only: counts and bytes"),
	FLAG("metrics", FLAG_TEXT, struct dump, metrics, "file", "write the metrics there at each print"),
	FLAG_RANGE("check", 1, SECONDS_MAX, struct dump, options.check_s, "seconds", "compare with the API server so often"),
	FLAG_RANGE("silence", 1, SECONDS_MAX, struct dump, options.silence_s, "seconds",
	 "a watch without a byte for so long is asked for anew (default 75)"),
};

static const struct flag_table table = {flags, ARRAY_LEN(flags), NULL};

static void usage(void)
{
	fputs("Usage: binnacle kube dump [flags]    print what is known of a cluster, as JSON lines\n\n", stderr);
	flags_usage(&table, stderr);
}

static bool take_flags(struct dump *d, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (!flags_is_flag(argv[i])) {
			fprintf(stderr, "not understood: %s\n", argv[i]);
			return false;
		}
		if (flags_take(&table, argc, argv, &i, d))
			return false;
	}
	if (d->pod_names)
		d->options.keep |= KUBE_KEEP_POD_NAMES | KUBE_KEEP_POD_META;
	if (d->zones)
		d->options.keep |= KUBE_KEEP_ZONES;
	return true;
}

int kube_command(int argc, char **argv)
{
	struct dump d = {.timeout_s = TIMEOUT_S};
	int status;

	if (argc < 2 || strcmp(argv[1], "dump") != 0 || !take_flags(&d, argc, argv)) {
		usage();
		return 2;
	}
	if (log_start(STDERR_FILENO))
		return 1;
	status = dump(&d);
	log_stop(LOG_FLUSH_MS);
	return status;
}
