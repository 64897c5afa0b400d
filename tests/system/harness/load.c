// SPDX-License-Identifier: Apache-2.0
/* Questions at steady rates over several ways at once; every one of them is accounted for.
 *   load ADDRESS PORT SECONDS NAME WAY:RATE[:N]...        SECONDS 0: until standard input ends
 *     udp:RATE[:N]   N sockets (4), each with one source port     fresh:RATE  a source port for each question
 *     kept:RATE[:N]  N TCP connections (4) that stay open         conn:RATE   a TCP connection for each question
 *     seq:RATE[:N]   the same, but each asks its next question only after the answer
 * It asks for A of NAME and takes NOERROR with an answer for good.  Nothing is asked twice.  At the end, a line each way:
 *   WAY sent N good N bad N lost N cut N refused N closed N reopened N slowest_ms N
 * bad: another answer; lost: none within 5 s; cut: its connection ended before, or could not be had; refused: ICMP errors; closed: kept connections that the server ended while nothing was asked.  Then
 *   behind_ms N           how far the sending ever lagged; when that is much, the machine was busy elsewhere
 *   start_ns N            by CLOCK_MONOTONIC
 *   misses WAY@MS ...     when what was bad, lost or cut had been asked, in ms from the start (the first 20,000) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
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

enum { WAYS = 8, IDS = 65536, SLOTS = 32768, BUF = 8192, MISSES = 20000 };
#define PATIENCE_NS 5000000000ull

enum kind { UDP, FRESH, KEPT, CONN, SEQ, KINDS };
static const char *const kind_names[] = {"udp", "fresh", "kept", "conn", "seq"};

struct way {
	enum kind kind;
	double rate;
	unsigned n;           /* flows */
	struct flow **flows;
	uint64_t asked;       /* by schedule */
	uint64_t good, bad, lost, cut, refused, closed, reopened, slowest_ns;
};

/* A socket.  asked_ns: by id, 0 for what is not outstanding; one entry where a flow asks once. */
struct flow {
	struct way *way;
	int fd;
	bool up;
	uint16_t next_id;
	unsigned outstanding;
	uint64_t *asked_ns, asked_once;
	uint64_t since_ns;    /* something has been outstanding, without any answer */
	size_t in_len, out_len;
	uint8_t in[BUF], out[BUF];
};

static struct way ways[WAYS];
static unsigned n_ways;
static struct sockaddr_storage to;
static socklen_t to_len;
static uint8_t question[300];
static size_t question_len;
static int loop;
static uint64_t start_ns;
static struct { enum kind kind; uint64_t at_ns; } misses[MISSES];
static unsigned n_misses;
/* Flows of one question, free and in use. */
static struct flow *slots[SLOTS];
static unsigned n_slots, free_slots[SLOTS], n_free;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static bool once(const struct flow *f)
{
	return f->way->kind == FRESH || f->way->kind == CONN;
}

static bool stream(const struct flow *f)
{
	return f->way->kind == KEPT || f->way->kind == CONN || f->way->kind == SEQ;
}

static void miss(struct way *w, uint64_t *counter, uint64_t asked_ns)
{
	++*counter;
	if (n_misses < MISSES) {
		misses[n_misses].kind = w->kind;
		misses[n_misses++].at_ns = asked_ns;
	}
}

/* ---------------------------------------------------------------- sockets */

static void watch(struct flow *f, int op, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = f};

	if (epoll_ctl(loop, op, f->fd, &e))
		die("epoll_ctl");
}

static void flow_open(struct flow *f)
{
	int size = 8 << 20, one = 1;

	f->fd = socket(to.ss_family, (stream(f) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->fd < 0)
		die("socket");
	if (stream(f))
		setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	else if (f->way->kind == UDP && setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(f->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	f->up = !stream(f);
	f->in_len = f->out_len = 0;
	if (connect(f->fd, (struct sockaddr *)&to, to_len) && errno != EINPROGRESS && !stream(f))
		die("connect"); /* a stream's failure is told by its event */
	watch(f, EPOLL_CTL_ADD, stream(f) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static struct flow *flow_new(struct way *w)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f)
		die("memory");
	f->way = w;
	f->fd = -1;
	f->asked_ns = &f->asked_once;
	if (!once(f) && !(f->asked_ns = calloc(IDS, sizeof(uint64_t))))
		die("memory");
	return f;
}

static struct flow *slot_take(struct way *w)
{
	if (!n_free) {
		if (n_slots == SLOTS)
			return NULL;
		free_slots[n_free++] = n_slots;
		slots[n_slots++] = flow_new(w);
	}
	slots[free_slots[n_free - 1]]->way = w;
	return slots[free_slots[--n_free]];
}

static void slot_put(struct flow *f)
{
	for (unsigned i = 0; i < n_slots; i++) {
		if (slots[i] == f) {
			free_slots[n_free++] = i;
			return;
		}
	}
}

/* What was outstanding has missed: counted at `counter`. */
static void flow_close(struct flow *f, uint64_t *counter)
{
	for (unsigned id = 0; f->outstanding && id < (once(f) ? 1 : IDS); id++) {
		if (!f->asked_ns[id])
			continue;
		miss(f->way, counter, f->asked_ns[id]);
		f->asked_ns[id] = 0;
		f->outstanding--;
	}
	close(f->fd);
	f->fd = -1;
	f->up = false;
	if (once(f))
		slot_put(f);
}

/* ---------------------------------------------------------------- asking */

static void make_question(const char *name)
{
	uint8_t *p = question;

	memcpy(p, "\0\0\1\0\0\1\0\0\0\0\0\0", 12);
	for (p += 12; *name; name += strcspn(name, "."), name += *name == '.') {
		*p = (uint8_t)strcspn(name, ".");
		memcpy(p + 1, name, *p);
		p += *p + 1;
	}
	memcpy(p, "\0\0\1\0\1", 5);
	question_len = (size_t)(p + 5 - question);
}

static void flush_out(struct flow *f)
{
	ssize_t n = send(f->fd, f->out, f->out_len, MSG_NOSIGNAL);

	if (n > 0) {
		memmove(f->out, f->out + n, f->out_len - (size_t)n);
		f->out_len -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN) {
		flow_close(f, &f->way->cut);
		return;
	}
	watch(f, EPOLL_CTL_MOD, f->out_len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void send_stream(struct flow *f)
{
	if (f->out_len + question_len + 2 > BUF) { /* takes nothing for long: so be it, it is cut */
		flow_close(f, &f->way->cut);
		return;
	}
	f->out[f->out_len] = (uint8_t)(question_len >> 8);
	f->out[f->out_len + 1] = (uint8_t)question_len;
	memcpy(f->out + f->out_len + 2, question, question_len);
	f->out_len += 2 + question_len;
	if (f->up)
		flush_out(f);
}

/* The flow whose turn it is; NULL: all are waiting for an answer. */
static struct flow *pick(struct way *w)
{
	if (w->kind == SEQ) {
		for (unsigned i = 0; i < w->n; i++) {
			struct flow *f = w->flows[(w->asked + i) % w->n];

			if (!f->outstanding)
				return f;
		}
		return NULL;
	}
	return w->flows ? w->flows[w->asked % w->n] : slot_take(w);
}

/* False: not now. */
static bool ask(struct way *w)
{
	struct flow *f = pick(w);
	uint16_t id;

	if (!f && w->kind == SEQ)
		return false;
	w->asked++;
	if (!f) { /* everything hangs */
		miss(w, &w->lost, now_ns());
		return true;
	}
	if (f->fd < 0) {
		w->reopened += !once(f) && w->asked > w->n;
		flow_open(f);
	}
	id = once(f) ? 0 : f->next_id++;
	if (f->asked_ns[id]) { /* once round: never answered */
		miss(w, &w->lost, f->asked_ns[id]);
		f->outstanding--;
	}
	f->asked_ns[id] = now_ns();
	if (!f->outstanding++)
		f->since_ns = f->asked_ns[id];
	question[0] = (uint8_t)(id >> 8);
	question[1] = (uint8_t)id;
	if (stream(f))
		send_stream(f);
	else if (send(f->fd, question, question_len, 0) < 0)
		w->refused += errno == ECONNREFUSED; /* the error is of one before; this one was not sent */
	return true;
}

/* ---------------------------------------------------------------- hearing */

static void take(struct flow *f, const uint8_t *p, size_t len)
{
	unsigned id = once(f) ? 0 : (unsigned)(p[0] << 8 | p[1]);
	uint64_t asked = len >= 12 ? f->asked_ns[id] : 0, took;

	if (!asked)
		return;
	took = now_ns() - asked;
	f->asked_ns[id] = 0;
	f->outstanding--;
	f->since_ns = asked + took;
	if (took > f->way->slowest_ns)
		f->way->slowest_ns = took;
	if ((p[3] & 15) == 0 && (p[6] || p[7]))
		f->way->good++;
	else
		miss(f->way, &f->way->bad, asked);
}

static void hear_udp(struct flow *f)
{
	uint8_t p[4096];
	ssize_t len;

	while (f->fd >= 0 && ((len = recv(f->fd, p, sizeof(p), 0)) >= 0 || errno == ECONNREFUSED)) {
		if (len < 0) {
			f->way->refused++;
			continue;
		}
		take(f, p, (size_t)len);
		if (once(f) && !f->outstanding)
			flow_close(f, &f->way->lost);
	}
}

static void take_frames(struct flow *f)
{
	size_t at = 0, len;

	while (f->in_len - at >= 2 && f->in_len - at >= (len = 2u + (size_t)(f->in[at] << 8 | f->in[at + 1]))) {
		take(f, f->in + at + 2, len - 2);
		at += len;
	}
	memmove(f->in, f->in + at, f->in_len - at);
	f->in_len -= at;
}

static void hear_stream(struct flow *f, uint32_t events)
{
	ssize_t n;

	if (events & EPOLLOUT) {
		f->up = true;
		flush_out(f);
		if (f->fd < 0)
			return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	while ((n = recv(f->fd, f->in + f->in_len, BUF - f->in_len, 0)) > 0) {
		f->in_len += (size_t)n;
		take_frames(f);
	}
	if (n == 0 || errno != EAGAIN) {
		f->way->closed += !once(f) && !f->outstanding;
		flow_close(f, &f->way->cut);
	} else if (once(f) && !f->outstanding) {
		flow_close(f, &f->way->cut);
	}
}

static void hear(int wait_ms)
{
	struct epoll_event e[64];
	int n = epoll_wait(loop, e, 64, wait_ms);

	for (int i = 0; i < n; i++) {
		struct flow *f = e[i].data.ptr;

		if (f->fd < 0)
			continue;
		if (stream(f))
			hear_stream(f, e[i].events);
		else
			hear_udp(f);
	}
}

/* Flows of their own and connections whose questions have waited long enough. */
static void give_up(uint64_t patience_ns)
{
	uint64_t now = now_ns();

	for (unsigned i = 0; i < n_ways; i++) {
		for (unsigned k = 0; ways[i].flows && k < ways[i].n; k++) {
			struct flow *f = ways[i].flows[k];

			if (stream(f) && f->outstanding && now - f->since_ns >= patience_ns)
				flow_close(f, &ways[i].lost);
		}
	}

	for (unsigned i = 0; i < n_slots; i++) {
		if (slots[i]->fd >= 0 && now - slots[i]->asked_once >= patience_ns)
			flow_close(slots[i], &slots[i]->way->lost);
	}
}

/* ---------------------------------------------------------------- the whole */

static unsigned outstanding(void)
{
	unsigned n = n_slots - n_free;

	for (unsigned i = 0; i < n_ways; i++) {
		for (unsigned k = 0; ways[i].flows && k < ways[i].n; k++)
			n += ways[i].flows[k]->outstanding;
	}
	return n;
}

static void add_way(const char *text)
{
	struct way *w = &ways[n_ways++];
	char name[8];
	int kind = 0;

	w->n = 4;
	if (sscanf(text, "%7[a-z]:%lf:%u", name, &w->rate, &w->n) < 2)
		die(text);
	while (kind < KINDS && strcmp(kind_names[kind], name))
		kind++;
	if (kind == KINDS)
		die(text);
	w->kind = (enum kind)kind;
	if (w->kind != FRESH && w->kind != CONN) {
		w->flows = calloc(w->n, sizeof(*w->flows));
		for (unsigned i = 0; i < w->n; i++)
			w->flows[i] = flow_new(w);
	}
}

static bool over(double seconds)
{
	struct pollfd p = {.fd = 0, .events = POLLIN};
	char c[16];

	if (seconds > 0)
		return (double)(now_ns() - start_ns) / 1e9 >= seconds;
	return poll(&p, 1, 0) == 1 && read(0, c, sizeof(c)) <= 0;
}

static uint64_t send_due(void)
{
	double elapsed = (double)(now_ns() - start_ns) / 1e9;
	uint64_t behind_ms = 0;

	for (unsigned i = 0; i < n_ways; i++) {
		uint64_t due = (uint64_t)(elapsed * ways[i].rate), ms;

		ms = (uint64_t)((double)(due - ways[i].asked) / ways[i].rate * 1000);
		behind_ms = ms > behind_ms ? ms : behind_ms;
		while (ways[i].asked < due && ask(&ways[i]))
			;
	}
	return behind_ms;
}

static void report(uint64_t behind_ms)
{
	for (unsigned i = 0; i < n_ways; i++) {
		struct way *w = &ways[i];

		for (unsigned k = 0; w->flows && k < w->n; k++) {
			if (w->flows[k]->fd >= 0)
				flow_close(w->flows[k], &w->lost);
		}
		printf("%s sent %llu good %llu bad %llu lost %llu cut %llu refused %llu closed %llu reopened %llu slowest_ms %llu\n",
		       kind_names[w->kind], (unsigned long long)w->asked, (unsigned long long)w->good,
		       (unsigned long long)w->bad, (unsigned long long)w->lost, (unsigned long long)w->cut,
		       (unsigned long long)w->refused, (unsigned long long)w->closed, (unsigned long long)w->reopened,
		       (unsigned long long)(w->slowest_ns / 1000000));
	}
	printf("behind_ms %llu\nstart_ns %llu\nmisses", (unsigned long long)behind_ms, (unsigned long long)start_ns);
	for (unsigned i = 0; i < n_misses; i++)
		printf(" %s@%lld", kind_names[misses[i].kind], ((long long)misses[i].at_ns - (long long)start_ns) / 1000000);
	printf("\n");
}

/* Where the server is slow, many connections are open at once. */
static void raise_file_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int main(int argc, char **argv)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *ai;
	uint64_t behind_ms = 0, looked_ns, end_ns;

	if (argc < 6 || argc - 5 > WAYS)
		return fprintf(stderr, "usage: load ADDRESS PORT SECONDS NAME WAY:RATE[:N]...\n"), 2;
	if (getaddrinfo(argv[1], argv[2], &hints, &ai))
		die(argv[1]);
	memcpy(&to, ai->ai_addr, ai->ai_addrlen);
	to_len = ai->ai_addrlen;
	freeaddrinfo(ai);
	raise_file_limit();
	make_question(argv[4]);
	for (int i = 5; i < argc; i++)
		add_way(argv[i]);
	loop = epoll_create1(0);
	looked_ns = start_ns = now_ns();
	while (!over(atof(argv[3]))) {
		uint64_t ms = send_due();

		behind_ms = ms > behind_ms ? ms : behind_ms;
		hear(1);
		if (now_ns() - looked_ns > 200000000) {
			give_up(PATIENCE_NS);
			looked_ns = now_ns();
		}
	}
	end_ns = now_ns() + PATIENCE_NS;
	while (outstanding() && now_ns() < end_ns)
		hear(10);
	give_up(0);
	report(behind_ms);
	return 0;
}
