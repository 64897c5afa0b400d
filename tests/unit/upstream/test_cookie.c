// SPDX-License-Identifier: Apache-2.0
/* DNS cookies towards upstreams: RFC 7873 from the client's side. */
#include "rig.h"

static const uint8_t first_cookie[16] = "first cookie 16", second_cookie[8] = "second!";
static const uint8_t *server_cookie;
static size_t server_cookie_len;

/* The client's cookie as it was sent; NULL: none. */
static const uint8_t *cookie_of(const struct heard *q, size_t *ret_len)
{
	for (size_t at = 0; at + 4 <= q->options_len; at += 4u + wire_u16(q->options + at + 2)) {
		if (wire_u16(q->options + at) != OPTION_COOKIE)
			continue;
		*ret_len = wire_u16(q->options + at + 2);
		return q->options + at + 4;
	}
	return NULL;
}

/* An answer whose OPT has these bytes as its cookie. */
static void answer_cookie(struct heard *q, unsigned rcode, unsigned n, const uint8_t *cookie, size_t len)
{
	static const uint8_t a[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 1};
	uint8_t out[1024] = {0}, *p = out + WIRE_HEADER_LEN;

	wire_put_u16(out, q->id);
	wire_put_u16(out + 2, FLAG_QR | FLAG_RA | (q->flags & FLAG_RD) | (rcode & 15));
	wire_put_u16(out + 4, 1);
	wire_put_u16(out + 6, n);
	wire_put_u16(out + 10, 1);
	memcpy(p, q->name, q->name_len);
	p += q->name_len;
	wire_put_u16(p, q->type);
	wire_put_u16(p + 2, CLASS_IN);
	p += 4;
	for (unsigned i = 0; i < n; i++) {
		memcpy(p, a, sizeof(a));
		p += sizeof(a);
		p[-1] = (uint8_t)i;
	}
	wire_put_u16(p + 1, TYPE_OPT);
	wire_put_u16(p + 3, 1232);
	p[5] = (uint8_t)(rcode >> 4);
	wire_put_u16(p + 9, (unsigned)len + 4);
	wire_put_u16(p + 11, OPTION_COOKIE);
	wire_put_u16(p + 13, (unsigned)len);
	memcpy(p + 15, cookie, len);
	site_raw(q, out, (size_t)(p - out) + 15 + len);
}

/* With the right client cookie and the server's. */
static void answer_right(struct heard *q, unsigned rcode, unsigned n)
{
	uint8_t cookie[40];
	size_t len;
	const uint8_t *c = cookie_of(q, &len);

	assert_non_null(c);
	memcpy(cookie, c, 8);
	memcpy(cookie + 8, server_cookie, server_cookie_len);
	answer_cookie(q, rcode, n, cookie, 8 + server_cookie_len);
}

static void knows_cookies(struct heard *q)
{
	size_t len;

	if (cookie_of(q, &len))
		answer_right(q, 0, q->tcp ? 2 : 1);
	else
		site_answer(q, 0, 0, q->tcp ? 2 : 1);
}

static void begin(struct rig *r, struct site *up)
{
	server_cookie = first_cookie;
	server_cookie_len = sizeof(first_cookie);
	rig_begin(r, up, 1);
	r->config.cookies = COOKIES_ON;
	rig_start(r);
}

static size_t last_cookie_len(const struct site *up)
{
	size_t len = 0;

	return cookie_of(&up->last, &len) ? len : 0;
}

static void test_no_cookie_when_switched_off(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	(void)state;
	rig_begin(&r, &up, 1);
	r.config.cookies = COOKIES_OFF;
	rig_start(&r);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
		assert_int_equal(up.last.options_len, 0);
	}
	rig_end(&r);
}

/* By itself: not before EDNS has worked, and not beside a client's own options. */
static void test_cookies_begin_once_edns_works(void **state)
{
	static const uint8_t own[] = {0xfd, 0xe9, 0, 2, 0xaa, 0xbb};
	struct site up = {.address = "192.0.2.1", .script = knows_cookies};
	struct rig r;

	(void)state;
	server_cookie = first_cookie;
	server_cookie_len = sizeof(first_cookie);
	rig_begin(&r, &up, 1);
	rig_start(&r);
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.last.options_len, 0);
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(last_cookie_len(&up), 8);
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(last_cookie_len(&up), 8 + sizeof(first_cookie));
	r.options = own;
	r.options_len = sizeof(own);
	assert_int_equal(rig_get(&r, "example.org")->err, 0);
	assert_int_equal(up.last.options_len, sizeof(own));
	assert_memory_equal(up.last.options, own, sizeof(own));
	rig_end(&r);
}

static void drops_edns(struct heard *q)
{
	size_t len;

	assert_null(cookie_of(q, &len));
	if (!q->edns)
		site_answer_plain(q, 0, 0, 1);
}

/* An upstream that drops EDNS costs no time-out more than it would without cookies. */
static void test_no_cookie_where_edns_never_worked(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = drops_edns};
	struct rig r;

	(void)state;
	rig_begin(&r, &up, 1);
	rig_start(&r);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rig_get(&r, "example.org")->err, 0);
	rig_end(&r);
}

static void test_server_cookie_is_given_back(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = knows_cookies};
	static const uint8_t ecs[] = {0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2};
	struct rig r;
	uint8_t client[8];
	const uint8_t *c;
	size_t len;

	(void)state;
	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	c = cookie_of(&up.last, &len);
	assert_non_null(c);
	assert_int_equal(len, 8);
	memcpy(client, c, 8);
	r.options = ecs;
	r.options_len = sizeof(ecs);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_memory_equal(up.last.options, ecs, sizeof(ecs));
	c = cookie_of(&up.last, &len);
	assert_int_equal(len, 8 + sizeof(first_cookie));
	assert_memory_equal(c, client, 8);
	assert_memory_equal(c + 8, first_cookie, sizeof(first_cookie));
	server_cookie = second_cookie;
	server_cookie_len = sizeof(second_cookie);
	(void)rig_get(&r, "example.org");
	(void)rig_get(&r, "example.org");
	assert_int_equal(last_cookie_len(&up), 8 + sizeof(second_cookie));
	assert_int_equal(up.n_tcp, 0);
	rig_end(&r);
}

static void forger(struct heard *q)
{
	uint8_t wrong[24];
	size_t len;

	if (!q->tcp) {
		memcpy(wrong, cookie_of(q, &len), 8);
		memcpy(wrong + 8, first_cookie, 16);
		wrong[3] ^= 1;
		answer_cookie(q, 0, 9, wrong, sizeof(wrong));
		answer_cookie(q, 0, 9, wrong, 12); /* of no length that exists */
	}
	q->delay_ms = 30;
	answer_right(q, 0, 1);
}

static void test_wrong_client_cookie_is_forged(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = forger};
	struct rig r;
	const struct outcome *o;

	(void)state;
	begin(&r, &up);
	o = rig_get(&r, "example.org");
	assert_int_equal(o->n_answer, 1);
	assert_in_range(o->ms, 30, 35);
	assert_int_equal(rig_count(&r, 0, cookies[COOKIE_LABEL_FORGED]), 2);
	assert_int_equal(rig_count(&r, 0, mismatched), 2);
	rig_end(&r);
}

static bool silent_about_cookies;

static void forgets(struct heard *q)
{
	if (q->tcp ? silent_about_cookies : q->nth > 1)
		site_answer(q, 0, 0, q->tcp ? 2 : 1);
	else
		answer_right(q, 0, q->tcp ? 2 : 1);
}

static void test_missing_cookie_is_asked_for_over_tcp(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = forgets};
	struct rig r;

	(void)state;
	silent_about_cookies = false;
	begin(&r, &up);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(rig_get(&r, "example.org")->n_answer, 2);
		assert_int_equal(up.n_tcp, i);
	}
	assert_int_equal(rig_count(&r, 0, cookies[COOKIE_LABEL_MISSING]), 3);
	/* Over TCP nobody can forge: cookies have been switched off. */
	silent_about_cookies = true;
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 2);
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(up.n_tcp, 4);
	rig_end(&r);
}

static void knows_now_and_then(struct heard *q)
{
	if (!q->tcp && q->nth % 2)
		knows_cookies(q);
	else
		site_answer(q, 0, 0, 1);
}

/* Several servers behind one address: not each second question is to go over TCP for ever. */
static void test_upstream_that_keeps_forgetting_gets_no_cookies(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = knows_now_and_then};
	struct rig r;

	(void)state;
	begin(&r, &up);
	for (int i = 0; i < 12; i++)
		assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(up.n_tcp, 3);
	assert_int_equal(last_cookie_len(&up), 0);
	rig_end(&r);
}

static unsigned n_bad; /* BADCOOKIE so often */

static void wants_another(struct heard *q)
{
	size_t len;

	if (!cookie_of(q, &len)) {
		site_answer(q, 0, 0, 3);
	} else if (n_bad) {
		n_bad--;
		answer_right(q, RCODE_BADCOOKIE, 0);
	} else {
		answer_right(q, 0, q->tcp ? 2 : 1);
	}
}

static void test_badcookie_is_asked_again_with_the_new_one(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = wants_another};
	struct rig r;

	(void)state;
	begin(&r, &up);
	n_bad = 1;
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(up.n_udp, 2);
	assert_int_equal(last_cookie_len(&up), 24);
	n_bad = 2;
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 2);
	assert_int_equal(up.n_tcp, 1);
	n_bad = 100; /* whatever it wants: not for ever */
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 3);
	assert_int_equal(100 - n_bad, 3);
	assert_int_equal(rig_count(&r, 0, cookies[COOKIE_LABEL_BAD]), 6);
	rig_end(&r);
}

static void formerr(struct heard *q)
{
	size_t len;

	if (cookie_of(q, &len))
		site_answer_plain(q, RCODE_FORMERR, 0, 0);
	else
		site_answer(q, 0, 0, 1);
}

static void test_upstream_that_refuses_cookies_is_asked_without(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = formerr};
	struct rig r;

	(void)state;
	begin(&r, &up);
	for (unsigned i = 0; i < 10; i++) {
		const struct outcome *o = rig_get(&r, "example.org");

		assert_int_equal(o->n_answer, 1);
		assert_false(o->without_edns); /* EDNS is not to blame */
		assert_in_range(o->ms, 0, 5);
	}
	assert_int_equal(up.n_udp, 10 + 3); /* remembered after three */
	door_pass_ms(r.loop, 3600000);
	(void)rig_get(&r, "example.org");
	assert_int_equal(up.n_udp, 10 + 3 + 2); /* for an hour */
	rig_end(&r);
}

static void silent(struct heard *q)
{
	size_t len;

	if (!cookie_of(q, &len))
		site_answer(q, 0, 0, 1);
}

static void test_upstream_that_drops_cookies_is_asked_without(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = silent};
	struct rig r;

	(void)state;
	begin(&r, &up);
	r.set->c.max_fails = 0;
	for (unsigned i = 0; i < 3; i++)
		(void)rig_get(&r, "example.org");
	assert_in_range(rig_get(&r, "example.org")->ms, 0, 5);
	assert_int_equal(last_cookie_len(&up), 0);
	assert_true(up.last.edns);
	rig_end(&r);
}

static void test_upstream_without_cookies_is_left_in_peace(void **state)
{
	struct site up = {.address = "192.0.2.1"};
	struct rig r;

	(void)state;
	begin(&r, &up);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
		assert_int_equal(last_cookie_len(&up), 8);
	}
	assert_int_equal(rig_get(&r, "example.org")->n_answer, 1);
	assert_int_equal(last_cookie_len(&up), 0);
	assert_int_equal(up.n_udp, 9);
	assert_int_equal(up.n_tcp, 0);
	rig_end(&r);
}

static void slowly(struct heard *q)
{
	q->delay_ms = 200;
	answer_right(q, 0, 1);
}

static void test_client_cookie_is_renewed_and_the_last_one_still_known(void **state)
{
	struct site up = {.address = "192.0.2.1", .script = knows_cookies};
	struct rig r;
	uint8_t client[8];
	size_t len;

	(void)state;
	begin(&r, &up);
	(void)rig_get(&r, "example.org");
	memcpy(client, cookie_of(&up.last, &len), 8);
	door_pass_ms(r.loop, 3599990);
	up.script = slowly;
	(void)rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 50);
	assert_memory_equal(cookie_of(&up.last, &len), client, 8);
	(void)rig_ask(&r, "example.org");
	door_pass_ms(r.loop, 10);
	assert_memory_not_equal(cookie_of(&up.last, &len), client, 8);
	assert_int_equal(len, 8);
	rig_wait(&r);
	assert_int_equal(r.out[1].n_answer, 1);
	assert_in_range(r.out[1].ms, 200, 205);
	assert_int_equal(rig_count(&r, 0, cookies[COOKIE_LABEL_FORGED]), 0);
	rig_end(&r);
}

static void test_upstreams_get_different_cookies(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1"}, {.address = "192.0.2.2"}};
	struct rig r;
	size_t len;

	(void)state;
	rig_begin(&r, up, 2);
	r.config.cookies = COOKIES_ON;
	r.config.policy = POLICY_ROUND_ROBIN;
	rig_start(&r);
	(void)rig_get(&r, "example.org");
	(void)rig_get(&r, "example.org");
	assert_memory_not_equal(cookie_of(&up[0].last, &len), cookie_of(&up[1].last, &len), 8);
	rig_end(&r);
}

static void silent_then_cookies(struct heard *q)
{
	if (q->site->n_udp > 4)
		q->delay_ms = 400;
	knows_cookies(q);
}

static void test_hedge_has_the_cookie_of_its_upstream(void **state)
{
	struct site up[2] = {{.address = "192.0.2.1", .script = silent_then_cookies},
			     {.address = "192.0.2.2", .script = knows_cookies}};
	struct rig r;
	size_t len;

	(void)state;
	server_cookie = first_cookie;
	server_cookie_len = sizeof(first_cookie);
	rig_begin(&r, up, 2);
	r.config.cookies = COOKIES_ON;
	rig_start(&r);
	for (unsigned i = 0; i < 4; i++)
		(void)rig_get(&r, "example.org");
	assert_string_equal(rig_get(&r, "example.org")->upstream, "192.0.2.2:53");
	assert_memory_not_equal(cookie_of(&up[0].last, &len), cookie_of(&up[1].last, &len), 8);
	assert_int_equal(last_cookie_len(&up[1]), 8);
	door_pass_ms(r.loop, 1000);
	assert_int_equal(rig_count(&r, 0, cookies[COOKIE_LABEL_FORGED]), 0);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_cookie_when_switched_off),
		cmocka_unit_test(test_cookies_begin_once_edns_works),
		cmocka_unit_test(test_no_cookie_where_edns_never_worked),
		cmocka_unit_test(test_upstream_that_keeps_forgetting_gets_no_cookies),
		cmocka_unit_test(test_server_cookie_is_given_back),
		cmocka_unit_test(test_wrong_client_cookie_is_forged),
		cmocka_unit_test(test_missing_cookie_is_asked_for_over_tcp),
		cmocka_unit_test(test_badcookie_is_asked_again_with_the_new_one),
		cmocka_unit_test(test_upstream_that_refuses_cookies_is_asked_without),
		cmocka_unit_test(test_upstream_that_drops_cookies_is_asked_without),
		cmocka_unit_test(test_upstream_without_cookies_is_left_in_peace),
		cmocka_unit_test(test_client_cookie_is_renewed_and_the_last_one_still_known),
		cmocka_unit_test(test_upstreams_get_different_cookies),
		cmocka_unit_test(test_hedge_has_the_cookie_of_its_upstream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
