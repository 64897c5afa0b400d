// SPDX-License-Identifier: Apache-2.0
/* print and printf. */
#include "plugin/template/gotmpl_format.h"

#include <string.h>

enum { WIDTH_MAX = 10000 };

struct printer {
	struct gt_text t;
	const char *at, *end;
	const struct gt_value *args;
	unsigned n, next; /* the argument that comes next */
	bool reordered;
};

static char here(const struct printer *p)
{
	return p->at < p->end ? *p->at : '\0';
}

static bool read_number(struct printer *p, int max, int *ret)
{
	bool any = false;

	for (*ret = 0; here(p) >= '0' && here(p) <= '9'; p->at++, any = true)
		*ret = *ret >= max ? max : *ret * 10 + (here(p) - '0');
	if (*ret > max)
		*ret = max;
	return any;
}

/* [n]: the argument that comes next. */
static void read_index(struct printer *p)
{
	const char *before = p->at;
	int n;

	if (here(p) != '[')
		return;
	p->at++;
	if (!read_number(p, GT_ARGS_MAX, &n) || here(p) != ']' || n < 1) {
		p->at = before;
		return;
	}
	p->at++;
	p->next = (unsigned)n - 1;
	p->reordered = true;
}

/* A number, or `*` for an argument. */
static bool read_size(struct printer *p, int max, int *ret)
{
	const struct gt_value *v;

	read_index(p);
	if (here(p) != '*')
		return read_number(p, max, ret);
	p->at++;
	v = p->next < p->n ? &p->args[p->next++] : NULL;
	if (!v || v->kind != GT_INT || v->i > max || v->i < -max)
		return false;
	*ret = (int)v->i;
	return true;
}

static void read_spec(struct printer *p, struct gt_spec *sp)
{
	for (; here(p) && strchr("-+# 0", here(p)); p->at++) {
		sp->minus |= here(p) == '-';
		sp->plus |= here(p) == '+';
		sp->sharp |= here(p) == '#';
		sp->space |= here(p) == ' ';
		sp->zero |= here(p) == '0';
	}
	sp->has_width = read_size(p, WIDTH_MAX, &sp->width);
	if (sp->has_width && sp->width < 0) {
		sp->minus = true;
		sp->width = -sp->width;
	}
	if (here(p) == '.') {
		p->at++;
		sp->has_prec = true;
		if (!read_size(p, GT_PREC_MAX, &sp->prec) || sp->prec < 0)
			sp->prec = 0;
	}
	sp->zero &= !sp->minus;
	read_index(p);
}

static void directive(struct printer *p)
{
	struct gt_spec sp = {0};
	char missing[] = "%!x(MISSING)";

	p->at++;
	read_spec(p, &sp);
	sp.verb = here(p);
	if (!sp.verb) {
		gt_text_puts(&p->t, "%!(NOVERB)");
		return;
	}
	p->at++;
	missing[2] = sp.verb;
	if (sp.verb == '%')
		gt_text_puts(&p->t, "%");
	else if (p->next >= p->n)
		gt_text_puts(&p->t, missing);
	else
		gt_format(&p->t, &sp, &p->args[p->next++]);
}

static void extra(struct printer *p)
{
	gt_text_puts(&p->t, "%!(EXTRA ");
	for (unsigned i = p->next; i < p->n; i++) {
		gt_text_puts(&p->t, i > p->next ? ", " : "");
		gt_text_puts(&p->t, p->args[i].kind == GT_NIL ? "<nil>" : gt_kind_text(&p->args[i]));
		if (p->args[i].kind == GT_NIL)
			continue;
		gt_text_puts(&p->t, "=");
		gt_text_value(&p->t, &p->args[i]);
	}
	gt_text_puts(&p->t, ")");
}

int gt_printf(struct gt_run *run, const struct gt_value *args, unsigned n, struct gt_value *ret)
{
	struct printer p = {.t = {.run = run}, .args = args + 1, .n = n - 1};

	if (args->kind != GT_STRING)
		return gt_fail(run, "printf's format must be a string, not a %s", gt_kind_text(args));
	p.at = args->s;
	p.end = args->s + args->len;
	while (p.at < p.end && !p.t.failed && gt_step(run)) {
		const char *to = memchr(p.at, '%', (size_t)(p.end - p.at));

		gt_text_add(&p.t, p.at, (size_t)((to ? to : p.end) - p.at));
		p.at = to ? to : p.end;
		if (to)
			directive(&p);
	}
	if (p.next < p.n && !p.reordered)
		extra(&p);
	return *run->error ? -1 : gt_text_end(&p.t, ret);
}

int gt_print(struct gt_run *run, const struct gt_value *args, unsigned n, bool line, struct gt_value *ret)
{
	static const struct gt_spec plain = {.verb = 'v'};
	struct gt_text t = {.run = run};

	for (unsigned i = 0; i < n; i++) {
		if (i && (line || (args[i].kind != GT_STRING && args[i - 1].kind != GT_STRING)))
			gt_text_puts(&t, " ");
		gt_format(&t, &plain, &args[i]);
	}
	gt_text_puts(&t, line ? "\n" : "");
	return *run->error ? -1 : gt_text_end(&t, ret);
}
