// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.h"

#include "base/compiler.h"
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
	struct doctor_options o;
	bool json, no_color, quiet, help;
	struct doctor_list pcap;
	const char *admin; /* of the Binnacle here; NULL: the only one */
	const char *queries, *timeout, *port; /* checked when all flags are read */
};

enum kind { FLAG_TEXT, FLAG_BOOL, FLAG_LIST };

static const struct flag {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *arg, *help;
} flags[] = {
	{"server", FLAG_LIST, offsetof(struct command, o.servers), "address",
	 "ask this DNS server too (may be given several times, as -pod and -upstream)"},
	{"pod", FLAG_LIST, offsetof(struct command, o.pods), "address",
	 "a DNS pod behind the service address"},
	{"upstream", FLAG_LIST, offsetof(struct command, o.upstreams), "address",
	 "an upstream of the DNS server; stands for the /etc/resolv.conf that its Corefile forwards to"},
	{"resolv-conf", FLAG_TEXT, offsetof(struct command, o.resolv_conf), "file",
	 "the client's resolv.conf (default \"/etc/resolv.conf\")"},
	{"corefile", FLAG_TEXT, offsetof(struct command, o.corefile), "file",
	 "the DNS server's Corefile (default: from the cluster)"},
	{"kubeconfig", FLAG_TEXT, offsetof(struct command, o.kubeconfig), "file",
	 "who asks the API server (default: the Pod's service account, $KUBECONFIG, ~/.kube/config)"},
	{"context", FLAG_TEXT, offsetof(struct command, o.context), "name", "context of the kubeconfig"},
	{"service", FLAG_TEXT, offsetof(struct command, o.service), "namespace/name",
	 "the DNS service (default \"kube-system/kube-dns\")"},
	{"configmap", FLAG_TEXT, offsetof(struct command, o.configmap), "namespace/name",
	 "where the Corefile is (default: coredns or binnacle, beside the DNS service)"},
	{"admin", FLAG_TEXT, offsetof(struct command, admin), "string",
	 "admin socket of the Binnacle that runs here and tells its upstreams (default: the only one), or \"off\""},
	{"no-api", FLAG_BOOL, offsetof(struct command, o.no_api), "", "do not ask the API server"},
	{"control", FLAG_TEXT, offsetof(struct command, o.control), "name",
	 "a name that must resolve (default: kubernetes.default.svc of the cluster)"},
	{"queries", FLAG_TEXT, offsetof(struct command, queries), "number",
	 "questions at most, in all (default 2500)"},
	{"timeout", FLAG_TEXT, offsetof(struct command, timeout), "duration",
	 "how long to wait for an answer (default 5s)"},
	{"dns.port", FLAG_TEXT, offsetof(struct command, port), "string", "Default port (default \"53\")"},
	{"p", FLAG_TEXT, offsetof(struct command, port), "string", "Default port (default \"53\")"},
	{"pcap", FLAG_LIST, offsetof(struct command, pcap), "file", "ask nobody: judge by this capture (pcap or pcapng), and by others given as further words"},
	{"n", FLAG_BOOL, offsetof(struct command, o.dry), "", "only say what would be asked"},
	{"json", FLAG_BOOL, offsetof(struct command, json), "", "print JSON"},
	{"no-color", FLAG_BOOL, offsetof(struct command, no_color), "",
	 "no colours (as with NO_COLOR in the environment)"},
	{"quiet", FLAG_BOOL, offsetof(struct command, quiet), "", "do not tell what is being asked"},
	{"h", FLAG_BOOL, offsetof(struct command, help), "", "Show this text"},
	{"help", FLAG_BOOL, offsetof(struct command, help), "", "Show this text"},
};

static void usage(FILE *to)
{
	fputs("Usage: binnacle doctor [flags] NAME [TYPE]    why does this name not resolve?\n"
	      "       binnacle doctor [flags] --pcap FILE [FILE...]    what do these captures show?\n\n"
	      "Asks the client's resolvers, the cluster's DNS service, each DNS pod and each upstream, in "
	      "all ways, and says\n"
	      "what is wrong.  Exit status: 0 healthy, 1 fault found, 2 could not tell, 3 wrong usage.\n\n",
	      to);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		fprintf(to, "  -%s %s\n    \t%s\n", flags[i].name, flags[i].arg, flags[i].help);
}

/* ---------------------------------------------------------------- flags */

static const struct flag *find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0)
			return &flags[i];
	}
	return NULL;
}

static bool set_bool(const struct flag *f, const char *value, bool *ret)
{
	if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
		fprintf(stderr, "invalid boolean value \"%s\" for -%s: expected true or false\n", value,
			f->name);
		return false;
	}
	*ret = !value || strcmp(value, "true") == 0;
	return true;
}

static bool set_list(const struct flag *f, const char *value, struct doctor_list *list)
{
	if (list->n == DOCTOR_LIST_MAX) {
		fprintf(stderr, "-%s is given too often: %d at most\n", f->name, DOCTOR_LIST_MAX);
		return false;
	}
	list->v[list->n++] = value;
	return true;
}

static bool set(const struct flag *f, const char *value, struct command *c)
{
	void *field = (char *)c + f->offset;

	if (f->kind == FLAG_BOOL)
		return set_bool(f, value, field);
	if (f->kind == FLAG_LIST)
		return set_list(f, value, field);
	*(const char **)field = value;
	return true;
}

/* One "-name[=value]"; takes the next word as the value where it needs one. */
static bool take(int argc, char **argv, int *at, struct command *c)
{
	const char *word = argv[*at] + 1 + (argv[*at][1] == '-');
	const char *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
	const struct flag *f = find(word, eq ? (size_t)(eq - word) : strlen(word));

	if (!f) {
		fprintf(stderr, "flag provided but not defined: %s\n", argv[*at]);
		return false;
	}
	if (!value && f->kind != FLAG_BOOL && *at + 1 < argc)
		value = argv[++*at];
	if (!value && f->kind != FLAG_BOOL) {
		fprintf(stderr, "flag needs an argument: -%s\n", f->name);
		return false;
	}
	return set(f, value, c);
}

/* ---------------------------------------------------------------- values */

static bool number(const char *text, const char *flag, unsigned min, unsigned max, unsigned *ret)
{
	int64_t n;

	if (!text)
		return true;
	if (cf_integer(text, &n) || n < min || n > max) {
		fprintf(stderr, "invalid value \"%s\" for flag -%s: expected %u to %u\n", text, flag, min,
			max);
		return false;
	}
	*ret = (unsigned)n;
	return true;
}

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
	    o->control || o->dry || c->queries || c->timeout) {
		fputs("-pcap asks nobody: of the other flags it takes -json, -no-color, -quiet and -p\n", stderr);
		return false;
	}
	for (int i = 0; i < n; i++) {
		if (c->pcap.n < DOCTOR_LIST_MAX)
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
	unsigned port = 53;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		bool is_flag = argv[i][0] == '-' && argv[i][1];

		if (is_flag && !take(argc, argv, &i, c))
			return false;
		if (!is_flag && n <= CAPTURE_FILES_MAX)
			words[n++] = argv[i];
	}
	if (c->help)
		return true;
	if (!number(c->queries, "queries", 1, WORLD_BUDGET_MAX, &c->o.queries) ||
	    !number(c->port, "dns.port", 1, UINT16_MAX, &port) || !take_timeout(c))
		return false;
	c->o.port = (uint16_t)port;
	c->o.progress = !c->quiet;
	return c->pcap.n ? take_captures(c, words, n) : take_names(c, words, n);
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
	struct command c = {.o = {.resolv_conf = "/etc/resolv.conf",
				  .queries = DOCTOR_BUDGET,
				  .timeout_ms = DOCTOR_TIMEOUT_MS}};
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
