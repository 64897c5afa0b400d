// SPDX-License-Identifier: Apache-2.0
/* What a template can ask for: .Name .Zone .Class .Type .Match .Group .Regex .Message .Question .Remote .Meta */
#include "base/compiler.h"
#include "plugin/template/template.h"
#include "server/metadata.h"
#include "wire/name.h"

#include <string.h>

static bool is(const char *name, size_t len, const char *what)
{
	return strlen(what) == len && !memcmp(name, what, len);
}

static struct gt_value text(const char *s)
{
	return gt_string(s, strlen(s));
}

/* ---------------------------------------------------------------- .Match and .Group */

/* A group that took no part is an empty text. */
static struct gt_value group_text(const struct template_data *d, unsigned group)
{
	size_t from = 0, to = 0;

	if (!d->pattern->pattern)
		return gt_string(d->name, group ? 0 : d->name_len);
	if (!pattern_group(d->match, group, &from, &to))
		return gt_string("", 0);
	return gt_string(d->name + from, to - from);
}

static void match_item(struct gt_run *run, const struct gt_value *self, size_t i, struct gt_value *ret_key,
		       struct gt_value *ret)
{
	*ret = group_text(run->host, (unsigned)i);
}

static bool group_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
			 struct gt_value *ret)
{
	const struct template_data *d = run->host;

	for (unsigned i = 0; i < d->pattern->n_groups; i++) {
		if (is(name, len, d->pattern->groups[i].name)) {
			*ret = group_text(d, d->pattern->groups[i].group);
			return true;
		}
	}
	return false;
}

static void group_item(struct gt_run *run, const struct gt_value *self, size_t i, struct gt_value *ret_key,
		       struct gt_value *ret)
{
	const struct template_data *d = run->host;

	*ret_key = text(d->pattern->groups[i].name);
	*ret = group_text(d, d->pattern->groups[i].group);
}

static const struct gt_class match_class = {.name = "Match", .item = match_item};
static const struct gt_class group_class = {.name = "Group", .member = group_member, .item = group_item};

/* ---------------------------------------------------------------- .Question */

static bool question_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
			    struct gt_value *ret)
{
	struct template_data *d = run->host;

	if (is(name, len, "Name")) {
		size_t n = wire_name_text(d->q->question, d->question_name);

		*ret = gt_string(d->question_name, n);
	} else if (is(name, len, "Qtype")) {
		*ret = gt_uint(d->q->in.qtype);
	} else if (is(name, len, "Qclass")) {
		*ret = gt_uint(d->q->in.qclass);
	} else {
		return false;
	}
	return true;
}

static const struct gt_class question_class = {.name = "Question", .member = question_member};

static void questions_item(struct gt_run *run, const struct gt_value *self, size_t i, struct gt_value *ret_key,
			   struct gt_value *ret)
{
	*ret = gt_object(&question_class, NULL);
}

static const struct gt_class questions_class = {.name = "Questions", .item = questions_item};

/* ---------------------------------------------------------------- .Message */

static bool opt_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		       struct gt_value *ret)
{
	const struct wire_query *in = &((struct template_data *)run->host)->q->in;

	if (is(name, len, "Do"))
		*ret = gt_bool(in->do_bit);
	else if (is(name, len, "UDPSize"))
		*ret = gt_uint(in->udp_size);
	else if (is(name, len, "Version"))
		*ret = gt_uint(in->edns_version);
	else
		return false;
	return true;
}

static const struct gt_class opt_class = {.name = "OPT", .member = opt_member};

static bool header_flag(uint16_t flags, const char *name, size_t len, bool *ret)
{
	static const struct {
		const char *name;
		uint16_t bit;
	} bits[] = {{"Response", FLAG_QR},	    {"Authoritative", FLAG_AA},	     {"Truncated", FLAG_TC},
		    {"RecursionDesired", FLAG_RD},  {"RecursionAvailable", FLAG_RA}, {"Zero", FLAG_Z},
		    {"AuthenticatedData", FLAG_AD}, {"CheckingDisabled", FLAG_CD}};

	for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
		if (is(name, len, bits[i].name)) {
			*ret = flags & bits[i].bit;
			return true;
		}
	}
	return false;
}

static bool message_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
			   struct gt_value *ret)
{
	const struct wire_query *in = &((struct template_data *)run->host)->q->in;
	bool flag;

	if (header_flag(in->flags, name, len, &flag))
		*ret = gt_bool(flag);
	else if (is(name, len, "Id"))
		*ret = gt_uint(in->id);
	else if (is(name, len, "Opcode"))
		*ret = gt_int((in->flags & FLAG_OPCODE) >> 11);
	else if (is(name, len, "Rcode"))
		*ret = gt_int(in->flags & FLAG_RCODE);
	else if (is(name, len, "Question"))
		*ret = gt_list(&questions_class, NULL, 1);
	else if (is(name, len, "IsEdns0"))
		*ret = in->has_opt ? gt_object(&opt_class, NULL) : (struct gt_value){.kind = GT_NIL};
	else
		return false;
	return true;
}

static const struct gt_class message_class = {.name = "Message", .member = message_member};

/* ---------------------------------------------------------------- dot */

/* Of a question for ANY the template's own class and type are shown. */
static struct gt_value class_text(struct template_data *d)
{
	uint16_t cls = d->q->in.qclass == CLASS_ANY ? d->t->qclass : d->q->in.qclass;

	return text(wire_class_text(cls, d->class_text));
}

static struct gt_value type_text(struct template_data *d)
{
	uint16_t type = d->q->in.qtype == TYPE_ANY ? d->t->qtype : d->q->in.qtype;

	return text(wire_type_text(type, d->type_text));
}

/* As long as the longest number of groups: .Match of ".*" is the name alone. */
static size_t n_matches(const struct template_data *d)
{
	return d->pattern->pattern ? pattern_groups(d->pattern->pattern) : 1;
}

static bool dot_member(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		       struct gt_value *ret)
{
	struct template_data *d = run->host;

	if (is(name, len, "Name"))
		*ret = gt_string(d->name, d->name_len);
	else if (is(name, len, "Group"))
		*ret = gt_map(&group_class, NULL, d->pattern->n_groups);
	else if (is(name, len, "Match"))
		*ret = gt_list(&match_class, NULL, n_matches(d));
	else if (is(name, len, "Zone"))
		*ret = text(d->zone->text);
	else if (is(name, len, "Class"))
		*ret = class_text(d);
	else if (is(name, len, "Type"))
		*ret = type_text(d);
	else if (is(name, len, "Remote"))
		*ret = text(net_addr_text(net_return_peer(&d->q->from), d->remote));
	else if (is(name, len, "Question"))
		*ret = gt_object(&question_class, NULL);
	else if (is(name, len, "Message"))
		*ret = gt_object(&message_class, NULL);
	else if (is(name, len, "Regex"))
		*ret = text(d->pattern->text);
	else
		return false;
	return true;
}

/* .Meta "label": an empty text where there is none. */
static int dot_method(struct gt_run *run, const struct gt_value *self, const char *name, size_t len,
		      const struct gt_value *args, unsigned n_args, struct gt_value *ret)
{
	const struct template_data *d = run->host;
	const char *found = NULL;

	if (!is(name, len, "Meta"))
		return 0;
	if (n_args != 1 || args->kind != GT_STRING)
		return gt_fail(run, ".Meta takes one argument, a label in quotes");
	for (const struct template_label *l = d->all->labels; l; l = l->next) {
		if (is(args->s, args->len, l->text))
			found = metadata_get(d->q, l->label);
	}
	*ret = text(found ? found : "");
	return 1;
}

static const struct gt_class dot_class = {.name = "the template's data", .member = dot_member, .method = dot_method};

struct gt_value template_dot(const struct template_data *d)
{
	return gt_object(&dot_class, d);
}
