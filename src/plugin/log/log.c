// SPDX-License-Identifier: Apache-2.0
/* log: a line for each question.  No text is made here: a record of numbers goes to the writer thread. */
#include "plugin/log/log.h"

#include "base/clock.h"
#include "base/log.h"
#include "server/zone_list.h"
#include "server/generation.h"
#include "server/metadata.h"
#include "server/query.h"
#include "server/worker.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct log_query) <= LOG_RECORD_MAX, "a record fits the log's rings");

static int setup(struct setup *s, void *state)
{
	return log_rules_read(s, state);
}

/* Compiled formats outlive the configuration: made when it comes to serve, not when it is read. */
static int start(struct generation *gen, void *state)
{
	struct log_rules *rules = state;

	rules->type_label = metadata_label("log/type");
	rules->class_label = metadata_label("log/class");
	for (size_t i = 0; i < rules->n; i++) {
		rules->v[i].format = log_format_get(rules->v[i].format_text);
		if (!rules->v[i].format)
			return -ENOMEM;
	}
	return 0;
}

static const struct log_rule *find_rule(const struct log_rules *rules, const struct query *q)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (zone_key_has(&rules->v[i].zone, &q->in))
			return &rules->v[i];
	}
	return NULL;
}

static uint8_t opcode_of(const struct query *q)
{
	return (uint8_t)((q->in.flags & FLAG_OPCODE) >> 11);
}

static enum response_type type_of(const struct query *q, const struct wire_answer *a)
{
	struct response_question rq = {
		.qname = q->in.qname,
		.qtype = q->in.qtype,
		.opcode = opcode_of(q),
		.do_bit = q->in.do_bit,
	};

	return response_type(&rq, a, rq.do_bit ? clock_wall_ns() / NS_PER_S : 0);
}

/* What a client's OPT says, `bufsize` taken into account; 65535 on streams. */
static uint16_t bufsize_of(const struct query *q)
{
	uint16_t size = q->in.has_opt && q->in.udp_size > WIRE_UDP_MIN ? q->in.udp_size : WIRE_UDP_MIN;

	if (q->from.stream)
		return WIRE_MSG_MAX;
	return size < q->udp_cap ? size : q->udp_cap;
}

static void fill(struct log_query *r, const struct query *q, const struct wire_answer *a)
{
	/* Read anew: the loop's time is that of the batch, which for most questions is when they came. */
	r->duration_ns = clock_mono_ns() - q->arrived_ns;
	r->peer = *net_return_peer(&q->from);
	r->local = *net_return_local(&q->from);
	r->id = q->in.id;
	r->qtype = q->in.qtype;
	r->qclass = q->in.qclass;
	r->bufsize = bufsize_of(q);
	r->request_len = q->request_len;
	r->opcode = opcode_of(q);
	r->do_bit = q->in.do_bit;
	r->stream = q->from.stream;
	r->answered = a != NULL;
	r->rcode = q->reply.rcode;
	r->flags = a ? (uint16_t)(reply_flags(q) | (a->truncated ? FLAG_TC : 0)) : 0;
	r->answer_len = a ? a->msg_len : 0;
	r->name_len = q->in.qname_len;
	memcpy(r->name, q->in.qname, q->in.qname_len);
}

/* The values of the format's labels behind the name; returns the record's length. */
static size_t add_values(struct log_query_record *r, struct query *q)
{
	size_t at = offsetof(struct log_query, name) + r->query.name_len, n;
	struct metadata_label *const *labels = log_format_labels(r->query.format, &n);

	for (size_t i = 0; i < n && at < sizeof(r->bytes); i++) {
		const char *text = metadata_get(q, labels[i]);
		size_t room = sizeof(r->bytes) - at - 1, len = text ? strnlen(text, METADATA_TEXT_MAX) : 0;

		if (len > room)
			len = room;
		r->bytes[at++] = text ? (uint8_t)(len + 1) : 0;
		memcpy(r->bytes + at, text ? text : "", len);
		at += len;
	}
	return at;
}

size_t log_query_fill(struct log_query_record *r, const struct log_format *f, struct query *q)
{
	r->query.format = f;
	fill(&r->query, q, q->dropped ? NULL : reply_wire(q));
	return add_values(r, q);
}

/* What the answer is, as metadata. */
static void leave_labels(const struct log_rules *rules, struct query *q, const struct wire_answer *a)
{
	enum response_type t;

	if (likely(!metadata_wanted(q, rules->type_label) && !metadata_wanted(q, rules->class_label)))
		return;
	t = type_of(q, a);
	metadata_set(q, rules->type_label, response_type_text(t));
	metadata_set(q, rules->class_label, response_class_text(response_class(t)));
}

static enum step reply(const void *state, struct query *q, void *scratch)
{
	const struct log_rule *rule = find_rule(state, q);
	struct log_query_record r;
	const struct wire_answer *a;
	size_t len;

	if (!rule)
		return STEP_NEXT;
	a = q->dropped ? NULL : reply_wire(q);
	if (rule->classes != LOG_ALL_CLASSES && !(rule->classes & 1 << response_class(type_of(q, a))))
		return STEP_NEXT;
	leave_labels(state, q, a);
	len = log_query_fill(&r, rule->format, q);
	if (rule->json)
		r.query.wall_ns = clock_wall_ns();
	log_record(rule->json ? log_query_json : log_query_format, &r, len);
	return STEP_NEXT;
}

const struct plugin plugin_log = {
	.name = "log",
	.state_size = sizeof(struct log_rules),
	.setup = setup,
	.start = start,
	.reply = reply,
};
