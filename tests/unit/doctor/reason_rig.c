// SPDX-License-Identifier: Apache-2.0
#include "reason_rig.h"

#include "base/clock.h"
#include "doctor/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WALL_S = 1700000000, LINE_MAX_LEN = 160 };

static const char letters[] = "RSPQUVGHT";

static enum observed_kind kind_of(char letter)
{
	switch (letter) {
	case 'R':
	case 'T':
		return OBSERVED_RESOLVER;
	case 'S':
		return OBSERVED_SERVICE;
	case 'P':
	case 'Q':
		return OBSERVED_POD;
	case 'U':
	case 'V':
		return OBSERVED_UPSTREAM;
	default:
		return OBSERVED_GIVEN;
	}
}

const uint8_t *rig_name(struct observed_world *w, const char *text)
{
	const uint8_t *name = world_name_of(w, text);

	assert_non_null(name);
	return name;
}

void rig_init(struct observed_world *w, const char *servers)
{
	world_init(w, 2000);
	w->timeout_ms = 1000;
	w->type = TYPE_A;
	w->asked_text = "www.example.org";
	w->asked = rig_name(w, "www.example.org.");
	w->control = rig_name(w, "kubernetes.default.svc.cluster.local.");
	w->kube.domain = rig_name(w, "cluster.local.");
	w->in_cluster = true;
	w->resolv.timeout_s = 5;
	for (const char *s = servers; *s; s++) {
		unsigned host = (unsigned)(strchr(letters, *s) - letters) + 1;
		const struct net_addr a = {.v4 = {.sin_family = AF_INET,
						  .sin_addr.s_addr = htonl(0xc0000200 + host),
						  .sin_port = htons(53)}};
		char what[2] = {*s, 0};

		assert_int_equal(world_server(w, kind_of(*s), &a, what, NULL), s - servers);
	}
}

void rig_fini(struct observed_world *w)
{
	world_fini(w);
}

int rig_server(const struct observed_world *w, char letter)
{
	for (unsigned i = 0; i < w->n_servers; i++) {
		if (w->servers[i].label[0] == letter)
			return (int)i;
	}
	fail_msg("no server %c", letter);
	return -1;
}

/* ---------------------------------------------------------------- a line */

static const struct {
	const char *word;
	enum ask_way way;
} ways[] = {{"udp", WAY_UDP_PLAIN}, {"512", WAY_UDP_512}, {"1232", WAY_UDP_1232},
	    {"4096", WAY_UDP_4096}, {"tcp", WAY_TCP},     {"cookie", WAY_COOKIE}};

static void read_way(struct observation *o, char *word)
{
	char *plus = strchr(word, '+');

	if (plus)
		*plus++ = '\0';
	o->bits = (plus && strstr(plus, "do") ? ASK_DO : 0u) | (plus && strstr(plus, "cd") ? ASK_CD : 0u);
	for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
		if (strcmp(ways[i].word, word) == 0) {
			o->way = ways[i].way;
			return;
		}
	}
	fail_msg("no way %s", word);
}

static const struct {
	const char *word;
	enum ask_outcome outcome;
	unsigned rcode;
} results[] = {
	{"lost", OUTCOME_TIMEOUT, 0},
	{"hang", OUTCOME_TIMEOUT, 0},
	{"noroute", OUTCOME_NO_ROUTE, 0},
	{"unreach", OUTCOME_UNREACHABLE, 0},
	{"reject", OUTCOME_REFUSED_CONN, 0},
	{"unsent", OUTCOME_NOT_SENT, 0},
	{"question", OUTCOME_WRONG, 0},
	{"source", OUTCOME_WRONG, 0},
	{"bare", OUTCOME_ANSWERED, RCODE_NOERROR},
	{"nodata", OUTCOME_ANSWERED, RCODE_NOERROR},
	{"loop", OUTCOME_ANSWERED, RCODE_NOERROR},
	{"referral", OUTCOME_ANSWERED, RCODE_NOERROR},
	{"nx", OUTCOME_ANSWERED, RCODE_NXDOMAIN},
	{"servfail", OUTCOME_ANSWERED, RCODE_SERVFAIL},
	{"refused", OUTCOME_ANSWERED, RCODE_REFUSED},
	{"formerr", OUTCOME_ANSWERED, RCODE_FORMERR},
};

static void with_records(struct observation *o, unsigned n)
{
	o->outcome = OUTCOME_ANSWERED;
	o->reply.n_wanted = o->reply.n_address = (uint16_t)n;
	o->reply.n_cname = n > 1;
	o->reply.n_answer = (uint16_t)(n + o->reply.n_cname);
	o->reply.size = (uint16_t)(60 + 16 * n);
}

static void details(struct observation *o, const char *word)
{
	struct observed_reply *y = &o->reply;

	o->connected_ns = strcmp(word, "hang") == 0 ? 1 : 0;
	o->wrong = strcmp(word, "question") == 0 ? WRONG_QUESTION
		   : strcmp(word, "source") == 0 ? WRONG_SOURCE
						 : WRONG_NONE;
	y->n_cname = y->n_answer = strcmp(word, "bare") == 0 || strcmp(word, "loop") == 0;
	y->cname_loop = strcmp(word, "loop") == 0;
	y->n_ns = strcmp(word, "referral") == 0 ? 2 : 0;
	y->has_soa = strcmp(word, "nx") == 0 || strcmp(word, "nodata") == 0;
	y->flags = y->n_ns ? 0 : FLAG_RA;
	y->size = 60;
}

static void read_result(struct observation *o, const char *word)
{
	o->reply = (struct observed_reply){
		.ede = EDE_ABSENT, .min_ttl_s = 30, .flags = FLAG_RA, .question_matches = true};
	for (unsigned i = 0; i < ARRAY_LEN(results); i++) {
		if (strcmp(results[i].word, word))
			continue;
		o->outcome = results[i].outcome;
		o->reply.rcode = (uint16_t)results[i].rcode;
		details(o, word);
		return;
	}
	if (strncmp(word, "cut:", 4) == 0) {
		with_records(o, (unsigned)atoi(word + 4));
		o->reply.flags |= FLAG_TC;
		o->reply.n_cname = 1;
		return;
	}
	assert_true(*word >= '0' && *word <= '9');
	with_records(o, (unsigned)atoi(word));
}

static const struct {
	const char *word;
	unsigned tag;
} tags[] = {{"again", TAG_AGAIN},       {"later", TAG_LATER},         {"unique", TAG_UNIQUE},
	    {"new-edns", TAG_NEW_EDNS}, {"new-plain", TAG_NEW_PLAIN}, {"probe", TAG_RATE_PROBE},
	    {"low", TAG_RATE_LOW},      {"high", TAG_RATE_HIGH},      {"low-after", TAG_RATE_LOW_AFTER}};

static unsigned read_tag(const char *word)
{
	for (unsigned i = 0; i < ARRAY_LEN(tags); i++) {
		if (strcmp(tags[i].word, word) == 0)
			return tags[i].tag;
	}
	fail_msg("no tag %s", word);
	return 0;
}

static void read_option(struct observation *o, const char *word)
{
	if (strncmp(word, "tag=", 4) == 0)
		o->tag = read_tag(word + 4);
	else if (strncmp(word, "ttl=", 4) == 0)
		o->reply.min_ttl_s = o->reply.soa_ttl_s = (uint32_t)atoi(word + 4);
	else if (strncmp(word, "ede=", 4) == 0)
		o->reply.ede = atoi(word + 4);
	else if (strncmp(word, "took=", 5) == 0)
		o->done_ns = o->sent_ns + (uint64_t)atoi(word + 5) * NS_PER_MS;
	else
		fail_msg("no option %s", word);
}

static void read_name(struct observed_world *w, struct observation *o, char **words, unsigned *i)
{
	o->name = w->asked;
	o->role = NAME_ASKED;
	if (words[*i][0] != '@')
		return;
	if (strcmp(words[*i], "@control") == 0) {
		o->name = w->control;
		o->role = NAME_CONTROL;
	} else {
		o->name = rig_name(w, words[*i] + 1);
		o->role = NAME_EXTRA;
	}
	(*i)++;
}

static unsigned split(char *text, char *words[8])
{
	unsigned n = 0;

	for (char *s = strtok(text, " "); s && n < 8; s = strtok(NULL, " "))
		words[n++] = s;
	return n;
}

/* "R pair x10 half": pairs of which both, half or none come back. */
static void see_pairs(struct observed_world *w, char **words)
{
	static unsigned number;
	struct observation o = {
		.server = rig_server(w, words[0][0]), .name = w->asked, .cls = CLASS_IN, .tag = TAG_PAIR};

	for (int times = atoi(words[2] + 1); times > 0; times--) {
		o.pair = ++number;
		for (unsigned k = 0; k < 2; k++) {
			bool comes =
				strcmp(words[3], "both") == 0 || (strcmp(words[3], "half") == 0 && k == 0);

			o.type = k ? TYPE_AAAA : TYPE_A;
			read_result(&o, comes ? "1" : "lost");
			assert_true(world_observation(w, &o) >= 0);
		}
	}
}

void rig_see(struct observed_world *w, const char *line)
{
	struct observation o = {
		.cls = CLASS_IN, .wall_s = WALL_S, .sent_ns = NS_PER_S, .done_ns = NS_PER_S + NS_PER_MS};
	char text[LINE_MAX_LEN], *words[8];
	unsigned n, i = 1, times = 1;

	assert_true(strlen(line) < sizeof(text));
	strcpy(text, line);
	n = split(text, words);
	assert_true(n >= 4);
	if (strcmp(words[1], "pair") == 0) {
		see_pairs(w, words);
		return;
	}
	o.server = rig_server(w, words[0][0]);
	read_name(w, &o, words, &i);
	o.type = (uint16_t)wire_type_from_text(words[i++]);
	read_way(&o, words[i++]);
	if (words[i][0] == 'x')
		times = (unsigned)atoi(words[i++] + 1);
	read_result(&o, words[i++]);
	for (; i < n; i++)
		read_option(&o, words[i]);
	for (o.attempt = 0; o.attempt < times; o.attempt++)
		assert_true(world_observation(w, &o) >= 0);
}

/* ---------------------------------------------------------------- a case */

static void write_verdicts(const struct observed_world *w, const struct verdict_list *l, char *out,
			   size_t room)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < l->n && len < room; i++) {
		const struct verdict *v = &l->v[i];

		len += (size_t)snprintf(out + len, room - len, "%s%s:%s", i ? ", " : "",
					verdict_severity_text(v->severity), verdict_slug_text(v->slug));
		if (v->server >= 0 && len < room)
			len += (size_t)snprintf(out + len, room - len, "@%c", w->servers[v->server].label[0]);
	}
}

/* What holds for each verdict: a sentence, evidence that stands in the table, a remedy for what is no health. */
static void check_form(const struct observed_world *w, const struct verdict *v)
{
	assert_true(v->summary && *v->summary && v->summary[strlen(v->summary) - 1] != '.');
	assert_true(v->n_evidence <= VERDICT_EVIDENCE_MAX);
	assert_true(v->slug == VERDICT_HEALTHY || (v->remedy && *v->remedy));
	assert_true(v->severity != SEVERITY_FAULT || v->n_evidence);
	for (unsigned i = 0; i < v->n_evidence; i++) {
		assert_true(v->evidence[i].text && *v->evidence[i].text);
		for (unsigned k = 0; k < v->evidence[i].n_observations; k++)
			assert_true(v->evidence[i].observations[k] >= 0 &&
				    (unsigned)v->evidence[i].observations[k] < w->n_seen);
	}
}

bool rig_check(const struct reason_case *c)
{
	struct observed_world w;
	struct verdict_list l;
	char got[512];

	rig_init(&w, c->servers);
	if (c->prepare)
		c->prepare(&w);
	for (unsigned i = 0; i < ARRAY_LEN(c->seen) && c->seen[i]; i++)
		rig_see(&w, c->seen[i]);
	assert_int_equal(doctor_reason(&w, &l), 0);
	write_verdicts(&w, &l, got, sizeof(got));
	if (strcmp(got, c->verdicts)) {
		for (unsigned i = 0; i < l.n; i++) {
			print_error("  %s\n", l.v[i].summary);
			for (unsigned k = 0; k < l.v[i].n_evidence; k++)
				print_error("    - %s\n", l.v[i].evidence[k].text);
		}
		print_error("%s: %s, not %s\n", c->claim, got, c->verdicts);
	}
	for (unsigned i = 0; i < l.n; i++)
		check_form(&w, &l.v[i]);
	rig_fini(&w);
	return strcmp(got, c->verdicts) == 0;
}
