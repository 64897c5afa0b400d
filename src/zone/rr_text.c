// SPDX-License-Identifier: Apache-2.0
#include "zone/rr_text.h"

#include "base/err.h"
#include "wire/name.h"
#include "zone/lex.h"
#include "zone/rdata_text.h"

#include <string.h>
#include <strings.h>

static int fail(struct zone_lex *l, const char *why)
{
	if (!l->error)
		l->error = why;
	return ERR_SYNTAX;
}

static bool word_text(const struct zone_word *w, char out[24])
{
	if (w->quoted || w->len >= 24)
		return false;
	memcpy(out, w->s, w->len);
	out[w->len] = '\0';
	return true;
}

/* TTL, class and type, of which only the last must be there; the first two in either order. */
static int read_head(struct zone_lex *l, struct zone_word w, bool have_word, struct zone_rr *rr)
{
	bool has_class = false;
	char text[24];
	int n;

	for (;; have_word = false) {
		if (!have_word && (n = zone_lex_word(l, &w)) != 1)
			return n ? n : fail(l, "the record has no type");
		if (!word_text(&w, text))
			return fail(l, "expected a TTL, a class or a record type");
		if (!rr->ttl_given && zone_ttl_from_text(w.s, w.len, &rr->ttl_s)) {
			rr->ttl_given = true;
			continue;
		}
		n = wire_class_from_text(text);
		if (!has_class && n >= 0 && n != CLASS_ANY) {
			rr->cls = (uint16_t)n;
			has_class = true;
			continue;
		}
		n = wire_type_from_text(text);
		if (n <= 0 || n == TYPE_OPT || (n >= TYPE_TKEY && n <= TYPE_ANY))
			return fail(l, "expected a TTL, a class or a record type");
		rr->type = (uint16_t)n;
		return 0;
	}
}

static int read_owner(struct zone_lex *l, const struct zone_word *first, const struct zone_context *c,
		      struct zone_rr *rr)
{
	size_t len = first->quoted ? 0 : zone_name_from_text(first->s, first->len, c->origin, rr->owner);

	if (!len)
		return fail(l, "the record's owner is not a domain name");
	rr->owner_len = (uint8_t)len;
	return 0;
}

static int take_owner(struct zone_lex *l, const struct zone_context *c, struct zone_rr *rr)
{
	if (!c->owner)
		return fail(l, "the line begins with a blank and there is no owner before it");
	rr->owner_len = (uint8_t)wire_name_len(c->owner);
	memcpy(rr->owner, c->owner, rr->owner_len);
	return 0;
}

int zone_rr_read(struct zone_lex *l, const struct zone_word *first, const struct zone_context *c,
		 struct zone_rr *ret)
{
	struct zone_rdata rdata = {.lex = l, .origin = c->origin, .out = ret->rdata, .no_ldns = c->no_ldns};
	bool blank = l->starts_blank;

	ret->ttl_given = false;
	ret->ttl_s = c->ttl_s;
	ret->cls = c->cls;
	if (blank ? take_owner(l, c, ret) : read_owner(l, first, c, ret))
		return ERR_SYNTAX;
	if (read_head(l, *first, blank, ret))
		return ERR_SYNTAX;
	if (!ret->ttl_given && !c->has_ttl)
		return fail(l, "the record has no TTL, and there is no $TTL before it");
	if (ret->ttl_s > ZONE_TTL_MAX)
		return fail(l, "the TTL is over 2147483647");
	if (zone_rdata_read(&rdata, ret->type))
		return ERR_SYNTAX;
	ret->rdlen = (uint16_t)rdata.len;
	return 0;
}

int zone_rr_from_text(const char *text, size_t len, const struct zone_context *c, struct zone_rr *ret,
		      const char **ret_why)
{
	struct zone_lex l = zone_lex_over(text, len);
	struct zone_word first;
	int n = zone_lex_entry(&l, &first);

	if (n == 1 && !first.quoted && first.len && *first.s == '$')
		n = fail(&l, "a directive stands where a record is expected");
	else if (n == 1)
		n = zone_rr_read(&l, &first, c, ret);
	else if (!n)
		n = fail(&l, "there is no record");
	*ret_why = l.error;
	return n;
}
