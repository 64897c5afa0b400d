// SPDX-License-Identifier: Apache-2.0
/* `binnacle convert`.  The first byte says what follows: 'k' kube-dns's ConfigMap, anything else a Corefile, which is
 * migrated from 1.1.3.  What is printed must be read again, and be the same then. */
#include "base/arena.h"
#include "cli/convert_kube_dns.h"
#include "cli/convert_migrate.h"
#include "cli/convert_tree.h"
#include "corefile/corefile.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 16 };

struct text {
	char *p;
	size_t len;
};

static void print_tree(const struct conv_node *root, struct text *out)
{
	FILE *f = open_memstream(&out->p, &out->len);

	FUZZ_CHECK(f);
	conv_print(root, f);
	fclose(f);
}

/* A Corefile that was printed is printed the same when it is read again. */
static void check_stable(struct arena *a, const struct text *printed)
{
	struct cf_errors errs;
	struct conv_node *root;
	struct text again = {0};

	cf_errors_init(&errs, a);
	FUZZ_CHECK(conv_read(a, "again", printed->p, printed->len, &errs, &root) == 0);
	print_tree(root, &again);
	FUZZ_CHECK(again.len == printed->len && !memcmp(again.p, printed->p, again.len));
	free(again.p);
}

static void corefile(struct arena *a, const char *text, size_t len)
{
	struct cf_errors errs;
	struct conv_node *root;
	struct text out = {0};

	cf_errors_init(&errs, a);
	if (conv_read(a, "f", text, len, &errs, &root))
		return;
	if (migrate(a, "f", root, migrate_version(MIGRATE_OLDEST), &errs) == 0) {
		print_tree(root, &out);
		check_stable(a, &out);
	}
	free(out.p);
}

static void kube_dns(struct arena *a, const char *text, size_t len)
{
	struct cf_errors errs;
	struct kube_dns k;
	struct corefile cf;
	struct text out = {0};
	FILE *f;

	cf_errors_init(&errs, a);
	if (kube_dns_init(a, &k) || kube_dns_read(a, "f", text, len, &errs, &k))
		return;
	f = open_memstream(&out.p, &out.len);
	FUZZ_CHECK(f);
	kube_dns_print(&k, f);
	fclose(f);
	cf_errors_init(&errs, a);
	FUZZ_CHECK(corefile_parse(a, "f", out.p, out.len, &cf_source_system, &errs, &cf) == 0);
	FUZZ_CHECK(cf.n_blocks == 1 + k.n_stubs);
	free(out.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena a;

	if (!len || len > INPUT_MAX)
		return 0;
	arena_init(&a, NULL, 0, NULL);
	if (data[0] == 'k')
		kube_dns(&a, (const char *)data + 1, len - 1);
	else
		corefile(&a, (const char *)data + 1, len - 1);
	arena_fini(&a);
	return 0;
}
