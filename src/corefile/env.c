// SPDX-License-Identifier: Apache-2.0
/* References to the environment: {%NAME%} first, then {$NAME}; an unset name is empty.
 *
 * A value may hold references again; they are put in too, as CoreDNS does.  Where CoreDNS would go on forever
 * (a variable that names itself) the steps run out and that is an error.  What comes out stays one token. */
#include "corefile/parse.h"

#include <errno.h>
#include <string.h>

struct form {
	const char *begin, *end;
};

/* The next `ref` in [at, end), or NULL.  All begin with a brace. */
static const char *next_ref(const char *at, const char *end, const char *ref, size_t ref_len)
{
	while ((at = memchr(at, '{', (size_t)(end - at)))) {
		if ((size_t)(end - at) >= ref_len && !memcmp(at, ref, ref_len))
			return at;
		at++;
	}
	return NULL;
}

/* Replace each `ref` in p->text by `value`. */
static int replace_all(struct parser *p, const char *ref, size_t ref_len, const char *value)
{
	struct cf_buf done = p->spare;
	const char *at = p->text.p, *end = at + p->text.len, *hit;
	size_t value_len = strlen(value);
	int r = 0;

	done.len = 0;
	while (!r && (hit = next_ref(at, end, ref, ref_len))) {
		r = cf_buf_add(&done, at, (size_t)(hit - at));
		if (!r)
			r = cf_buf_add(&done, value, value_len);
		if (done.len > CF_ENV_TOKEN_MAX)
			r = -E2BIG;
		at = hit + ref_len;
	}
	if (!r)
		r = cf_buf_add(&done, at, (size_t)(end - at));
	p->spare = p->text;
	p->text = done;
	return r;
}

static int replace_form(struct parser *p, const struct cf_token *t, const struct form *f, unsigned *steps)
{
	size_t nb = strlen(f->begin), ne = strlen(f->end);
	char name[256];

	for (;;) {
		const char *begin = strstr(p->text.p, f->begin);
		const char *end = begin ? strstr(begin, f->end) : NULL;
		if (!end || end < begin + nb + 1)
			return 0; /* none, or without a name: it stays as it is */
		size_t len = (size_t)(end - begin) - nb;
		size_t ref_len = len + nb + ne;
		if (len >= sizeof name)
			return token_error(p->errs, t,
					   "the name of an environment variable has %zu characters; "
					   "up to %zu are allowed",
					   len, sizeof name - 1);
		memcpy(name, begin + nb, len);
		name[len] = 0;
		if (++*steps > CF_ENV_STEPS_MAX)
			return token_error(p->errs, t,
					   "environment variable \"%s\" refers to itself, or more than "
					   "%d references stand in one word",
					   name, CF_ENV_STEPS_MAX);

		char ref[sizeof name + 8];
		memcpy(ref, begin, ref_len);
		ref[ref_len] = 0;
		const char *value = p->src->env ? p->src->env(p->src->arg, name) : NULL;
		int r = replace_all(p, ref, ref_len, value ? value : "");
		if (r == -E2BIG)
			return token_error(p->errs, t,
					   "with environment variable \"%s\" the word has more than %d "
					   "bytes (does it refer to itself?)",
					   name, CF_ENV_TOKEN_MAX);
		if (r)
			return r;
	}
}

static int expand(struct parser *p, const struct cf_token *t)
{
	static const struct form forms[] = {{"{%", "%}"}, {"{$", "}"}};
	unsigned steps = 0;
	int r;

	p->text.len = 0;
	r = cf_buf_add(&p->text, t->text, strlen(t->text));
	for (size_t i = 0; !r && i < ARRAY_LEN(forms); i++)
		r = replace_form(p, t, &forms[i], &steps);
	return r;
}

const char *cf_expand(struct parser *p, const struct cf_token *t)
{
	const char *kept;

	if (!strstr(t->text, "{$") && !strstr(t->text, "{%"))
		return t->text;
	int r = expand(p, t);
	if (r == -ENOMEM)
		cf_stop(p, r);
	if (r)
		return "";
	p->env_bytes += p->text.len;
	if (p->env_bytes > CF_ENV_TOTAL_MAX) {
		token_error(p->errs, t,
			    "environment variables bring in more than %d bytes; that many are allowed",
			    CF_ENV_TOTAL_MAX);
		cf_stop(p, -E2BIG);
		return "";
	}
	kept = arena_strndup(p->a, p->text.p, strlen(p->text.p));
	if (!kept)
		cf_stop(p, -ENOMEM);
	return kept ? kept : "";
}
