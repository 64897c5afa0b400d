// SPDX-License-Identifier: Apache-2.0
/* Bodies of lists and watches, from the fuzz corpus (written by fuzz/kube_seeds.py, which has an encoder
 * of its own), in pieces of every size. */
#include "fixture.h"

#include "base/err.h"
#include "kube/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *corpus;

struct seen {
	struct kube_store *store;
	char log[2000]; /* one word an event */
	char next[20];
	uint64_t version, bookmark;
	int error;
	bool initial_end;
};

static void note(struct seen *seen, const char *what, struct kube_str name)
{
	size_t at = strlen(seen->log);

	snprintf(seen->log + at, sizeof(seen->log) - at, "%s%s:%.*s", at ? " " : "", what, (int)name.len,
		 name.len ? name.s : "");
}

static int on_event(void *arg, const struct kube_event *e)
{
	static const char *const words[] = {"item",    "meta",     "added", "modified",
					    "deleted", "bookmark", "error"};
	struct seen *seen = arg;

	note(seen, words[e->type], e->object.name);
	if (e->type == KUBE_EVENT_LIST_META) {
		seen->version = e->version;
		snprintf(seen->next, sizeof(seen->next), "%.*s", (int)e->next.len,
			 e->next.len ? e->next.s : "");
	} else if (e->type == KUBE_EVENT_BOOKMARK) {
		seen->bookmark = e->version;
		seen->initial_end = e->initial_end;
	} else if (e->type == KUBE_EVENT_ERROR) {
		seen->error = e->status.code;
	} else if (e->type != KUBE_EVENT_DELETED) {
		(void)kube_store_apply(seen->store, &e->object, NOW_S);
	}
	return 0;
}

static size_t read_seed(const char *name, uint8_t *ret, size_t cap)
{
	char path[4096];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", corpus, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(ret, 1, cap, f);
	fclose(f);
	assert_in_range(len, 1, cap - 1);
	return len;
}

/* Feed a seed in pieces of `chunk` bytes; its first byte says what it is (fuzz_kube_stream.c). */
static int feed(struct seen *seen, const char *name, size_t chunk, size_t cut)
{
	static uint8_t data[8192];
	size_t len = read_seed(name, data, sizeof(data)) - cut;
	struct kube_stream s;
	int err = 0;

	memset(seen, 0, sizeof(*seen));
	seen->store = kube_store_new(KUBE_KEEP_POD_NAMES | KUBE_KEEP_ZONES | KUBE_KEEP_POD_META, 0);
	kube_stream_init(&s, (enum kube_kind)(data[0] >> 2 & 7), KUBE_KEEP_POD_META, on_event, seen);
	kube_stream_begin(&s, (enum kube_form)(data[0] & 3));
	for (size_t at = 1; at < len && !err; at += chunk)
		err = kube_stream_feed(&s, data + at, len - at < chunk ? len - at : chunk);
	if (!err)
		err = kube_stream_end(&s);
	kube_stream_fini(&s);
	return err;
}

static void expect_log(const char *name, const char *log)
{
	for (size_t chunk = 1; chunk < 1200; chunk += chunk < 40 ? 1 : 97) {
		struct seen seen;

		assert_int_equal(feed(&seen, name, chunk, 0), 0);
		assert_string_equal(seen.log, log);
		kube_store_free(seen.store);
	}
}

static void lists_give_their_version_and_each_item(void **state)
{
	expect_log("list-services", "meta: item:web item:db item:ext");
	expect_log("list-slices", "meta: item:db-1");
	expect_log("list-empty", "meta:");
	expect_log("json-list", "meta: item:web");
	expect_log("json-list-items-first", "item:web meta:");
	expect_log("json-list-null", "meta:");
}

static void watches_give_each_event(void **state)
{
	expect_log("watch-services", "added:web modified:db bookmark: deleted:web");
	expect_log("watch-unwrapped", "added:ext");
	expect_log("json-watch", "added:web bookmark: deleted:web");
	expect_log("json-watch-imports", "added:db");
}

static void the_end_of_a_streamed_list_is_seen(void **state)
{
	const char *const names[] = {"watch-services", "json-watch"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct seen seen;

		assert_int_equal(feed(&seen, names[i], 100, 0), 0);
		assert_true(seen.initial_end);
		assert_int_equal(seen.bookmark, 42);
		kube_store_free(seen.store);
	}
}

static void versions_and_continue_tokens_are_read(void **state)
{
	struct seen seen;

	assert_int_equal(feed(&seen, "list-services-bytes", 50, 0), 0);
	assert_int_equal(seen.version, 9);
	assert_string_equal(seen.next, "abc");
	kube_store_free(seen.store);
	assert_int_equal(feed(&seen, "json-list", 50, 0), 0);
	assert_int_equal(seen.version, 9);
	assert_string_equal(seen.next, "x");
	kube_store_free(seen.store);
}

static void expired_is_410_in_both_forms(void **state)
{
	const char *const names[] = {"watch-error", "json-watch-error"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct seen seen;

		assert_int_equal(feed(&seen, names[i], 1000, 0), 0);
		assert_int_equal(seen.error, 410);
		kube_store_free(seen.store);
	}
}

static void a_body_that_ends_early_is_noticed(void **state)
{
	const char *const names[] = {"list-services", "json-list"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (size_t cut = 1; cut < 30; cut++) {
			struct seen seen;
			int err = feed(&seen, names[i], 64, cut);

			/* What follows a complete list (two empty fields of the envelope) is not needed. */
			assert_true(err == ERR_TRUNCATED || (i == 0 && cut == 4 && err == 0) ||
				    (i == 0 && cut == 2 && err == 0));
			kube_store_free(seen.store);
		}
	}
}

static void a_service_is_read_the_same_from_both_forms(void **state)
{
	const char *const names[] = {"list-services", "json-list"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct seen seen;
		const struct kube_service *svc;
		struct kube_external_iter it;
		struct kube_external e;

		assert_int_equal(feed(&seen, names[i], 33, 0), 0);
		svc = kube_name_service(find_name(seen.store, "demo", "web"));
		assert_int_equal(svc->type, KUBE_CLUSTER_IP);
		assert_string_equal(addr_text(kube_service_ip4(svc), 4), "10.96.0.1");
		assert_string_equal(addr_text(kube_service_ip6(svc), 16), "fd00::1");
		assert_int_equal(svc->n_external, 3);
		it = kube_service_externals(svc);
		kube_external_next(&it, &e);
		kube_external_next(&it, &e);
		assert_string_equal(addr_text(e.addr, 4), "198.51.100.1");
		kube_external_next(&it, &e);
		assert_int_equal(e.host.len, strlen("lb.example.net"));
		kube_store_free(seen.store);
	}
}

static void slices_keep_ready_endpoints_with_their_texts(void **state)
{
	struct kube_endpoint_iter it;
	struct kube_endpoint e;
	struct kube_port_iter ports;
	struct kube_port p = {0};
	struct seen seen;

	assert_int_equal(feed(&seen, "list-slices", 10, 0), 0);
	const struct kube_slice *slice = kube_name_slices(find_name(seen.store, "demo", "db"));
	it = kube_slice_endpoints(slice);
	assert_true(kube_endpoint_next(&it, &e));
	assert_memory_equal(e.hostname.s, "db-0", 4);
	assert_memory_equal(e.pod.s, "p-0", 3);
	assert_memory_equal(e.zone.s, "z-a", 3);
	assert_true(kube_endpoint_next(&it, &e));
	assert_string_equal(addr_text(e.addr, e.addr_len), "10.0.0.2");
	assert_int_equal(e.hostname.len, 0);
	assert_true(kube_endpoint_next(&it, &e));
	assert_string_equal(addr_text(e.addr, e.addr_len), "fd00::2");
	assert_false(kube_endpoint_next(&it, &e));
	ports = kube_slice_ports(slice);
	assert_true(kube_port_next(&ports, &p) && p.port == 5432 && !p.pseudo);
	assert_true(kube_port_next(&ports, &p) && p.port == 65535 && p.pseudo);
	kube_store_free(seen.store);
}

static void pods_bring_labels_when_they_are_wanted(void **state)
{
	struct kube_str key, value;
	struct kube_label_iter it;
	struct seen seen;
	struct kube_addr a = addr("10.0.0.1");

	assert_int_equal(feed(&seen, "list-pods", 10, 0), 0);
	assert_int_equal(kube_store_count(seen.store, KUBE_POD), 1);
	struct kube_addr_iter at = kube_addr_find(seen.store, KUBE_BY_POD, a.bytes, a.len);
	const struct kube_pod *pod = kube_addr_next_pod(&at);
	assert_memory_equal(kube_pod_name(pod).s, "p-0", 3);
	it = kube_pod_labels(pod);
	assert_true(kube_label_next(&it, &key, &value));
	assert_memory_equal(key.s, "app", 3);
	assert_memory_equal(value.s, "db", 2);
	assert_false(kube_label_next(&it, &key, &value));
	kube_store_free(seen.store);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_give_their_version_and_each_item),
		cmocka_unit_test(watches_give_each_event),
		cmocka_unit_test(the_end_of_a_streamed_list_is_seen),
		cmocka_unit_test(versions_and_continue_tokens_are_read),
		cmocka_unit_test(expired_is_410_in_both_forms),
		cmocka_unit_test(a_body_that_ends_early_is_noticed),
		cmocka_unit_test(a_service_is_read_the_same_from_both_forms),
		cmocka_unit_test(slices_keep_ready_endpoints_with_their_texts),
		cmocka_unit_test(pods_bring_labels_when_they_are_wanted),
	};

	corpus = argc > 1 ? argv[1] : "fuzz/corpus/kube_stream";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
