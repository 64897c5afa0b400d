// SPDX-License-Identifier: Apache-2.0
/* wire/plain.h makes the very blocks that the builder makes of the same records. */
#include "fixture.h"
#include "wire/name.h"
#include "wire/plain.h"

#include <string.h>

static void assert_same_block(const struct wire_answer *a, const struct wire_answer *b)
{
	const char *wrong = answer_check_block(a);

	if (wrong)
		fail_msg("%s", wrong);
	assert_int_equal(a->msg_len, b->msg_len);
	assert_memory_equal(wire_answer_msg(a), wire_answer_msg(b), a->msg_len);
	assert_memory_equal(a->ttl_off, b->ttl_off, a->n_rr * sizeof(a->ttl_off[0]));
	/* All members but the holes between them. */
	assert_memory_equal(a, b, offsetof(struct wire_answer, truncated));
	assert_int_equal(a->truncated, b->truncated);
	assert_int_equal(a->min_ttl_s, b->min_ttl_s);
	assert_int_equal(a->soa_min_s, b->soa_min_s);
	assert_int_equal(a->ede, b->ede);
	assert_int_equal(a->ede_text_len, 0);
}

static void addresses_are_as_built(struct fixture *f, const char *name, unsigned size, unsigned n)
{
	uint8_t q[WIRE_NAME_MAX + 4], addrs[300 * 16];
	uint16_t type = size == 4 ? TYPE_A : TYPE_AAAA;
	unsigned len = question_of(name, type, q);

	for (unsigned i = 0; i < n * size; i++)
		addrs[i] = (uint8_t)(i * 7 + i / 251);
	wire_build_begin(f->b, q, (uint16_t)len, FLAG_AA);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, q, type, CLASS_IN, 30, addrs + i * size,
					       (uint16_t)size), 0);
	assert_same_block(wire_plain_addresses(&f->arena, q, (uint16_t)len, FLAG_AA, 30, addrs, size, n), end(f));
}

static void test_addresses_are_as_the_builder_makes_them(void **state)
{
	addresses_are_as_built(*state, "web.shop.svc.cluster.local.", 4, 1);
	addresses_are_as_built(*state, "web.shop.svc.cluster.local.", 4, 300);
	addresses_are_as_built(*state, "web.shop.svc.cluster.local.", 16, 1);
	addresses_are_as_built(*state, "a.", 16, 40);
}

static void denial_is_as_built(struct fixture *f, const char *name, const char *zone, unsigned rcode)
{
	static const uint8_t mname[] = "\2ns\3dns", rname[] = "\12hostmaster";
	struct wire_plain_soa soa = {
		.mname = mname, .mname_len = sizeof(mname) - 1, .rname = rname, .rname_len = sizeof(rname) - 1,
		.ttl_s = 5, .serial = 1795623932, .refresh_s = 7200, .retry_s = 1800, .expire_s = 86400, .minimum_s = 30,
	};
	uint8_t q[WIRE_NAME_MAX + 4];
	unsigned len = question_of(name, TYPE_A, q);
	uint8_t z[WIRE_NAME_MAX];
	unsigned zone_len = (unsigned)wire_name_from_text(zone, z);
	uint8_t rdata[2 * WIRE_NAME_MAX + 20], *p = rdata;

	for (int i = 0; i < 2; i++) {
		memcpy(p, i ? rname : mname, i ? soa.rname_len : soa.mname_len);
		p += i ? soa.rname_len : soa.mname_len;
		wire_name_lower(p, z, zone_len);
		p += zone_len;
	}
	for (int i = 0; i < 5; i++)
		wire_put_u32(p + 4 * i, (const uint32_t[]){1795623932, 7200, 1800, 86400, 30}[i]);
	wire_build_begin(f->b, q, (uint16_t)len, FLAG_AA);
	assert_int_equal(wire_build_rr(f->b, SECTION_AUTHORITY, true, z, TYPE_SOA, CLASS_IN, 5, rdata,
				       (uint16_t)(p + 20 - rdata)), 0);
	assert_same_block(wire_plain_denial(&f->arena, q, (uint16_t)len, FLAG_AA, rcode, len - 4 - zone_len, &soa),
			  wire_build_end(f->b, &f->arena, rcode));
}

static void test_denials_are_as_the_builder_makes_them(void **state)
{
	denial_is_as_built(*state, "nope.shop.svc.cluster.local.", "cluster.local.", RCODE_NXDOMAIN);
	denial_is_as_built(*state, "cluster.local.", "cluster.local.", RCODE_NOERROR);
	denial_is_as_built(*state, "NOPE.Cluster.LOCAL.", "Cluster.LOCAL.", RCODE_SERVFAIL);
}

static void test_a_denial_in_the_root_zone_is_well_formed(void **state)
{
	struct fixture *f = *state;
	static const uint8_t mname[] = "\2ns\3dns", rname[] = "\12hostmaster";
	struct wire_plain_soa soa = {.mname = mname, .mname_len = 7, .rname = rname, .rname_len = 11, .ttl_s = 1};
	uint8_t q[WIRE_NAME_MAX + 4];
	unsigned len = question_of("x.svc.", TYPE_A, q);
	const struct wire_answer *a = wire_plain_denial(&f->arena, q, (uint16_t)len, 0, RCODE_NXDOMAIN, len - 5, &soa);

	assert_null(answer_check_block(a));
	assert_int_equal(a->n_section[SECTION_AUTHORITY], 1);
}

static void test_more_addresses_than_a_message_holds_are_cut(void **state)
{
	struct fixture *f = *state;
	uint8_t q[WIRE_NAME_MAX + 4];
	unsigned len = question_of("huge.default.svc.cluster.local.", TYPE_A, q), n = 5000;
	uint8_t *addrs = arena_zalloc(&f->arena, n * 4);
	const struct wire_answer *a = wire_plain_addresses(&f->arena, q, (uint16_t)len, 0, 5, addrs, 4, n);

	assert_null(answer_check_block(a));
	assert_true(a->truncated);
	assert_int_equal(a->n_rr, (65535 - 12 - len) / 16);
}

/* Targets and addresses; the question's name is "a.svc.local." in another letter case. */
static const char *const target_names[] = {"a.svc.local.", "h1.a.svc.local.", "h2.a.svc.local."};

static void srv_at(struct fixture *f, struct wire_plain_srvs *s, unsigned target, uint16_t port)
{
	uint8_t *name = arena_alloc(&f->arena, WIRE_NAME_MAX);
	unsigned len = (unsigned)wire_name_from_text(target_names[target], name);

	s->srv[s->n++] = (struct wire_plain_srv){name, (uint8_t)(len - s->rest_len), port};
}

static void address_of(struct wire_plain_srvs *s, unsigned srv, unsigned size)
{
	static const uint8_t addr[16] = {10, 0, 0, 1, 7};

	s->address[s->n_addresses++] = (struct wire_plain_target_address){addr, (uint8_t)size, (uint8_t)srv};
}

/* Without `rest` the targets end in the question's own bytes. */
static void services_are_as_built(struct fixture *f, struct wire_plain_srvs *s)
{
	uint8_t q[WIRE_NAME_MAX + 4], rdata[6 + WIRE_NAME_MAX];
	uint8_t target[WIRE_PLAIN_SRV_MAX][WIRE_NAME_MAX];
	unsigned len = question_of("A.svc.LOCAL.", TYPE_SRV, q), target_len;

	s->rest = s->rest ? s->rest : q;
	wire_build_begin(f->b, q, (uint16_t)len, FLAG_AA);
	for (unsigned i = 0; i < s->n; i++) {
		wire_put_u16(rdata, 0);
		wire_put_u16(rdata + 2, s->weight);
		wire_put_u16(rdata + 4, s->srv[i].port);
		target_len = s->srv[i].head_len + s->rest_len;
		memcpy(target[i], s->srv[i].head, s->srv[i].head_len);
		memcpy(target[i] + s->srv[i].head_len, s->rest, s->rest_len);
		memcpy(rdata + 6, target[i], target_len);
		assert_int_equal(wire_build_rr(f->b, SECTION_ANSWER, true, q, TYPE_SRV, CLASS_IN, s->ttl_s, rdata,
					       (uint16_t)(6 + target_len)), 0);
	}
	for (unsigned i = 0; i < s->n_addresses; i++) {
		const struct wire_plain_target_address *t = &s->address[i];

		assert_int_equal(wire_build_rr(f->b, SECTION_ADDITIONAL, false, target[t->srv],
					       t->size == 4 ? TYPE_A : TYPE_AAAA, CLASS_IN, s->address_ttl_s, t->addr,
					       t->size), 0);
	}
	assert_same_block(wire_plain_services(&f->arena, q, (uint16_t)len, FLAG_AA, s), end(f));
}

static void test_services_are_as_the_builder_makes_them(void **state)
{
	struct fixture *f = *state;
	static const uint8_t root[1], service[] = "\1a\3svc\5local";
	struct wire_plain_srvs one = {.ttl_s = 5, .address_ttl_s = 5, .weight = 100, .rest = root, .rest_len = sizeof(root)};
	struct wire_plain_srvs many = {.ttl_s = 30, .address_ttl_s = 5, .weight = 6, .rest = service, .rest_len = sizeof(service)};
	struct wire_plain_srvs own = {.ttl_s = 5, .address_ttl_s = 5, .weight = 50, .rest_len = sizeof(service)};

	srv_at(f, &one, 0, 80);
	services_are_as_built(f, &one); /* without an address */
	address_of(&one, 0, 4);
	services_are_as_built(f, &one);
	address_of(&one, 0, 16);
	srv_at(f, &one, 0, 443);
	services_are_as_built(f, &one);

	for (unsigned i = 0; i < WIRE_PLAIN_SRV_MAX; i++)
		srv_at(f, &many, i % 3, (uint16_t)(i + 1));
	for (unsigned i = 0; i < WIRE_PLAIN_SRV_MAX; i++)
		address_of(&many, i % 3, i % 2 ? 4 : 16);
	services_are_as_built(f, &many);

	srv_at(f, &own, 0, 80);
	srv_at(f, &own, 1, 80);
	address_of(&own, 0, 4);
	address_of(&own, 1, 16);
	services_are_as_built(f, &own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_addresses_are_as_the_builder_makes_them),
		T(test_denials_are_as_the_builder_makes_them),
		T(test_a_denial_in_the_root_zone_is_well_formed),
		T(test_services_are_as_the_builder_makes_them),
		T(test_more_addresses_than_a_message_holds_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
