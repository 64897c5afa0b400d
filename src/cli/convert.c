// SPDX-License-Identifier: Apache-2.0
#include "cli/convert.h"

#include "base/flags.h"
#include "cli/convert_kube_dns.h"
#include "cli/convert_migrate.h"
#include "cli/convert_tree.h"
#include "corefile/corefile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 16 << 20 };

/* One run of the command. */
struct convert {
	struct arena a;
	struct cf_errors errs;
	struct kube_dns kube_dns;
	const char *domain;
	struct flag_list reverse, upstreams, stubs;
	const char *from;
	const char *file; /* what is read: a path, "-" or NULL */
};

static int convert_kube_dns(struct convert *c);
static int convert_corefile(struct convert *c);

static const struct flag kube_dns_flags[] = {
	FLAG("domain", FLAG_TEXT, struct convert, domain, "name", "the cluster's domain (default cluster.local)"),
	FLAG("reverse", FLAG_LIST, struct convert, reverse, "cidr", "a reverse zone; may be repeated (default in-addr.arpa ip6.arpa)"),
	FLAG("upstream", FLAG_LIST, struct convert, upstreams, "ip[:port]", "as in upstreamNameservers; may be repeated"),
	FLAG("stub", FLAG_LIST, struct convert, stubs, "domain=ip[:port][,...]", "as in stubDomains; may be repeated"),
};

static const struct flag corefile_flags[] = {
	FLAG("from", FLAG_TEXT, struct convert, from, "version",
	 "the CoreDNS that it was written for, " MIGRATE_OLDEST " to " MIGRATE_NEWEST),
};

static const struct kind {
	const char *name;
	struct flag_table flags;
	int (*run)(struct convert *c);
} kinds[] = {
	{"kube-dns", {kube_dns_flags, ARRAY_LEN(kube_dns_flags), NULL}, convert_kube_dns},
	{"corefile", {corefile_flags, ARRAY_LEN(corefile_flags), NULL}, convert_corefile},
};

static void usage(void)
{
	fputs("Usage: binnacle convert kube-dns [flags] [FILE]      the ConfigMap kube-dns (YAML or JSON) "
	      "becomes a Corefile\n"
	      "       binnacle convert corefile -from 1.x [FILE]    a Corefile of CoreDNS 1.x becomes one of "
	      "today\n\n"
	      "FILE is \"-\" or absent for standard input; with -upstream or -stub, kube-dns reads none "
	      "unless it is named.\n",
	      stderr);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		fprintf(stderr, "\n%s\n", kinds[i].name);
		flags_usage(&kinds[i].flags, stderr);
	}
}

/* ---------------------------------------------------------------- the command line */

static int take_stub(struct convert *c, const char *value)
{
	size_t len = strcspn(value, "=");
	char *domain = arena_strndup(&c->a, value, len), *servers, *rest, *server;

	if (!domain || !value[len])
		return -EINVAL;
	servers = arena_strdup(&c->a, value + len + 1);
	if (!servers)
		return -ENOMEM;
	for (server = strtok_r(servers, ",", &rest); server; server = strtok_r(NULL, ",", &rest)) {
		if (kube_dns_add_server(&c->kube_dns, "-stub", domain, server, &c->errs))
			return 0; /* told with the other errors */
	}
	return 0;
}

static int take_lists(struct convert *c)
{
	if (c->reverse.n > ARRAY_LEN(c->kube_dns.reverse)) {
		fprintf(stderr, "-reverse is given too often: %zu at most\n", ARRAY_LEN(c->kube_dns.reverse));
		return -EINVAL;
	}
	for (unsigned i = 0; i < c->reverse.n; i++)
		c->kube_dns.reverse[c->kube_dns.n_reverse++] = c->reverse.v[i];
	for (unsigned i = 0; i < c->upstreams.n; i++)
		(void)!kube_dns_add_upstream(&c->kube_dns, "-upstream", c->upstreams.v[i], &c->errs); /* told with the other errors */
	for (unsigned i = 0; i < c->stubs.n; i++) {
		if (take_stub(c, c->stubs.v[i])) {
			fprintf(stderr, "-stub %s: expected domain=ip[:port][,...]\n", c->stubs.v[i]);
			return -EINVAL;
		}
	}
	if (c->domain)
		c->kube_dns.domain = c->domain;
	return 0;
}

/* Flags, and at most one word that is none. */
static int take_flags(struct convert *c, int argc, char **argv, const struct flag_table *t)
{
	for (int i = 2; i < argc; i++) {
		if (flags_is_flag(argv[i])) {
			if (flags_take(t, argc, argv, &i, c))
				return -EINVAL;
			continue;
		}
		if (c->file) {
			fprintf(stderr, "one file at most: %s, %s\n", c->file, argv[i]);
			return -EINVAL;
		}
		c->file = argv[i];
	}
	return take_lists(c);
}

/* ---------------------------------------------------------------- input and output */

static int read_all(struct convert *c, FILE *f, char **ret, size_t *ret_len)
{
	size_t len = 0, n;
	char *text = malloc(INPUT_MAX + 1);

	*ret = text;
	if (!text)
		return -ENOMEM;
	while ((n = fread(text + len, 1, INPUT_MAX + 1 - len, f)) > 0)
		len += n;
	*ret_len = len;
	if (ferror(f))
		return -errno;
	return len > INPUT_MAX ? -EFBIG : 0;
}

static int read_input(struct convert *c, char **ret, size_t *ret_len)
{
	bool std = !c->file || strcmp(c->file, "-") == 0;
	FILE *f = std ? stdin : fopen(c->file, "r");
	int err;

	*ret = NULL;
	if (std)
		c->file = "standard input";
	err = f ? read_all(c, f, ret, ret_len) : -errno;
	if (f && !std)
		fclose(f);
	if (err)
		cf_error(&c->errs, c->file, 0, "%s", strerror(-err));
	return err;
}

static void print_errors(struct convert *c)
{
	char text[2048];

	for (const struct cf_error *e = c->errs.first; e; e = e->next) {
		(void)cf_error_format(e, text, sizeof(text)); /* a longer one is cut */
		fprintf(stderr, "%s%s\n", e->warning ? "" : "error: ", text);
	}
}

/* ---------------------------------------------------------------- the two */

static int convert_kube_dns(struct convert *c)
{
	char *text = NULL;
	size_t len = 0;
	int err = 0;

	if (c->file || !(c->kube_dns.n_upstreams || c->kube_dns.n_stubs || c->errs.n_errors)) {
		err = read_input(c, &text, &len);
		if (!err)
			err = kube_dns_read(&c->a, c->file, text, len, &c->errs, &c->kube_dns);
	}
	free(text);
	if (!err && !c->errs.n_errors)
		kube_dns_print(&c->kube_dns, stdout);
	return err;
}

static int convert_corefile(struct convert *c)
{
	unsigned from = migrate_version(c->from ? c->from : "");
	struct conv_node *root;
	char *text;
	size_t len = 0;
	int err;

	if (from < migrate_version(MIGRATE_OLDEST) || from > migrate_version(MIGRATE_NEWEST)) {
		fprintf(stderr, "-from: expected a version of CoreDNS from " MIGRATE_OLDEST
				" to " MIGRATE_NEWEST "\n");
		return -EINVAL;
	}
	err = read_input(c, &text, &len);
	if (!err)
		err = conv_read(&c->a, c->file, text, len, &c->errs, &root);
	if (!err)
		err = migrate(&c->a, c->file, root, from, &c->errs);
	if (!err)
		conv_print(root, stdout);
	free(text);
	return err;
}

static int run(struct convert *c, size_t kind)
{
	int err = kinds[kind].run(c);

	if (err == -ENOMEM && !c->errs.n_errors)
		fputs("out of memory\n", stderr);
	cf_errors_sort(&c->errs);
	print_errors(c);
	if (err == -EINVAL && !c->errs.n_errors)
		return 2;
	if (fflush(stdout)) {
		perror("standard output");
		return 1;
	}
	return err || c->errs.n_errors ? 1 : 0;
}

int convert_command(int argc, char **argv)
{
	struct convert c = {0};
	size_t kind = 0;
	int status = 2;

	while (kind < ARRAY_LEN(kinds) && (argc < 2 || strcmp(argv[1], kinds[kind].name) != 0))
		kind++;
	arena_init(&c.a, NULL, 0, NULL);
	cf_errors_init(&c.errs, &c.a);
	if (kind == ARRAY_LEN(kinds) || kube_dns_init(&c.a, &c.kube_dns) ||
	    take_flags(&c, argc, argv, &kinds[kind].flags))
		usage();
	else
		status = run(&c, kind);
	arena_fini(&c.a);
	return status;
}
