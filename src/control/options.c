// SPDX-License-Identifier: Apache-2.0
#include "control/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG_TEXT, FLAG_BOOL, FLAG_NUMBER };

static const struct flag {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *arg, *help;
} flags[] = {
	{"admin", FLAG_TEXT, offsetof(struct options, admin), "string",
	 "name of the local admin socket (default \"binnacle/PID\"), or \"off\""},
	{"all", FLAG_BOOL, offsetof(struct options, all), "", "With flush: drop everything"},
	{"client", FLAG_TEXT, offsetof(struct options, client), "address", "With trace: the address that seems to ask (default 127.0.0.1)"},
	{"conf", FLAG_TEXT, offsetof(struct options, conf), "string", "Corefile to load (default \"Corefile\"), or \"stdin\""},
	{"dns.port", FLAG_TEXT, offsetof(struct options, dns_port), "string", "Default port (default \"53\")"},
	{"extra", FLAG_TEXT, offsetof(struct options, extra), "string",
	 "second file with options that CoreDNS does not know, merged into the blocks with the same keys"},
	{"h", FLAG_BOOL, offsetof(struct options, help), "", "Show this text"},
	{"help", FLAG_BOOL, offsetof(struct options, help), "", "Show this text"},
	{"json", FLAG_BOOL, offsetof(struct options, json), "", "With trace and top: print JSON"},
	{"listener", FLAG_TEXT, offsetof(struct options, listener), "string",
	 "With trace: where the question seems to come in, such as \"dns://:53\" (default: the first that speaks plain DNS)"},
	{"once", FLAG_BOOL, offsetof(struct options, once), "", "With top: print once and end"},
	{"p", FLAG_TEXT, offsetof(struct options, dns_port), "string", "Default port (default \"53\")"},
	{"pidfile", FLAG_TEXT, offsetof(struct options, pidfile), "string", "Path to write pid file"},
	{"plugins", FLAG_BOOL, offsetof(struct options, plugins), "", "List installed plugins"},
	{"portable", FLAG_BOOL, offsetof(struct options, portable), "", "With check: refuse what CoreDNS 1.14.7 would refuse"},
	{"quiet", FLAG_BOOL, offsetof(struct options, quiet), "", "Quiet mode (no initialization output)"},
	{"seccomp", FLAG_TEXT, offsetof(struct options, seccomp), "string",
	 "system-call filter: \"on\", \"log\" what it would stop, or \"off\" (default on, where the kernel has it)"},
	{"tree", FLAG_BOOL, offsetof(struct options, tree), "", "With flush: the name and all below it"},
	{"version", FLAG_BOOL, offsetof(struct options, version), "", "Show version"},
	{"workers", FLAG_NUMBER, offsetof(struct options, workers), "number",
	 "worker threads, 1 to 64 (default: usable cores, at most 8)"},
};

void options_usage(FILE *to)
{
	fputs("Usage: binnacle [flags]            serve the Corefile\n"
	      "       binnacle check [flags]      report everything that is wrong with it, serve nothing\n"
	      "       binnacle flush [-tree] NAME | -all    drop cached answers of the server that runs here\n"
	      "       binnacle top [flags] [SECONDS]    show what the server that runs here does, again and again\n"
	      "       binnacle trace [flags] NAME [TYPE]    show the way of a question through the server that runs here\n"
	      "       binnacle doctor [flags] NAME [TYPE]    say why a name does not resolve (its own flags: binnacle doctor -h)\n"
	      "       binnacle convert kube-dns | corefile [flags] [FILE]    make a Corefile (its own flags: binnacle convert)\n"
	      "       binnacle kube dump [flags]  print what is known of a Kubernetes cluster (its own flags: binnacle kube)\n\n",
	      to);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		fprintf(to, "  -%s %s\n    \t%s\n", flags[i].name, flags[i].arg, flags[i].help);
}

static const struct flag *find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0)
			return &flags[i];
	}
	return NULL;
}

/* Of node-cache, which makes the addresses and firewall rules itself before it serves. */
static bool is_of_node_cache(const char *name, size_t len)
{
	static const char *const names[] = {
		"localip", "interfacename", "setupinterface", "setupiptables", "syncinterval", "metrics-listen-address",
		"basecorefile", "corefile", "kubednscm", "upstreamsvc", "health-port", "skipteardown", "reloadwithsignal",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	}
	return false;
}

static enum options_verdict unknown(const char *word, const char *name, size_t len)
{
	fprintf(stderr, "flag provided but not defined: %s\n", word);
	if (is_of_node_cache(name, len))
		fputs("(a flag of node-cache: here the addresses and firewall rules of NodeLocal DNSCache are made beforehand, "
		      "the Corefile names the addresses with `bind`, and `-conf` names the filled-in Corefile)\n",
		      stderr);
	return OPTIONS_BAD;
}

static enum options_verdict set_bool(const struct flag *f, const char *value, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
			*ret = strcmp(value, yes[i]) == 0;
			return OPTIONS_OK;
		}
	}
	fprintf(stderr, "invalid boolean value \"%s\" for -%s: expected true or false\n", value, f->name);
	return OPTIONS_BAD;
}

static enum options_verdict set_number(const struct flag *f, const char *value, unsigned *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || end == value || n < 1 || n > 64) {
		fprintf(stderr, "invalid value \"%s\" for flag -%s: expected 1 to 64\n", value, f->name);
		return OPTIONS_BAD;
	}
	*ret = (unsigned)n;
	return OPTIONS_OK;
}

static enum options_verdict set(const struct flag *f, const char *value, struct options *o)
{
	void *field = (char *)o + f->offset;

	switch (f->kind) {
	case FLAG_BOOL:
		return set_bool(f, value ? value : "true", field);
	case FLAG_NUMBER:
		return set_number(f, value, field);
	case FLAG_TEXT:
		break;
	}
	*(const char **)field = value;
	return OPTIONS_OK;
}

/* One "-name[=value]"; takes the next word as the value where it needs one. */
static enum options_verdict take(int argc, char **argv, int *at, struct options *o)
{
	const char *word = argv[*at] + 1;
	const char *eq, *value = NULL;
	const struct flag *f;
	size_t len;

	if (*word == '-')
		word++;
	eq = strchr(word, '=');
	len = eq ? (size_t)(eq - word) : strlen(word);
	f = find(word, len);
	if (!f)
		return unknown(argv[*at], word, len);
	if (eq)
		value = eq + 1;
	else if (f->kind != FLAG_BOOL && *at + 1 < argc)
		value = argv[++*at];
	if (!value && f->kind != FLAG_BOOL) {
		fprintf(stderr, "flag needs an argument: -%s\n", f->name);
		return OPTIONS_BAD;
	}
	return set(f, value, o);
}

enum options_verdict options_parse(int argc, char **argv, struct options *ret)
{
	int i = 1;

	*ret = (struct options){.dns_port = "53"};
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (take(argc, argv, &i, ret) != OPTIONS_OK)
			return OPTIONS_BAD;
	}
	ret->rest = (const char *const *)&argv[i];
	ret->n_rest = argc - i;
	return OPTIONS_OK;
}
