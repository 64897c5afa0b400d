// SPDX-License-Identifier: Apache-2.0
#include "cli/portable.h"

#include "world.h"

/* Any directive parses here, so that the portable check alone decides. */
static void check(struct world *w, const char *text)
{
	w->src.directives = NULL;
	world_parse(w, text);
	assert_int_equal(w->result, 0);
	portable_check(&w->cf, &w->errs);
}

static void test_portable_takes_what_platforms_ship(void **state)
{
	static const char *const v[] = {
		".:53 {\nerrors\nhealth {\nlameduck 5s\n}\nready\nkubernetes cluster.local in-addr.arpa "
		"ip6.arpa {\npods insecure\n"
		"fallthrough in-addr.arpa ip6.arpa\nttl 30\n}\nprometheus :9153\nforward . /etc/resolv.conf "
		"{\nmax_concurrent 1000\n}\n"
		"cache 30 {\ndisable success cluster.local\ndisable denial "
		"cluster.local\n}\nloop\nreload\nloadbalance\n}\n",
		".:53 {\nhosts /etc/coredns/NodeHosts {\nttl 60\nreload 15s\nfallthrough\n}\ncache "
		"30\nlog\n}\n",
		".:53 {\ntemplate ANY ANY internal.cloudapp.net {\nmatch "
		"\"^(?:[^.]+\\.){4,}internal\\.cloudapp\\.net\\.$\"\n"
		"rcode NXDOMAIN\nfallthrough\n}\ncache 3600 {\nsuccess 9984\ndenial 9984\nserve_stale 3600s "
		"verify\nservfail 0\n}\n"
		"nsid localdns\nbind 169.254.10.10\nready 169.254.10.10:8181\nwhoami\n}\n",
		"a:5353 {\nprometheus 127.0.0.1:9153\nforward . tls://192.0.2.1 {\ntls_servername "
		"a\ntls\npolicy sequential\n}\nerrors\n"
		"log . {\nclass denial error\n}\nbufsize 1232\ncache 900 {\ndenial 9984 "
		"30\n}\n}\nhostname.bind:5353 {\nchaos\n}\n",
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		check(w, v[i]);
		assert_string_equal(world_errors(w, false), "");
	}
}

/* Each is the inside of a server block. */
static void test_portable_takes_all_forms_of_options(void **state)
{
	static const char *const v[] = {
		"acl {\nALLOW NET 192.0.2.0/24\nblock type A\ndrop\n}",
		"tls cert key {\nclient_auth require\n}",
		"tls {\nacme a.example b.example\nemail x@example.org\n}",
		"tls cert key ca",
		"loadbalance weighted file {\nreload 5s\n}",
		"loadbalance {\nprefer 192.0.2.0/24\n}",
		"dnstap listen tcp://127.0.0.1:6000 full {\ntls cert key\n}",
		"dnstap /run/tap full 1 2 {\nidentity x\n}",
		"hosts {\n192.0.2.1 a.example\nwhatever this is\nfallthrough\nttl 5\n}",
		"rewrite name a.example b.example",
		"rewrite continue type ANY HINFO",
		"rewrite STOP {\nname exact a b\nanswer auto\n}",
		"rewrite edns0 local set 0xffee data",
		"rewrite ttl a 30",
		"rewrite rcode a NXDOMAIN NOERROR",
		"rewrite cname a b",
		"auto {\ndirectory /zones\n}",
		"auto {\ndirectory /zones db\\.(.*) {1}\n}",
		"timeouts {\nread 5\nidle 5s\n}",
		"header {\nRESPONSE set AA ra\n}",
		"transfer {\nto * 192.0.2.1\nsource 192.0.2.2\n}",
		"secondary {\ntransfer from 192.0.2.1 2001:db8::1 192.0.2.2:5353 [2001:db8::2]:53\n}",
		"on STARTUP true",
		"view v {\nexpr type() == 'A'\n}",
		"nomad {\nAddress http://127.0.0.1:4646\n}",
		"route53 a.:Z {\nrefresh 30\n}",
		"etcd {\nmin-lease-ttl 30\nmax-lease-ttl 1h\n}",
		"dnssec {\nkey file K\n}",
		"file db a b {\nreload 0\n}",
		"errors {\nconsolidate 5m \".*\" warning show_first\n}",
		"forward . 192.0.2.1 {\nhealth_check 5s no_rec domain a.\n"
		"failover servfail REFUSED\n}",
		"kubernetes a {\nignore empty_service\n}\nk8s_external b",
		"dns64 64:ff9b::/96",
		"prometheus [::1]:9153",
		"cache {\nprefetch 10 1m 10%\nserve_stale 1h IMMEDIATE 0 5s\nserve_stale_policy "
		"prefer_positive\n}",
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		check(w, arena_printf(&w->a, ". {\n%s\n}\n", v[i]));
		assert_string_equal(world_errors(w, false), "");
	}
}

static void test_portable_refuses_what_coredns_refuses(void **state)
{
	static const struct named_text v[] = {
		{"binnacle", "Corefile:2: directive \"binnacle\" is not known to CoreDNS 1.14.7; move it to "
			     "the file given by -extra"},
		{"forward . 192.0.2.1 {\ntc passthrough\n}",
		 "Corefile:3: option \"tc\" of \"forward\" is not known to CoreDNS 1.14.7; "
		 "move it to the file given by -extra"},
		{"forward . 192.0.2.1 {\npolicy fastest\n}",
		 "Corefile:3: \"fastest\" behind \"policy\" is not known to CoreDNS 1.14.7 "
		 "(it knows random|round_robin|sequential)"},
		{"forward .", "Corefile:2: \"forward\" takes 2 to 16 arguments in CoreDNS 1.14.7, found 1"},
		{"whoami me", "\"whoami\" takes no arguments in CoreDNS 1.14.7, found 1"},
		{"whoami {\n}", "\"whoami\" has no { block } in CoreDNS 1.14.7"},
		{"forward . 192.0.2.1 {\nmax_fails -1\n}",
		 "expects an integer without a sign behind \"max_fails\", found \"-1\""},
		{"forward . 192.0.2.1 {\nexpire 5\n}", "expects a duration behind \"expire\", found \"5\""},
		{"cache\ncache", "Corefile:3: CoreDNS 1.14.7 takes \"cache\" only once in a server block"},
		{"quic {\nmax_streams 1\nmax_streams 2\n}",
		 "Corefile:4: CoreDNS 1.14.7 takes \"max_streams\" only once in \"quic\""},
		{"transfer {\n}", "\"transfer\" without \"to\" is refused by CoreDNS 1.14.7"},
		{"timeouts", "\"timeouts\" without any option is refused"},
		{"tls", "\"tls\" without \"acme\" is refused"},
		{"tls cert", "\"tls\" takes 0 to 3 but not 1 arguments"},
		{"tls cert key {\nacme a\n}", "option \"acme\" of \"tls\" is not known"},
		{"tls {\nacme a\nclient_auth require\n}", "option \"client_auth\" of \"tls\" is not known"},
		{"loadbalance {\nreload 5s\n}", "option \"reload\" of \"loadbalance\" is not known"},
		{"hosts {\nfallthrough\nnot data\n}", "option \"not\" of \"hosts\" is not known"},
		{"rewrite", "\"rewrite\" without a rule is refused"},
		{"rewrite continue", "\"rewrite\" with a rule of one word is refused"},
		{"rewrite nam a b", "rule \"nam\" of \"rewrite\" is not known"},
		{"rewrite class IN", "\"class\" takes 2 arguments in CoreDNS 1.14.7, found 1"},
		{"k8s_external", "\"k8s_external\" without \"kubernetes\" in the same block is refused"},
		{"auto {\ndirectory /zones db\n}", "\"directory\" takes 1 to 3 but not 2 arguments"},
		{"health 8080", "expects [HOST]:PORT behind \"health\", found \"8080\""},
		{"health ::1:8080", "expects [HOST]:PORT"},
		{"template IN A {\nrcode nxdomain\n}", "expects the name of an rcode in capitals"},
		{"dns64 10.0.0.0", "expects a network in CIDR form"},
		{"forward . 192.0.2.1 {\nsource_address eth0\n}", "expects an IP address behind"},
		{"forward . 192.0.2.1 {\nresolver ns.example\n}", "expects an IP address, maybe with a port"},
		{"trace {\nclient_server maybe\n}", "expects true or false"},
		{"kubernetes a {\napiserver_qps fast\n}", "expects a decimal fraction"},
		{"timeouts {\nread soon\n}", "expects seconds or a duration"},
		{"template IN A {\nexpr true\n}", "option \"expr\" of \"template\" is not known"},
		{"log {\nclass error }",
		 "found \"}\" behind an option; CoreDNS takes it as an argument there"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		check(w, arena_printf(&w->a, ". {\n%s\n}\n", v[i].name));
		assert_contains(world_errors(w, false), v[i].text);
	}
}

static void test_portable_knows_every_directive_of_the_list(void **state)
{
	struct world *w = *state;
	FILE *f = fopen(PLUGIN_LIST, "r");
	char line[200];
	unsigned n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		bool ours = strstr(line, "-extra") != NULL;

		line[strcspn(line, " \n")] = 0;
		if (!*line || *line == '#')
			continue;
		n += !ours;
		check(w, arena_printf(&w->a, ". {\n%s\n}\n", line));
		if ((strstr(world_errors(w, false), "not known") != NULL) != ours)
			fail_msg("%s: %s", line, world_errors(w, false));
	}
	fclose(f);
	assert_int_equal(n, 60);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_portable_takes_what_platforms_ship),
		T(test_portable_takes_all_forms_of_options),
		T(test_portable_refuses_what_coredns_refuses),
		T(test_portable_knows_every_directive_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
