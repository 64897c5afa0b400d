// SPDX-License-Identifier: Apache-2.0
#include "answer_check.h"
#include "wire/name.h"
#include "wire/option.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(cond, what)                                                                                    \
	do {                                                                                                 \
		if (!(cond))                                                                                 \
			return what;                                                                         \
	} while (0)

/* The final RRset and its run, by the parsed records. */
static const char *check_final(const struct wire_answer *a, const struct message *m)
{
	unsigned qtype = wire_u16(m->question + m->question_len - 4), end = a->final_first + a->final_count;

	CHECK(end <= a->n_section[SECTION_ANSWER], "final RRset beyond the answer section");
	for (unsigned i = a->final_first; i < end; i++) {
		CHECK(m->rr[i].type == qtype, "final RRset of another type");
		CHECK(wire_name_equal(m->rr[i].owner, m->rr[a->final_first].owner),
		      "final RRset of two owners");
	}
	if (!a->run_count)
		return NULL;
	CHECK(a->run_count == a->final_count, "run is not the final RRset");
	CHECK(qtype == TYPE_A || qtype == TYPE_AAAA, "run of another type");
	for (unsigned i = a->final_first; i < end; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);
		const uint8_t *owner = wire_answer_msg(a) + rr.off;
		CHECK(rr.off == a->run_off + (i - a->final_first) * a->run_size, "run member out of place");
		CHECK(rr.end - rr.off == a->run_size, "run member of another size");
		CHECK(*owner == 0 || *owner >= 0xc0, "run member with labels");
		CHECK(*owner == 0 || (wire_u16(owner) & 0x3fff) < a->run_off,
		      "run member points into the run");
	}
	return NULL;
}

/* Every pointer of a message leads to a label that starts before it; records that may be dropped are no
 * targets of earlier ones then.  What is left is that nobody points into the run: */
static const char *check_no_pointer_into_run(const struct wire_answer *a)
{
	size_t run_end = a->run_off + (size_t)a->run_count * a->run_size;

	for (unsigned i = a->final_first + a->run_count; a->run_count && i < a->n_rr; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);
		for (const uint8_t *p = wire_answer_msg(a) + rr.off; *p; p += 1 + *p) {
			unsigned target = wire_u16(p) & 0x3fff;
			if (*p < 0xc0)
				continue;
			CHECK(target < a->run_off || target >= run_end, "owner points into the run");
			break;
		}
	}
	return NULL;
}

static const char *check_records(const struct wire_answer *a, const struct message *m)
{
	uint32_t min_ttl = UINT32_MAX;

	for (unsigned i = 0; i < a->n_rr; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);
		CHECK(rr.type == m->rr[i].type && rr.cls == m->rr[i].cls, "wire_answer_rr: type or class");
		CHECK(rr.ttl_s == m->rr[i].ttl_s && rr.section == m->rr[i].section,
		      "wire_answer_rr: TTL or section");
		CHECK(rr.end == rr.rdata_off + rr.rdlen && rr.end <= a->msg_len, "wire_answer_rr: offsets");
		CHECK(rr.ttl_s <= INT32_MAX, "TTL with the top bit");
		min_ttl = rr.ttl_s < min_ttl ? rr.ttl_s : min_ttl;
	}
	CHECK(min_ttl == a->min_ttl_s, "min_ttl_s");
	return NULL;
}

static const char *check_parsed(const struct wire_answer *a, const struct message *m)
{
	const char *wrong;

	CHECK(m->n_rr == a->n_rr && !m->has_opt, "record count or an OPT");
	CHECK(!memcmp(m->n_section, (unsigned[]){a->n_section[0], a->n_section[1], a->n_section[2]},
		      sizeof m->n_section),
	      "section counts");
	CHECK(m->question_len == a->question_len, "question length");
	CHECK(m->id == 0 && (m->flags & FLAG_QR) && !(m->flags & FLAG_TC), "stored header");
	CHECK((m->flags & FLAG_RCODE) == (a->rcode & FLAG_RCODE), "stored rcode");
	CHECK(a->n_required <= a->n_rr, "n_required");
	CHECK(a->n_required >= a->n_section[SECTION_ANSWER], "an optional answer record");
	if ((wrong = check_records(a, m)) || (wrong = check_final(a, m)))
		return wrong;
	return check_no_pointer_into_run(a);
}

const char *answer_check_block(const struct wire_answer *a)
{
	struct message *m = message_parse(wire_answer_msg(a), a->msg_len);

	CHECK(m, "the stored message does not parse");
	const char *wrong = check_parsed(a, m);
	message_free(m);
	return wrong;
}

/* Out-parameters of the comparison with the full answer. */
struct kept {
	unsigned chain, final, later; /* records before, of and after the final RRset */
	bool *has; /* per record of the full answer */
};

static const char *check_order(const struct wire_answer *a, const struct message *full,
			       const struct wire_client *c, const struct message *m, struct kept *k)
{
	unsigned final_end = a->final_first + a->final_count, n = m->n_rr;

	k->chain = n < a->final_first ? n : a->final_first;
	k->final = n < a->final_first ? 0 : n < final_end ? n - a->final_first : a->final_count;
	k->later = n - k->chain - k->final;
	bool turned = a->run_count && k->final && (c->rotate || k->final < a->final_count);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = i;
		if (turned && i >= a->final_first && i < final_end)
			at = a->final_first + (i - a->final_first + c->start % a->run_count) % a->run_count;
		CHECK(at < full->n_rr && message_rr_equal(&m->rr[i], &full->rr[at], !c->ttl_fixed),
		      "record or order");
		CHECK(!c->ttl_fixed || m->rr[i].ttl_s == c->ttl_s, "TTL not as asked");
		k->has[at] = true;
	}
	return NULL;
}

static bool same_set(const struct message_rr *x, const struct message_rr *y)
{
	return x->section == y->section && x->cls == y->cls &&
	       message_rr_covered(x) == message_rr_covered(y) && wire_name_equal(x->owner, y->owner);
}

/* A missing member of an RRset: then no RRSIG of it, and without TC nothing of it. */
static const char *check_cut_sets(const struct message *full, const struct kept *k, bool tc)
{
	for (unsigned i = 0; i < full->n_rr; i++) {
		if (k->has[i] || full->rr[i].type == TYPE_RRSIG)
			continue;
		for (unsigned j = 0; j < full->n_rr; j++) {
			if (!k->has[j] || !same_set(&full->rr[i], &full->rr[j]))
				continue;
			CHECK(full->rr[j].type != TYPE_RRSIG, "an RRSIG of a cut RRset");
			CHECK(tc, "an optional RRset is cut");
		}
	}
	return NULL;
}

static const char *check_opt(const struct wire_answer *a, const struct wire_client *c,
			     const struct message *m)
{
	uint16_t n;

	CHECK(m->has_opt == c->has_opt, "OPT");
	if (!c->has_opt)
		return NULL;
	CHECK(m->opt_size == c->udp_size, "OPT size");
	CHECK(m->opt_ttl == ((uint32_t)(a->rcode >> 4) << 24 | (c->do_bit ? 0x8000u : 0)), "OPT flags");
	CHECK(wire_options_valid(m->options, m->options_len), "options");
	CHECK(m->options_len <= c->options_len, "options grew");
	if (m->options_len < c->options_len && wire_option_find(m->options, m->options_len, OPTION_EDE, &n))
		CHECK(n <= 2, "options gave way before the text of EDE");
	return NULL;
}

/* What was left out did not fit: the next record or member of the run, or the next optional RRset with
 * its RRSIGs. */
static const char *check_enough(const struct wire_answer *a, const struct message *full,
				const struct wire_client *c, const struct message *m, const struct kept *k,
				struct wire_fit fit)
{
	size_t size = 0;

	if (m->n_rr == a->n_rr)
		return NULL;
	for (unsigned i = m->n_rr; i < a->n_rr; i++) {
		struct wire_rr rr = wire_answer_rr(a, i);
		if (i > m->n_rr && (m->n_rr < a->n_required || !same_set(&full->rr[m->n_rr], &full->rr[i])))
			break;
		size += (size_t)(rr.end - rr.off);
	}
	CHECK(fit.len + size > c->limit, "more would have fitted");
	/* With TC options stay only where the chain and one of the final RRset have their place. */
	CHECK(m->n_rr >= a->n_required || k->final || !a->final_count || !m->options_len,
	      "options instead of an address");
	return NULL;
}

static const char *check_message(const struct wire_answer *a, const struct message *full,
				 const struct wire_client *c, const struct message *m, struct wire_fit fit,
				 struct kept *k)
{
	const char *wrong;
	unsigned missing = 0;

	CHECK(m->id == c->id && (m->flags & FLAG_QR), "id or QR");
	CHECK(m->question_len == a->question_len, "question length");
	CHECK(!memcmp(m->question, c->question ? c->question : full->question, a->question_len),
	      "question bytes");
	CHECK(m->n_rr == fit.n_rr && !(m->flags & FLAG_TC) == !fit.tc, "wire_fit");
	if ((wrong = check_order(a, full, c, m, k)) || (wrong = check_opt(a, c, m)))
		return wrong;
	for (unsigned i = 0; i < a->n_required; i++)
		missing += !k->has[i];
	CHECK(fit.tc == (missing || a->truncated), "TC");
	CHECK(!k->later || k->final == a->final_count, "records after a cut RRset");
	if ((wrong = check_cut_sets(full, k, fit.tc)))
		return wrong;
	return check_enough(a, full, c, m, k, fit);
}

const char *answer_check_written(const struct wire_answer *a, const struct message *full,
				 const struct wire_client *c, const uint8_t *out, struct wire_fit fit)
{
	CHECK(fit.len <= c->limit, "longer than the limit");
	struct message *m = message_parse(out, fit.len);
	CHECK(m, "what was written does not parse");
	struct kept k = {.has = calloc(full->n_rr + 1u, sizeof *k.has)};
	const char *wrong = check_message(a, full, c, m, fit, &k);
	free(k.has);
	message_free(m);
	return wrong;
}
