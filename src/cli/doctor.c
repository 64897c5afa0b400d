// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.h"

#include "base/compiler.h"
#include "base/flags.h"
#include "base/log.h"
#include "base/text.h"
#include "capture/packet.h"
#include "cli/doctor_admin.h"
#include "corefile/corefile.h"
#include "doctor/pcap.h"
#include "doctor/run.h"
#include "doctor/show.h"
#include "doctor/world.h"
#include "wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_USAGE = 3, TIMEOUT_MAX_S = 60, LOG_FLUSH_MS = 1000 };

/* What the command line says. */
struct command {
	struct doctor_options o; /* queries, resolv_conf: 0 and NULL while no flag has given them */
	bool json, no_color, quiet, help;
	struct flag_list pcap;
	const char *admin; /* of the Binnacle here; NULL: the only one */
	const char *timeout; /* checked when all flags are read */
	unsigned port;
};

static const struct flag flags[] = {
	FLAG("server", FLAG_LIST, struct command, o.servers, "address",
	 "ask this DNS server too (may be given several times, as -pod and -upstream)"),
	FLAG("pod", FLAG_LIST, struct command, o.pods, "address",
	 "a DNS pod behind the service address"),
	FLAG("upstream", FLAG_LIST, struct command, o.upstreams, "address",
	 "an upstream of the DNS server; stands for the /etc/resolv.conf that its Corefile forwards to"),
	FLAG("resolv-conf", FLAG_TEXT, struct command, o.resolv_conf, "file",
	 "the client's resolv.conf (default \"/etc/resolv.conf\")"),
	FLAG("corefile", FLAG_TEXT, struct command, o.corefile, "file",
	 "the DNS server's Corefile (default: from the cluster)"),
	FLAG("kubeconfig", FLAG_TEXT, struct command, o.kubeconfig, "file",
	 "who asks the API server (default: the Pod's service account, $KUBECONFIG, ~/.kube/config)"),
	FLAG("context", FLAG_TEXT, struct command, o.context, "name", "context of the kubeconfig"),
	FLAG("service", FLAG_TEXT, struct command, o.service, "namespace/name",
	 "the DNS service (default \"kube-system/kube-dns\")"),
	FLAG("configmap", FLAG_TEXT, struct command, o.configmap, "namespace/name",
	 "where the Corefile is (default: coredns or binnacle, beside the DNS service)"),
	FLAG("admin", FLAG_TEXT, struct command, admin, "string",
	 "admin socket of the Binnacle that runs here and tells its upstreams (default: the only one), or \"off\""),
	FLAG("no-api", FLAG_BOOL, struct command, o.no_api, "", "do not ask the API server"),
	FLAG("control", FLAG_TEXT, struct command, o.control, "name",
	 "a name that must resolve (default: kubernetes.default.svc of the cluster)"),
	FLAG_RANGE("queries", 1, WORLD_BUDGET_MAX, struct command, o.queries, "number",
	 "questions at most, in all (default 2500)"),
	FLAG("timeout", FLAG_TEXT, struct command, timeout, "duration",
	 "how long to wait for an answer (default 5s)"),
	FLAG_RANGE("dns.port", 1, UINT16_MAX, struct command, port, "string", "Default port (default \"53\")"),
	FLAG_RANGE("p", 1, UINT16_MAX, struct command, port, "string", "Default port (default \"53\")"),
	FLAG("pcap", FLAG_LIST, struct command, pcap, "file", "ask nobody: judge by this capture (pcap or pcapng), and by others given as further words"),
	FLAG("n", FLAG_BOOL, struct command, o.dry, "", "only say what would be asked"),
	FLAG("json", FLAG_BOOL, struct command, json, "", "print JSON"),
	FLAG("no-color", FLAG_BOOL, struct command, no_color, "",
	 "no colours (as with NO_COLOR in the environment)"),
	FLAG("quiet", FLAG_BOOL, struct command, quiet, "", "do not tell what is being asked"),
	FLAG("h", FLAG_BOOL, struct command, help, "", "Show this text"),
	FLAG("help", FLAG_BOOL, struct command, help, "", "Show this text"),
};

static const struct flag_table table = {flags, ARRAY_LEN(flags), NULL};

static void usage(FILE *to)
{
	fputs("Usage: binnacle doctor [flags] NAME [TYPE]    why does this name not resolve?\n"
	      "       binnacle doctor [flags] --pcap FILE [FILE...]    what do these captures show?\n\n"
	      "Asks the client's resolvers, the cluster's DNS service, each DNS pod and each upstream, in "
	      "all ways, and says\n"
	      "what is wrong.  Exit status: 0 healthy, 1 fault found, 2 could not tell, 3 wrong usage.\n\n",
	      to);
	flags_usage(&table, to);
}

/* ---------------------------------------------------------------- values */

static bool take_timeout(struct command *c)
{
	uint64_t ns;

	if (!c->timeout)
		return true;
	if (cf_duration(c->timeout, &ns) || ns < 1000000 || ns > TIMEOUT_MAX_S * 1000000000ull) {
		fprintf(stderr,
			"invalid value \"%s\" for flag -timeout: expected a duration from 1ms to %ds\n",
			c->timeout, TIMEOUT_MAX_S);
		return false;
	}
	c->o.timeout_ms = (uint32_t)(ns / 1000000);
	return true;
}

static bool take_names(struct command *c, const char *const *words, int n)
{
	int type;

	if (n < 1 || n > 2) {
		fputs("expected: binnacle doctor [flags] NAME [TYPE]\n", stderr);
		return false;
	}
	c->o.name = words[0];
	type = n == 2 ? wire_type_from_text(words[1]) : TYPE_A;
	if (type <= 0 || type == TYPE_OPT || (type >= TYPE_TKEY && type <= TYPE_AXFR)) {
		fprintf(stderr, "\"%s\" is no record type that can be asked for\n", words[1]);
		return false;
	}
	c->o.type = (uint16_t)type;
	return true;
}

/* Captures: with -pcap, and what stands on the line beside flags. */
static bool take_captures(struct command *c, const char *const *words, int n)
{
	const struct doctor_options *o = &c->o;

	if (o->servers.n || o->pods.n || o->upstreams.n || o->corefile || o->kubeconfig || o->context || o->configmap ||
	    o->control || o->dry || o->queries || c->timeout || o->service || o->no_api || o->resolv_conf ||
	    c->admin) {
		fputs("-pcap asks nobody: of the other flags it takes -json, -no-color, -quiet and -p\n", stderr);
		return false;
	}
	for (int i = 0; i < n; i++) {
		if (c->pcap.n < FLAG_LIST_MAX)
			c->pcap.v[c->pcap.n++] = words[i];
	}
	if (c->pcap.n > CAPTURE_FILES_MAX) {
		fprintf(stderr, "too many captures: %d at most\n", CAPTURE_FILES_MAX);
		return false;
	}
	for (unsigned i = 0; i < c->pcap.n && c->pcap.n > 1; i++) {
		if (strcmp(c->pcap.v[i], "-") == 0) {
			fputs("standard input can only be the one capture\n", stderr);
			return false;
		}
	}
	return true;
}

/* Flags may stand before and behind the name. */
static bool parse(int argc, char **argv, struct command *c)
{
	const char *words[CAPTURE_FILES_MAX + 1];
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (!flags_is_flag(argv[i])) {
			if (n <= CAPTURE_FILES_MAX)
				words[n++] = argv[i];
		} else if (flags_take(&table, argc, argv, &i, c)) {
			return false;
		}
	}
	if (c->help)
		return true;
	if (!take_timeout(c))
		return false;
	c->o.port = (uint16_t)c->port;
	c->o.progress = !c->quiet;
	if (c->pcap.n)
		return take_captures(c, words, n);
	if (!c->o.queries)
		c->o.queries = DOCTOR_BUDGET;
	if (!c->o.resolv_conf)
		c->o.resolv_conf = "/etc/resolv.conf";
	return take_names(c, words, n);
}

/* ---------------------------------------------------------------- the command */

static bool wants_colour(const struct command *c)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !c->no_color && !(no && *no) && isatty(STDOUT_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

static int print(const struct command *c, struct observed_world *w, const struct verdict_list *v)
{
	struct text t = {0};
	int status = doctor_exit_status(v);

	if (c->json)
		show_json(&t, w, v);
	else
		show_table(&t, w, v, wants_colour(c));
	if (t.failed || fwrite(t.p, 1, t.len, stdout) != t.len || fflush(stdout)) {
		fputs("the result could not be written\n", stderr);
		status = STATUS_USAGE;
	}
	free(t.p);
	return status;
}

static int diagnose(const struct command *c)
{
	struct doctor_options o = c->o;
	struct observed_world w;
	struct verdict_list v;
	char *status_of_here;
	int status = STATUS_USAGE;

	status_of_here = doctor_admin_status(c->admin, &o.status_where);
	o.status = status_of_here;
	if (doctor_run(&o, &w, &v) == 0)
		status = o.dry ? 0 : print(c, &w, &v);
	world_fini(&w);
	free(status_of_here);
	return status;
}

static int judge_captures(const struct command *c)
{
	const struct pcap_options o = {
		.files = c->pcap.v,
		.n_files = c->pcap.n,
		.ports = {c->o.port},
		.json = c->json,
		.colour = wants_colour(c),
		.progress = !c->quiet && isatty(STDERR_FILENO),
	};

	return doctor_pcap(&o, stdout);
}

int doctor_command(int argc, char **argv)
{
	struct command c = {.o = {.timeout_ms = DOCTOR_TIMEOUT_MS},
			    .port = 53};
	int status;

	if (!parse(argc, argv, &c)) {
		usage(stderr);
		return STATUS_USAGE;
	}
	if (c.help) {
		usage(stderr);
		return 0;
	}
	if (c.pcap.n)
		return judge_captures(&c);
	if (log_start(STDERR_FILENO))
		return STATUS_USAGE;
	status = diagnose(&c);
	log_stop(LOG_FLUSH_MS);
	return status;
}
