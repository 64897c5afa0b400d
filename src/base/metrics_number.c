// SPDX-License-Identifier: Apache-2.0
#include "base/metrics_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits (without the point) and the exponent of the first one. */
struct decimal {
	char digits[20];
	int n, exponent;
};

/* 17 significant digits always suffice for a double. */
static struct decimal shortest(double v)
{
	struct decimal d = {0};
	char buf[METRIC_NUMBER_MAX];

	for (int precision = 0; precision < 17; precision++) {
		snprintf(buf, sizeof(buf), "%.*e", precision, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	for (const char *p = buf; *p != 'e'; p++) {
		if (*p != '.')
			d.digits[d.n++] = *p;
	}
	d.exponent = atoi(strchr(buf, 'e') + 1);
	return d;
}

static void put_exponent(const struct decimal *d, char *out)
{
	snprintf(out, METRIC_NUMBER_MAX - 1, "%c%s%.*se%c%02d", d->digits[0], d->n > 1 ? "." : "", d->n - 1,
		 d->digits + 1, d->exponent < 0 ? '-' : '+', abs(d->exponent));
}

static void put_plain(const struct decimal *d, char *out)
{
	int point = d->exponent + 1;

	if (point <= 0) {
		snprintf(out, METRIC_NUMBER_MAX - 1, "0.%.*s%s", -point, "0000", d->digits);
		return;
	}
	for (int i = 0; i < point || i < d->n; i++) {
		if (i == point)
			*out++ = '.';
		*out++ = i < d->n ? d->digits[i] : '0';
	}
	*out = '\0';
}

void metric_number(double v, char out[METRIC_NUMBER_MAX])
{
	struct decimal d;

	if (isnan(v) || isinf(v) || v == 0) {
		snprintf(out, METRIC_NUMBER_MAX, "%s",
			 isnan(v) ? "NaN"
			 : v == 0 ? "0"
			 : v > 0  ? "+Inf"
				  : "-Inf");
		return;
	}
	if (v < 0)
		*out++ = '-';
	d = shortest(fabs(v));
	if (d.exponent < -4 || d.exponent >= 6)
		put_exponent(&d, out);
	else
		put_plain(&d, out);
}
