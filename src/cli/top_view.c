// SPDX-License-Identifier: Apache-2.0
#include "cli/top_view.h"

#include "base/compiler.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 1024, LISTS = 3 };

/* One picture. */
struct view {
	struct text *out;
	const cJSON *before, *now;
	unsigned rows_left, cols;
	char line[LINE_MAX_LEN]; /* the one that is being written */
	size_t len;
};

/* ---------------------------------------------------------------- lines */

/* Bytes that a terminal could take for more than a character are never shown. */
static void line_end(struct view *v)
{
	size_t width = 0;

	if (v->rows_left) {
		v->rows_left--;
		for (size_t i = 0; i < v->len && width < v->cols; i++) {
			char c = v->line[i];

			width += c != TOP_HEADING;
			text_put(v->out, "%c", (c >= ' ' && c <= '~') || c == TOP_HEADING ? c : '?');
		}
		text_add(v->out, "\n", 1);
	}
	v->len = 0;
}

static PRINTF(2, 3) void put(struct view *v, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(v->line + v->len, sizeof(v->line) - v->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		v->len += (size_t)n < sizeof(v->line) - v->len ? (size_t)n : sizeof(v->line) - v->len - 1;
}

static void heading(struct view *v, const char *text)
{
	put(v, "%c%s", TOP_HEADING, text);
	line_end(v);
}

/* "1,234,567" */
static const char *count_text(double n, char buf[32])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%.0f", n < 0 ? 0 : n);
	char *to = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buf;
}

static const char *rate_text(double n, char buf[32])
{
	if (n >= 100)
		return count_text(n, buf);
	(void)snprintf(buf, 32, n >= 10 ? "%.0f" : "%.1f", n < 0 ? 0 : n);
	return buf;
}

static const char *time_text(double s, char buf[32])
{
	if (s < 1e-3)
		(void)snprintf(buf, 32, "%.0f us", s * 1e6);
	else if (s < 1)
		(void)snprintf(buf, 32, s < 0.1 ? "%.1f ms" : "%.0f ms", s * 1e3);
	else
		(void)snprintf(buf, 32, "%.1f s", s);
	return buf;
}

static const char *age_text(double s, char buf[32])
{
	unsigned long long n = (unsigned long long)s;

	if (n >= 86400)
		(void)snprintf(buf, 32, "%llud %lluh", n / 86400, n / 3600 % 24);
	else if (n >= 3600)
		(void)snprintf(buf, 32, "%lluh %llum", n / 3600, n / 60 % 60);
	else
		(void)snprintf(buf, 32, "%llum %llus", n / 60, n % 60);
	return buf;
}

/* ---------------------------------------------------------------- the tree */

static const cJSON *at(const cJSON *o, const char *a, const char *b)
{
	o = cJSON_GetObjectItemCaseSensitive(o, a);
	return b ? cJSON_GetObjectItemCaseSensitive(o, b) : o;
}

/* 0 for what is not there. */
static double number(const cJSON *o, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(n) ? n->valuedouble : 0;
}

static const char *string(const cJSON *o, const char *name)
{
	const cJSON *s = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(s) ? s->valuestring : "";
}

static double part(double n, double of)
{
	return of > 0 ? n / of : 0;
}

/* Between the last picture and this one; 0: there was none. */
static double seconds_between(const struct view *v)
{
	return v->before ? number(at(v->now, "who", "total"), "seconds") - number(at(v->before, "who", "total"), "seconds") : 0;
}

static double grown(const cJSON *before, const cJSON *now, const char *name)
{
	return number(now, name) - number(before, name);
}

/* ---------------------------------------------------------------- the head */

static void put_rates(struct view *v)
{
	const cJSON *who = at(v->now, "who", NULL), *minute = at(v->now, "who", "minute");
	double passed = seconds_between(v), asked = grown(at(v->before, "who", NULL), who, "questions");
	char a[32], b[32], c[32];

	put(v, "questions/s  ");
	if (passed > 0)
		put(v, "%s now  ", rate_text(asked / passed, a));
	put(v, "%s in the last minute", rate_text(part(number(minute, "asked"), number(minute, "seconds")), b));
	put(v, "   %s in all, up %s", count_text(number(who, "questions"), a),
	    age_text(number(at(v->now, "who", "total"), "seconds"), c));
	if (number(who, "workers_missing") > 0)
		put(v, "   %.0f workers did not answer", number(who, "workers_missing"));
	line_end(v);
}

static int more_first(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	double d = (*y)->valuedouble - (*x)->valuedouble;

	return d > 0 ? 1 : d < 0 ? -1 : 0;
}

/* Members of an object of counts, the largest first, as parts of all. */
static void put_parts(struct view *v, const char *title, const char *name, bool with_rate)
{
	const cJSON *minute = at(v->now, "who", "minute"), *o = at(minute, name, NULL), *e;
	double all = number(minute, "questions"), rate = part(number(minute, "asked"), number(minute, "seconds"));
	const cJSON *sorted[64];
	size_t n = 0;
	char buf[32];

	cJSON_ArrayForEach(e, o) {
		if (n < ARRAY_LEN(sorted) && cJSON_IsNumber(e))
			sorted[n++] = e;
	}
	if (!n)
		return;
	put(v, "%-13s", title);
	qsort(sorted, n, sizeof(sorted[0]), more_first);
	for (size_t i = 0; i < n; i++) {
		put(v, "%s%s %.1f%%", i ? "  " : "", sorted[i]->string, 100 * part(sorted[i]->valuedouble, all));
		if (with_rate)
			put(v, " (%s/s)", rate_text(rate * part(sorted[i]->valuedouble, all), buf));
	}
	line_end(v);
}

static void put_delays(struct view *v)
{
	const cJSON *d = at(at(v->now, "who", "minute"), "seconds_to_answer", NULL);
	char a[32], b[32], c[32], e[32];

	put(v, "answered in  %s p50  %s p90  %s p99  %s max", time_text(number(d, "p50"), a), time_text(number(d, "p90"), b),
	    time_text(number(d, "p99"), c), time_text(number(d, "max"), e));
	line_end(v);
}

static void put_cache(struct view *v)
{
	const cJSON *c = at(v->now, "cache", NULL), *before = at(v->before, "cache", NULL);
	double requests = grown(before, c, "requests");
	char buf[32];

	if (number(c, "requests") <= 0 && number(c, "entries") <= 0)
		return;
	put(v, "cache        ");
	if (v->before && requests > 0)
		put(v, "hits %.1f%% now  ", 100 * part(grown(before, c, "hits"), requests));
	put(v, "hits %.1f%% in all  %s entries  %.1f MB", 100 * part(number(c, "hits"), number(c, "requests")),
	    count_text(number(c, "entries"), buf), number(c, "bytes") / 1e6);
	line_end(v);
}

static void put_trouble(struct view *v)
{
	static const char *const names[] = {"malformed", "refused", "shed", "deadline", "cut", "client_gone"};
	const cJSON *t = at(v->now, "trouble", NULL), *now = at(v->now, "now", NULL);
	const char *sep = "; since the start:";
	char buf[32];

	put(v, "now          %s waiting", count_text(number(now, "waiting"), buf));
	put(v, ", %s TCP connections", count_text(number(now, "tcp_connections"), buf));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (number(t, names[i]) <= 0)
			continue;
		put(v, "%s %s %s", sep, names[i], count_text(number(t, names[i]), buf));
		sep = ",";
	}
	line_end(v);
}

/* ---------------------------------------------------------------- tables */

static const cJSON *same_upstream(const struct view *v, const char *name)
{
	const cJSON *e;

	cJSON_ArrayForEach(e, at(v->before, "upstreams", NULL)) {
		if (strcmp(string(e, "upstream"), name) == 0)
			return e;
	}
	return NULL;
}

/* Rates and times of now where there was a picture before, else since the start. */
static void put_upstream(struct view *v, const cJSON *u)
{
	const cJSON *before = same_upstream(v, string(u, "upstream"));
	double answers = grown(before, u, "answers"), seconds = grown(before, u, "seconds");
	double span = before ? seconds_between(v) : number(at(v->now, "who", "total"), "seconds");
	char rate[32], time[32], failures[32], truncated[32];

	put(v, "%9s %10s %9.1f%% %9s %9s  %5.1f%%  %s", rate_text(part(answers, span), rate),
	    answers > 0 ? time_text(seconds / answers, time) : "-", 100 * part(grown(before, u, "servfail"), answers),
	    count_text(grown(before, u, "failures"), failures), count_text(grown(before, u, "truncated"), truncated),
	    100 * number(u, "loss"), string(u, "upstream"));
	line_end(v);
}

static void put_upstreams(struct view *v, unsigned rows)
{
	const cJSON *list = at(v->now, "upstreams", NULL), *e;

	if (!cJSON_GetArraySize(list))
		return;
	line_end(v);
	heading(v, "answers/s       time   servfail    failed truncated    loss  upstream");
	cJSON_ArrayForEach(e, list) {
		if (rows-- == 0)
			break;
		put_upstream(v, e);
	}
}

static void put_item(struct view *v, const cJSON *item, const char *what)
{
	static const char *const owners[] = {"pod", "service", "namespace"};
	const cJSON *minute = at(v->now, "who", "minute");
	double share = part(number(item, "at_least"), number(minute, "questions"));
	char buf[32];

	put(v, "%11s  %5.1f%%  %s", rate_text(share * part(number(minute, "asked"), number(minute, "seconds")), buf),
	    100 * share, string(item, what));
	for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
		if (*string(item, owners[i]))
			put(v, "  %s %s", owners[i], string(item, owners[i]));
	}
	line_end(v);
}

static void put_list(struct view *v, const char *title, const char *list, const char *what, unsigned rows)
{
	const cJSON *e;

	line_end(v);
	heading(v, title);
	cJSON_ArrayForEach(e, at(at(v->now, "who", "minute"), list, NULL)) {
		if (rows-- == 0)
			break;
		put_item(v, e, what);
	}
}

void top_view(struct text *out, const cJSON *before, const cJSON *now, unsigned rows, unsigned cols)
{
	struct view v = {.out = out, .before = before, .now = now, .rows_left = rows, .cols = cols};
	unsigned each;

	put_rates(&v);
	put_parts(&v, "transport", "transports", true);
	put_parts(&v, "codes", "rcodes", false);
	put_parts(&v, "answered by", "answered_by", false);
	put_delays(&v);
	put_cache(&v);
	put_trouble(&v);
	put_upstreams(&v, v.rows_left / 4);
	/* What is left is shared by the lists; each has a line above it and a heading. */
	each = v.rows_left > 2 * LISTS ? (v.rows_left - 2 * LISTS) / LISTS : 1;
	put_list(&v, "questions/s   share  name", "names", "name", each);
	put_list(&v, "questions/s   share  client", "clients", "client", each);
	put_list(&v, "questions/s   share  zone", "zones", "zone", each);
}
