// SPDX-License-Identifier: Apache-2.0
#include "capture/exchange.h"

bool exchange_has_address(const struct exchange *e)
{
	return e->answer && e->answer->n_address > 0;
}

static bool cname_answers(uint16_t qtype)
{
	return qtype == TYPE_CNAME || qtype == TYPE_ANY || qtype == TYPE_RRSIG;
}

bool exchange_cname_only(const struct exchange *e)
{
	const struct exchange_answer *a = e->answer;

	if (!a || (a->flags & FLAG_RCODE) != RCODE_NOERROR || !e->question_known || cname_answers(e->qtype))
		return false;
	return a->n_cname > 0 && a->n_cname == a->n_records[1];
}

bool exchange_nodata(const struct exchange *e)
{
	const struct exchange_answer *a = e->answer;

	if (!a || (a->flags & (FLAG_RCODE | FLAG_TC)) != 0 || a->n_cname != a->n_records[1])
		return false;
	return a->has_soa || (a->n_records[1] == 0 && !a->has_ns);
}

int64_t exchange_latency_ns(const struct exchange *e)
{
	if (!e->answer)
		return -1;
	int64_t took = e->answer->at.time_ns - e->asked.time_ns;
	return took > 0 ? took : 0;
}
