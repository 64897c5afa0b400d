// SPDX-License-Identifier: Apache-2.0
#include "control/options.h"

#include "base/flags.h"

#include <string.h>

static const struct flag flags[] = {
	FLAG("admin", FLAG_TEXT, struct options, admin, "string",
	 "name of the local admin socket (default \"binnacle/PID\"), or \"off\""),
	FLAG("all", FLAG_BOOL, struct options, all, "", "With flush: drop everything"),
	FLAG("client", FLAG_TEXT, struct options, client, "address", "With trace: the address that seems to ask (default 127.0.0.1)"),
	FLAG("conf", FLAG_TEXT, struct options, conf, "string", "Corefile to load (default \"Corefile\"), or \"stdin\""),
	FLAG("dns.port", FLAG_TEXT, struct options, dns_port, "string", "Default port (default \"53\")"),
	FLAG("extra", FLAG_TEXT, struct options, extra, "string",
	 "second file with options that CoreDNS does not know, merged into the blocks with the same keys"),
	FLAG("h", FLAG_BOOL, struct options, help, "", "Show this text"),
	FLAG("help", FLAG_BOOL, struct options, help, "", "Show this text"),
	FLAG("json", FLAG_BOOL, struct options, json, "", "With trace and top: print JSON"),
	FLAG("listener", FLAG_TEXT, struct options, listener, "string",
	 "With trace: where the question seems to come in, such as \"dns://:53\" (default: the first that speaks plain DNS)"),
	FLAG("once", FLAG_BOOL, struct options, once, "", "With top: print once and end"),
	FLAG("p", FLAG_TEXT, struct options, dns_port, "string", "Default port (default \"53\")"),
	FLAG("pidfile", FLAG_TEXT, struct options, pidfile, "string", "Path to write pid file"),
	FLAG("plugins", FLAG_BOOL, struct options, plugins, "", "List installed plugins"),
	FLAG("portable", FLAG_BOOL, struct options, portable, "", "With check: refuse what CoreDNS 1.14.7 would refuse"),
	FLAG("quiet", FLAG_BOOL, struct options, quiet, "", "Quiet mode (no initialization output)"),
	FLAG("seccomp", FLAG_TEXT, struct options, seccomp, "string",
	 "system-call filter: \"on\", \"log\" what it would stop, or \"off\" (default on, where the kernel has it)"),
	FLAG("tree", FLAG_BOOL, struct options, tree, "", "With flush: the name and all below it"),
	FLAG("version", FLAG_BOOL, struct options, version, "", "Show version"),
	FLAG_RANGE("workers", 1, 64, struct options, workers, "number",
	 "worker threads, 1 to 64 (default: usable cores, at most 8)"),
};

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

static const char *hint(const char *name, size_t len)
{
	if (!is_of_node_cache(name, len))
		return NULL;
	return "(a flag of node-cache: here the addresses and firewall rules of NodeLocal DNSCache are made beforehand, "
	       "the Corefile names the addresses with `bind`, and `-conf` names the filled-in Corefile)\n";
}

static const struct flag_table table = {flags, ARRAY_LEN(flags), hint};

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
	flags_usage(&table, to);
}

enum options_verdict options_parse(int argc, char **argv, struct options *ret)
{
	int i = 1;

	*ret = (struct options){.dns_port = "53"};
	for (; i < argc && flags_is_flag(argv[i]); i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (flags_take(&table, argc, argv, &i, ret))
			return OPTIONS_BAD;
	}
	ret->rest = (const char *const *)&argv[i];
	ret->n_rest = argc - i;
	return OPTIONS_OK;
}
