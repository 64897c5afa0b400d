// SPDX-License-Identifier: Apache-2.0
#include "packets.h"

#include "wire/name.h"

#include <netinet/in.h>
#include <string.h>

static const struct dns question = {
	.id = 7, .flags = FLAG_RD, .qtype = TYPE_A, .name = "www.Example.org.", .edns = 1232};
static const struct way v4 = {4, 1, 53, 40000, 53, 0}, v6 = {6, 1, 53, 40000, 53, 0};

static struct decoded d;

/* An IP packet with a question in UDP. */
static void put_question(struct bytes *ip, const struct way *w)
{
	static struct bytes dns, udp;

	dns.n = udp.n = 0;
	put_dns(&dns, &question);
	put_udp(&udp, w, &dns);
	put_ip(ip, w, IPPROTO_UDP, (struct ip_extra){0}, udp.p, udp.n);
}

static void assert_question(const struct capture_message *m)
{
	char text[WIRE_NAME_TEXT_MAX];

	assert_int_equal(m->id, 7);
	assert_int_equal(m->read, CAPTURE_WHOLE);
	assert_true(m->question_known);
	wire_name_text(m->name, text);
	assert_string_equal(text, "www.example.org.");
	assert_int_equal(m->qtype, TYPE_A);
	assert_int_equal(m->udp_size, 1232);
	assert_int_equal(m->src.port, 40000);
	assert_int_equal(m->dst.port, 53);
}

static void link_header(struct bytes *b, int link_type, int family, bool tagged)
{
	unsigned type = family == 4 ? 0x0800 : 0x86dd;

	switch (link_type) {
	case LINK_ETHERNET:
		for (int i = 0; i < 12; i++)
			put8(b, 2);
		if (tagged) {
			put16(b, 0x88a8);
			put16(b, 5);
			put16(b, 0x8100);
			put16(b, 6);
		}
		put16(b, type);
		break;
	case LINK_COOKED:
		for (int i = 0; i < 14; i++)
			put8(b, 0);
		put16(b, type);
		break;
	case LINK_COOKED_2:
		put16(b, type);
		put16(b, 0);
		put32(b, 9);
		for (int i = 0; i < 12; i++)
			put8(b, 0);
		break;
	case LINK_NULL:
	case LINK_LOOP:
		put32(b, family == 4 ? 2 : 30);
		break;
	default:
		break;
	}
}

static void test_every_link_type_is_read(void **state)
{
	static const int types[] = {LINK_ETHERNET, LINK_COOKED, LINK_COOKED_2,
				    LINK_NULL,     LINK_LOOP,   LINK_RAW};
	static struct bytes b;

	decoded_start(&d);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (int tagged = 0; tagged <= (types[i] == LINK_ETHERNET); tagged++) {
			for (int six = 0; six < 2; six++) {
				b.n = 0;
				d.n = 0;
				link_header(&b, types[i], six ? 6 : 4, tagged);
				put_question(&b, six ? &v6 : &v4);
				for (int pad = 0; pad < 7; pad++)
					put8(&b, 0xee); /* short Ethernet frames are padded */
				decoded_frame(&d, types[i], &b, 0);
				assert_int_equal(d.n, 1);
				assert_question(&d.m[0]);
				assert_int_equal(d.m[0].ifindex, types[i] == LINK_COOKED_2 ? 9 : 0);
			}
		}
	}
	decoded_end(&d);
}

static void test_what_is_no_dns_is_counted_not_shown(void **state)
{
	static struct bytes b;
	const struct way other = {4, 1, 53, 40000, 123, 0};

	decoded_start(&d);
	put_question(&b, &other);
	decoded_ip(&d, &b, 0);
	b.p[9] = 1; /* ICMP */
	decoded_ip(&d, &b, 0);
	b.p[0] = 0x15;
	decoded_ip(&d, &b, 0);
	b.n = 0;
	put8(&b, 2);
	link_header(&b, LINK_ETHERNET, 4, false);
	b.p[12] = 8;
	b.p[13] = 6; /* ARP */
	decoded_frame(&d, LINK_ETHERNET, &b, 0);
	assert_int_equal(d.n, 0);
	assert_int_equal(capture_decoder_counts(d.d)->other_port, 1);
	assert_int_equal(capture_decoder_counts(d.d)->other_protocol, 1);
	assert_int_equal(capture_decoder_counts(d.d)->broken, 1);
	assert_int_equal(capture_decoder_counts(d.d)->not_ip, 1);
	decoded_end(&d);
}

/* An answer with a CNAME and `n` addresses, as IP payload (UDP header first). */
static void put_answer(struct bytes *udp, const struct way *w, unsigned n)
{
	static struct bytes dns;
	struct dns a = question;

	a.flags |= FLAG_QR;
	a.cname = "n60.example.net.";
	a.n_answer = n;
	dns.n = 0;
	put_dns(&dns, &a);
	put_udp(udp, w, &dns);
}

static void add_fragment(const struct way *w, const struct bytes *udp, size_t from, size_t to,
			 size_t captured)
{
	static struct bytes ip;

	ip.n = 0;
	put_ip(&ip, w, IPPROTO_UDP, (struct ip_extra){77, from, to < udp->n}, udp->p + from, to - from);
	decoded_ip(&d, &ip, captured);
}

static void test_fragments_are_put_together_in_any_order(void **state)
{
	static struct bytes udp;

	for (int six = 0; six < 2; six++) {
		const struct way back = {six ? 6 : 4, 53, 1, 53, 40000, 0};

		udp.n = 0;
		put_answer(&udp, &back, 200);
		decoded_start(&d);
		add_fragment(&back, &udp, 2960, udp.n, 0);
		add_fragment(&back, &udp, 0, 1480, 0);
		add_fragment(&back, &udp, 0, 1480, 0); /* on another interface */
		assert_int_equal(d.n, 0);
		add_fragment(&back, &udp, 1480, 2960, 0);
		assert_int_equal(d.n, 1);
		assert_int_equal(d.m[0].n_address, 200);
		assert_int_equal(d.m[0].n_cname, 1);
		assert_int_equal(d.m[0].n_fragments, 3);
		assert_int_equal(d.m[0].read, CAPTURE_WHOLE);
		add_fragment(&back, &udp, 1480, 2960, 0); /* nor does this begin anything */
		capture_decoder_finish(d.d);
		assert_int_equal(d.n, 1);
		assert_int_equal(capture_decoder_fragments(d.d)->lost, 0);
		decoded_end(&d);
	}
}

static void test_a_lost_fragment_leaves_the_beginning(void **state)
{
	static struct bytes udp, other;
	const struct way back = {4, 53, 1, 53, 40000, 0};

	put_answer(&udp, &back, 200);
	decoded_start(&d);
	add_fragment(&back, &udp, 0, 1480, 0);
	d.now_ns += 6000000000;
	put_question(&other, &v4);
	decoded_ip(&d, &other, 0); /* time goes on */
	assert_int_equal(d.n, 2);
	assert_true(d.m[0].fragment_lost);
	assert_int_equal(d.m[0].read, CAPTURE_CUT);
	assert_int_equal(d.m[0].n_cname, 1);
	assert_true(d.m[0].n_address > 80 && !d.m[0].answer_known);
	assert_question(&d.m[1]);
	decoded_end(&d);
}

static void test_fragments_out_of_bounds_are_dropped(void **state)
{
	static struct bytes ip, udp;
	const struct way back = {4, 53, 1, 53, 40000, 0};

	put_answer(&udp, &back, 200);
	decoded_start(&d);
	put_ip(&ip, &back, IPPROTO_UDP, (struct ip_extra){77, 65528, true}, udp.p, 1480);
	decoded_ip(&d, &ip, 0);
	ip.n = 0;
	put_ip(&ip, &back, IPPROTO_UDP, (struct ip_extra){77, 0, true}, udp.p,
	       1479); /* not a multiple of 8 */
	decoded_ip(&d, &ip, 0);
	capture_decoder_finish(d.d);
	assert_int_equal(d.n, 0);
	assert_int_equal(capture_decoder_fragments(d.d)->fragments, 0);
	decoded_end(&d);
}

static void test_a_snap_length_leaves_what_is_there(void **state)
{
	static struct bytes ip, udp;
	const struct way back = {4, 53, 1, 53, 40000, 0};

	put_answer(&udp, &back, 20);
	put_ip(&ip, &back, IPPROTO_UDP, (struct ip_extra){0}, udp.p, udp.n);
	decoded_start(&d);
	decoded_ip(&d, &ip, 82); /* -s 96 on Ethernet */
	assert_int_equal(d.n, 1);
	assert_int_equal(d.m[0].read, CAPTURE_CUT);
	assert_int_equal(d.m[0].n_records[1], 21);
	assert_true(d.m[0].question_known);
	assert_int_equal(d.m[0].n_cname, 1);
	assert_int_equal(d.m[0].len, udp.n - 8);
	assert_int_equal(d.m[0].captured, 54);
	decoded_ip(&d, &ip, 46);
	assert_true(d.m[1].name_cut);
	assert_int_equal(d.m[1].name_len, 6);
	assert_memory_equal(d.m[1].name, "\003www\007e", 6);
	decoded_ip(&d, &ip, 39); /* not even a header */
	assert_int_equal(d.n, 2);
	assert_int_equal(capture_decoder_counts(d.d)->too_short, 1);
	decoded_end(&d);
}

static void test_broken_messages_are_told_apart_from_cut_ones(void **state)
{
	static struct bytes ip, udp;
	const struct way back = {4, 53, 1, 53, 40000, 0};

	put_answer(&udp, &back, 3);
	udp.n -= 5;
	udp.p[5] = (uint8_t)udp.n;
	put_ip(&ip, &back, IPPROTO_UDP, (struct ip_extra){0}, udp.p, udp.n);
	decoded_start(&d);
	decoded_ip(&d, &ip, 0);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.m[0].read, CAPTURE_BROKEN);
	decoded_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_link_type_is_read),
		cmocka_unit_test(test_what_is_no_dns_is_counted_not_shown),
		cmocka_unit_test(test_fragments_are_put_together_in_any_order),
		cmocka_unit_test(test_a_lost_fragment_leaves_the_beginning),
		cmocka_unit_test(test_fragments_out_of_bounds_are_dropped),
		cmocka_unit_test(test_a_snap_length_leaves_what_is_there),
		cmocka_unit_test(test_broken_messages_are_told_apart_from_cut_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
