// SPDX-License-Identifier: Apache-2.0
/* Where an HTTP endpoint listens, as directives name it. */
#include "plugin/http_address.h"

#include "base/err.h"
#include "corefile/corefile.h"
#include "net/http_server.h"

int http_address_arg(struct cf_cursor *c, struct arena *a, const char *example, const char **ret)
{
	const char *text;

	if (!cf_args_left(c))
		return 0;
	if (cf_arg_text(c, "ADDRESS", &text))
		return ERR_SYNTAX;
	if (!http_address_valid(text))
		return cf_fail(c, "found \"%.100s\", expected an address with a port such as \"%s\"", text, example);
	*ret = arena_strdup(a, text);
	return *ret ? cf_no_more_args(c) : cf_fail(c, "out of memory");
}
