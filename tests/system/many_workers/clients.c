// SPDX-License-Identifier: Apache-2.0
/* Clients that stay connected, and perhaps one that asks far more than the others.
 *   clients ADDRESS PORT CONNECTIONS RATE SECONDS NAMES HOG_RATE
 * RATE questions a second in all, one connection after the other, for A of n1.NAMES-SUFFIX .. (NAMES is COUNT:SUFFIX); HOG_RATE a
 * second more on a connection of its own.  Prints what the others saw, then what the hog saw:
 *   open N sent N answered N noerror N slowest_ms N median_ms N closed N hog_sent N hog_answered N behind_ms N */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IN_MAX = 70000, OUT_MAX = 1 << 20, TAIL_MS = 3000, IDS = 65536, BUCKETS = 10000 };

struct conn {
	int fd;
	uint16_t next_id;
	size_t n_in, n_out;
	uint8_t *in, *out;
	uint64_t *asked_ns; /* by id; of the others one slot: they have few in flight */
};

static struct conn *conns;
static unsigned n_conns, names_count, closed_conns;
static const char *suffix;
static int loop;
static uint64_t sent, answered, noerror, slowest_ns, hog_sent, hog_answered, histogram[BUCKETS];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *room(size_t n)
{
	void *p = calloc(1, n);

	if (!p)
		exit(2);
	return p;
}

static void dial(struct conn *c, const struct sockaddr_in *to, unsigned i, size_t out_max)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)to, sizeof(*to)) ||
	    epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &e)) {
		perror("connect");
		exit(2);
	}
	c->in = room(i == n_conns ? IN_MAX : 8192);
	c->out = room(out_max);
	c->asked_ns = room((i == n_conns ? IDS : 256) * sizeof(uint64_t));
}

static size_t put_question(uint8_t *p, uint16_t id, unsigned n)
{
	char text[256];
	size_t at = 14;

	snprintf(text, sizeof(text), "n%u.%s", n, suffix);
	memset(p, 0, 14);
	p[2] = (uint8_t)(id >> 8), p[3] = (uint8_t)id, p[4] = 1, p[7] = 1;
	for (const char *s = text; *s;) {
		size_t len = strcspn(s, ".");

		p[at++] = (uint8_t)len;
		memcpy(p + at, s, len);
		at += len;
		s += len + (s[len] == '.');
	}
	memcpy(p + at, "\0\0\1\0\1", 5);
	at += 5;
	p[0] = (uint8_t)((at - 2) >> 8), p[1] = (uint8_t)(at - 2);
	return at;
}

static void flush_out(struct conn *c)
{
	while (c->n_out && c->fd >= 0) {
		ssize_t n = send(c->fd, c->out, c->n_out, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n <= 0)
			return;
		c->n_out -= (size_t)n;
		memmove(c->out, c->out + n, c->n_out);
	}
}

static void ask(struct conn *c, unsigned n, unsigned ids, size_t out_max, uint64_t *count)
{
	if (c->fd < 0 || c->n_out + 300 > out_max)
		return;
	c->asked_ns[c->next_id % ids] = now_ns();
	c->n_out += put_question(c->out + c->n_out, c->next_id, n);
	c->next_id++;
	++*count;
}

static void got(struct conn *c, const uint8_t *msg, bool hog)
{
	uint64_t *at = &c->asked_ns[(unsigned)(msg[0] << 8 | msg[1]) % (hog ? IDS : 256)], took;

	if (!*at)
		return;
	took = now_ns() - *at;
	*at = 0;
	if (hog) {
		hog_answered++;
		return;
	}
	answered++;
	noerror += (msg[3] & 15) == 0;
	slowest_ns = took > slowest_ns ? took : slowest_ns;
	histogram[took / 1000000 < BUCKETS ? took / 1000000 : BUCKETS - 1]++;
}

static void read_conn(struct conn *c, bool hog)
{
	size_t cap = hog ? IN_MAX : 8192, at = 0;
	ssize_t n = recv(c->fd, c->in + c->n_in, cap - c->n_in, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		close(c->fd);
		c->fd = -1;
		closed_conns++;
		return;
	}
	c->n_in += n > 0 ? (size_t)n : 0;
	while (c->n_in - at >= 2) {
		size_t len = (size_t)(c->in[at] << 8 | c->in[at + 1]);

		if (c->n_in - at < 2 + len)
			break;
		got(c, c->in + at + 2, hog);
		at += 2 + len;
	}
	c->n_in -= at;
	memmove(c->in, c->in + at, c->n_in);
}

static void hear(int wait_ms)
{
	struct epoll_event e[256];
	int n = epoll_wait(loop, e, 256, wait_ms);

	for (int i = 0; i < n; i++) {
		if (conns[e[i].data.u32].fd >= 0)
			read_conn(&conns[e[i].data.u32], e[i].data.u32 == n_conns);
	}
}

static unsigned median_ms(void)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += histogram[i];
		if (seen * 2 >= answered)
			return i;
	}
	return 0;
}

static void load(double rate, double hog_rate, double seconds, uint64_t *behind)
{
	uint64_t start = now_ns(), total = (uint64_t)(rate * seconds), turn = 0, hog_turn = 0;

	while (turn < total) {
		double t = (double)(now_ns() - start) / 1e9;
		uint64_t due = (uint64_t)(t * rate), hog_due = (uint64_t)(t * hog_rate);

		if (due > turn && due - turn > *behind)
			*behind = due - turn;
		for (; turn < due && turn < total; turn++) {
			struct conn *c = &conns[turn % n_conns];

			ask(c, (unsigned)(turn % names_count), 256, 4096, &sent);
			flush_out(c);
		}
		for (; hog_turn < hog_due; hog_turn++)
			ask(&conns[n_conns], (unsigned)(hog_turn % names_count), IDS, OUT_MAX, &hog_sent);
		flush_out(&conns[n_conns]);
		hear(1);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	uint64_t behind = 0, tail;

	if (argc != 8)
		return fprintf(stderr, "usage: clients ADDRESS PORT CONNECTIONS RATE SECONDS COUNT:SUFFIX "
				       "HOG_RATE\n"),
		       2;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
	double rate = atof(argv[4]), seconds = atof(argv[5]), hog_rate = atof(argv[7]);
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	n_conns = (unsigned)atoi(argv[3]);
	names_count = (unsigned)atoi(argv[6]);
	suffix = strchr(argv[6], ':') + 1;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	conns = room((n_conns + 1) * sizeof(*conns));
	loop = epoll_create1(0);
	for (unsigned i = 0; i < n_conns + (hog_rate > 0); i++)
		dial(&conns[i], &to, i, i == n_conns ? OUT_MAX : 4096);
	if (!(hog_rate > 0))
		conns[n_conns].fd = -1;
	load(rate, hog_rate, seconds, &behind);
	tail = now_ns() + TAIL_MS * 1000000ull;
	while (answered < sent && now_ns() < tail) {
		flush_out(&conns[n_conns]);
		hear(10);
	}
	printf("open %u sent %llu answered %llu noerror %llu slowest_ms %llu median_ms %u closed %u hog_sent "
	       "%llu hog_answered %llu "
	       "behind_ms %llu\n",
	       n_conns, (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)noerror,
	       (unsigned long long)(slowest_ns / 1000000), median_ms(), closed_conns,
	       (unsigned long long)hog_sent, (unsigned long long)hog_answered,
	       (unsigned long long)((double)behind / rate * 1000));
	return 0;
}
