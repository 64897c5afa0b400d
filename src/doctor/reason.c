// SPDX-License-Identifier: Apache-2.0
#include "doctor/reason.h"

/* In this order; the last sees what the others have said. */
static const struct reason_rule *const rules[] = {
	&reason_rule_service,  &reason_rule_pod,        &reason_rule_loop,         &reason_rule_edns,
	&reason_rule_large,    &reason_rule_tcp_client, &reason_rule_tcp_upstream, &reason_rule_rate,
	&reason_rule_parallel, &reason_rule_dnssec,     &reason_rule_lame,         &reason_rule_truncation,
	&reason_rule_external, &reason_rule_denied,     &reason_rule_aaaa,         &reason_rule_search,
	&reason_rule_rest,
};

/* Worst first; healthy stands before what is merely worth a note. */
static int weight(enum verdict_severity s)
{
	static const int of[] = {
		[SEVERITY_FAULT] = 3, [SEVERITY_UNKNOWN] = 2, [SEVERITY_OK] = 1, [SEVERITY_NOTE] = 0};

	return of[s];
}

/* Among equals the rules' order stays: who answers at all, then how, then what. */
static void rank(struct verdict_list *l)
{
	for (unsigned i = 1; i < l->n; i++) {
		struct verdict v = l->v[i];
		unsigned k = i;

		for (; k > 0 && weight(l->v[k - 1].severity) < weight(v.severity); k--)
			l->v[k] = l->v[k - 1];
		l->v[k] = v;
	}
}

int doctor_reason(const struct observed_world *w, struct verdict_list *ret)
{
	struct reason r = {.w = w, .out = ret};

	ret->n = 0;
	for (unsigned i = 0; i < ARRAY_LEN(rules); i++)
		rules[i]->judge(&r);
	rank(ret);
	return r.err;
}

int reason_more(const struct observed_world *w, unsigned round, struct wish_list *ret)
{
	struct reason r = {.w = w, .wishes = ret};

	(void)round; /* wishes are totals: the table says what is missing */
	ret->n = 0;
	for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i]->wish)
			rules[i]->wish(&r);
	}
	return r.err;
}
