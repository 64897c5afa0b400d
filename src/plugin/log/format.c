// SPDX-License-Identifier: Apache-2.0
/* Formats: text with place holders -> pieces, once; pieces and a record -> a line, in the writer thread.
 *
 * Compiled formats are kept in one list for the process: records of an old configuration may still be
 * queued when it has gone, and reloads bring the same formats again. */
#include "plugin/log/log.h"

#include "base/clock.h"
#include "server/metadata.h"
#include "wire/name.h"

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char log_format_common[] =
	"{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" "
	"{rcode} {>rflags} {rsize} {duration}";
const char log_format_combined[] =
	"{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" "
	"{rcode} {>rflags} {rsize} {duration} \"{>opcode}\"";

enum { LABEL_MAX = 256 };

/* ---------------------------------------------------------------- one line */

/* What is put together; what does not fit is left out. */
struct line {
	char *out;
	size_t len, cap;
	const uint8_t *value, *values_end; /* of the next label */
};

static void put(struct line *l, const char *text, size_t len)
{
	if (len > l->cap - l->len)
		len = l->cap - l->len;
	memcpy(l->out + l->len, text, len);
	l->len += len;
}

static void put_text(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

static void put_number(struct line *l, unsigned n)
{
	char buf[16];

	put(l, buf, (size_t)snprintf(buf, sizeof(buf), "%u", n));
}

static void put_address(struct line *l, const struct net_addr *a)
{
	char text[NET_ADDR_TEXT_MAX];
	bool v6 = net_addr_family(a) == 2;

	net_addr_text(a, text);
	if (v6)
		put(l, "[", 1);
	put_text(l, text);
	if (v6)
		put(l, "]", 1);
}

static void field_type(struct line *l, const struct log_query *r)
{
	char buf[16];

	put_text(l, wire_type_text(r->qtype, buf));
}

static void field_class(struct line *l, const struct log_query *r)
{
	char buf[16];

	put_text(l, wire_class_text(r->qclass, buf));
}

static void field_name(struct line *l, const struct log_query *r)
{
	char text[WIRE_NAME_TEXT_MAX];

	put(l, text, wire_name_text(r->name, text));
}

static void field_proto(struct line *l, const struct log_query *r)
{
	put_text(l, r->stream ? "tcp" : "udp");
}

static void field_size(struct line *l, const struct log_query *r)
{
	put_number(l, r->request_len);
}

static void field_remote(struct line *l, const struct log_query *r)
{
	put_address(l, &r->peer);
}

static void field_local(struct line *l, const struct log_query *r)
{
	put_address(l, &r->local);
}

static void field_port(struct line *l, const struct log_query *r)
{
	put_number(l, net_addr_port(&r->peer));
}

static void field_id(struct line *l, const struct log_query *r)
{
	put_number(l, r->id);
}

static void field_opcode(struct line *l, const struct log_query *r)
{
	put_number(l, r->opcode);
}

static void field_do(struct line *l, const struct log_query *r)
{
	put_text(l, r->do_bit ? "true" : "false");
}

static void field_bufsize(struct line *l, const struct log_query *r)
{
	put_number(l, r->bufsize);
}

static void field_rcode(struct line *l, const struct log_query *r)
{
	char buf[16];

	put_text(l, r->answered ? wire_rcode_text(r->rcode, buf) : "-");
}

static void field_rsize(struct line *l, const struct log_query *r)
{
	put_number(l, r->answer_len);
}

/* Seconds, without zeros at the end. */
static void field_duration(struct line *l, const struct log_query *r)
{
	char buf[40];
	unsigned long long ns = r->duration_ns;
	int len = snprintf(buf, sizeof(buf), "%llu.%09llu", ns / NS_PER_S, ns % NS_PER_S);

	while (buf[len - 1] == '0')
		len--;
	if (buf[len - 1] == '.')
		len--;
	put(l, buf, (size_t)len);
	put(l, "s", 1);
}

const char *log_flags_text(uint16_t set, char out[LOG_FLAGS_TEXT_MAX])
{
	static const struct {
		uint16_t flag;
		const char *text;
	} flags[] = {{FLAG_QR, "qr"}, {FLAG_AA, "aa"}, {FLAG_TC, "tc"}, {FLAG_RD, "rd"},
		     {FLAG_RA, "ra"}, {FLAG_Z, "z"},   {FLAG_AD, "ad"}, {FLAG_CD, "cd"}};
	char *end = out;

	*out = '\0';
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!(set & flags[i].flag))
			continue;
		if (end > out)
			*end++ = ',';
		end = stpcpy(end, flags[i].text);
	}
	return out;
}

static void field_rflags(struct line *l, const struct log_query *r)
{
	char text[LOG_FLAGS_TEXT_MAX];

	put_text(l, r->answered ? log_flags_text(r->flags, text) : "-");
}

/* A value may have come from outside: it shall not begin a line of its own. */
static void put_harmless(struct line *l, const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = (char)text[i];

		put(l, text[i] < ' ' || text[i] == 127 ? "?" : &c, 1);
	}
}

static void field_label(struct line *l, const struct log_query *r)
{
	size_t len = l->value < l->values_end ? *l->value++ : 0;

	if (len)
		put_harmless(l, l->value, len - 1);
	else
		put(l, "-", 1);
	l->value += len ? len - 1 : 0;
}

/* ---------------------------------------------------------------- formats */

typedef void (*field_fn)(struct line *l, const struct log_query *r);

static const struct {
	const char *name;
	field_fn put;
} fields[] = {
	{"{type}", field_type},         {"{class}", field_class},    {"{name}", field_name},
	{"{proto}", field_proto},       {"{size}", field_size},      {"{remote}", field_remote},
	{"{local}", field_local},       {"{port}", field_port},      {"{>id}", field_id},
	{"{>opcode}", field_opcode},    {"{>do}", field_do},         {"{>bufsize}", field_bufsize},
	{"{rcode}", field_rcode},       {"{>rflags}", field_rflags}, {"{rsize}", field_rsize},
	{"{duration}", field_duration},
};

struct piece {
	field_fn put; /* NULL: text as it stands */
	const char *text;
	size_t len;
};

struct log_format {
	struct log_format *next;
	char *text;
	struct metadata_label **labels;
	size_t n, n_labels;
	struct piece pieces[];
};

static field_fn find_field(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strlen(fields[i].name) == len && !memcmp(fields[i].name, text, len))
			return fields[i].put;
	}
	return len > 3 && len < LABEL_MAX && text[1] == '/' ? field_label : NULL;
}

/* The piece that starts at `text`: a place holder, or what stands before the next brace. */
static struct piece next_piece(const char *text)
{
	const char *end = *text == '{' ? strchr(text, '}') : NULL;
	field_fn fn = end ? find_field(text, (size_t)(end + 1 - text)) : NULL;

	if (fn)
		return (struct piece){fn, text, (size_t)(end + 1 - text)};
	return (struct piece){NULL, text, 1 + strcspn(text + 1, "{")};
}

/* "{/view/name}" -> its label. */
static bool add_label(struct log_format *f, const struct piece *p)
{
	char text[LABEL_MAX];

	memcpy(text, p->text + 2, p->len - 3);
	text[p->len - 3] = '\0';
	f->labels[f->n_labels] = metadata_want(text);
	return f->labels[f->n_labels++] != NULL;
}

static bool add_pieces(struct log_format *f)
{
	for (const char *p = f->text; *p; p += f->pieces[f->n++].len) {
		f->pieces[f->n] = next_piece(p);
		if (f->pieces[f->n].put == field_label && !add_label(f, &f->pieces[f->n]))
			return false;
	}
	return true;
}

static struct log_format *compile(const char *text)
{
	size_t len = strlen(text);
	struct log_format *f = calloc(1, sizeof(*f) + (len + 1) * sizeof(f->pieces[0]));

	if (!f)
		return NULL;
	f->text = strdup(text);
	f->labels = calloc(len + 1, sizeof(struct metadata_label *));
	if (f->text && f->labels && add_pieces(f))
		return f;
	free(f->text);
	free(f->labels);
	free(f);
	return NULL;
}

struct metadata_label *const *log_format_labels(const struct log_format *f, size_t *ret_n)
{
	*ret_n = f->n_labels;
	return f->labels;
}

const struct log_format *log_format_get(const char *text)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct log_format *all;
	struct log_format *f;

	pthread_mutex_lock(&lock);
	for (f = all; f && strcmp(f->text, text); f = f->next)
		;
	if (!f) {
		f = compile(text);
		if (f) {
			f->next = all;
			all = f;
		}
	}
	pthread_mutex_unlock(&lock);
	return f;
}

size_t log_query_format(const void *record, size_t len, char *out, size_t cap)
{
	struct log_query r;
	struct line l = {.out = out, .cap = cap, .values_end = (const uint8_t *)record + len};

	memcpy(&r, record, len < sizeof(r) ? len : sizeof(r)); /* queued records are not aligned for our use */
	l.value = (const uint8_t *)record + offsetof(struct log_query, name) + r.name_len;
	put_text(&l, "[INFO] ");
	for (size_t i = 0; i < r.format->n; i++) {
		const struct piece *p = &r.format->pieces[i];

		if (p->put)
			p->put(&l, &r);
		else
			put(&l, p->text, p->len);
	}
	return l.len;
}
