// SPDX-License-Identifier: Apache-2.0
#include "kube/exec.h"

#include "base/clock.h"
#include "base/commands.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/auth.h"
#include "kube/client.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { EXEC_EARLY_S = 10, EXEC_RETRY_MIN_S = 1, EXEC_RETRY_MAX_S = 60, ENV_MAX = 1024 };

/* ---------------------------------------------------------------- its answer */

static char *copy_text(const cJSON *json, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

	return s && *s ? strdup(s) : NULL;
}

static uint64_t parse_time(const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int sign, hours, minutes;
	time_t t;

	if (!rest)
		return 0;
	t = timegm(&tm);
	rest += strcspn(rest, "Zz+-");
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2) {
		sign = *rest == '-' ? -1 : 1;
		t -= sign * (hours * 3600 + minutes * 60);
	}
	return t > 0 ? (uint64_t)t * NS_PER_S : 0;
}

static void forget_texts(struct kube_exec *e)
{
	free(e->token);
	free(e->cert);
	free(e->key);
	e->token = e->cert = e->key = NULL;
}

int kube_exec_parse(struct kube_exec *e, const char *text, size_t len, char *error, size_t cap)
{
	cJSON *json = cJSON_ParseWithLength(text, len);
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(json, "status");
	char *version = copy_text(json, "apiVersion"), *kind = copy_text(json, "kind");
	int err = ERR_SYNTAX;

	forget_texts(e);
	if (!json) {
		snprintf(error, cap, "its output is not JSON");
	} else if (!kind || strcmp(kind, "ExecCredential") != 0) {
		snprintf(error, cap, "kind: expected ExecCredential, got \"%s\"", kind ? kind : "");
	} else if (!version || strcmp(version, e->api_version) != 0) {
		snprintf(error, cap, "apiVersion: expected %s, got \"%s\"", e->api_version,
			 version ? version : "");
	} else {
		e->token = copy_text(status, "token");
		e->cert = copy_text(status, "clientCertificateData");
		e->key = copy_text(status, "clientKeyData");
		e->expires_wall_ns = parse_time(cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(status, "expirationTimestamp")));
		err = e->token || (e->cert && e->key) ? 0 : ERR_SYNTAX;
		if (err)
			snprintf(error, cap,
				 "status: neither token nor clientCertificateData with clientKeyData");
	}
	free(version);
	free(kind);
	cJSON_Delete(json);
	return err;
}

/* ---------------------------------------------------------------- running it */

static void add_env(char **env, size_t *n, char *entry)
{
	size_t name = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < *n; i++) {
		if (strncmp(env[i], entry, name) == 0) {
			env[i] = entry;
			return;
		}
	}
	if (*n < ENV_MAX)
		env[(*n)++] = entry;
}

static int spawn(struct kube_exec *e, int out)
{
	posix_spawn_file_actions_t actions;
	char *env[ENV_MAX + 1];
	size_t n = 0;
	int err, pid;

	if (!commands_allowed()) /* the kubeconfig had no exec when we started: that takes a restart */
		return -EPERM;
	for (char **at = environ; *at && n < ENV_MAX - EXEC_ARGS_MAX; at++)
		env[n++] = *at;
	for (size_t i = 0; i < e->n_env; i++)
		add_env(env, &n, e->env[i]);
	if (e->info)
		add_env(env, &n, e->info);
	env[n] = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	err = posix_spawnp(&pid, e->argv[0], &actions, NULL, e->argv, env);
	posix_spawn_file_actions_destroy(&actions);
	if (!err)
		e->pid = pid;
	return -err;
}

static void failed(struct kube_exec *e, uint64_t now_ns, const char *why)
{
	uint64_t wait_s = EXEC_RETRY_MIN_S << (e->failures < 6 ? e->failures : 6);

	log_line(LOG_ERROR, "plugin/kubernetes: kubeconfig exec \"%s\": %s", e->argv[0], why);
	e->failures++;
	e->retry_ns = now_ns + (wait_s < EXEC_RETRY_MAX_S ? wait_s : EXEC_RETRY_MAX_S) * NS_PER_S;
}

static void start(struct kube_exec *e, uint64_t now_ns)
{
	int fds[2], err;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		failed(e, now_ns, err_text(-errno));
		return;
	}
	err = spawn(e, fds[1]);
	close(fds[1]);
	if (err) {
		close(fds[0]);
		failed(e, now_ns, err_text(err));
		return;
	}
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK); /* a pipe's flags can always be set */
	e->fd = fds[0];
	e->out_len = 0;
	e->deadline_ns = now_ns + EXEC_TIME_MS * NS_PER_MS;
}

static void close_output(struct kube_exec *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

static void kill_it(struct kube_exec *e)
{
	(void)kill(e->pid, SIGKILL);
	while (waitpid(e->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close_output(e);
	e->pid = 0;
}

/* All output has come; the program may take a moment more to end. */
static void try_end(struct kube_exec *e, uint64_t now_ns)
{
	char why[200];
	int status;

	close_output(e);
	if (waitpid(e->pid, &status, WNOHANG) != e->pid)
		return;
	e->pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		snprintf(why, sizeof(why), WIFEXITED(status) ? "exit status %d" : "ended by signal %d",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		failed(e, now_ns, why);
	} else if (kube_exec_parse(e, e->out, e->out_len, why, sizeof(why))) {
		failed(e, now_ns, why);
	} else {
		e->have = true;
		e->failures = 0;
	}
	if (e->out)
		explicit_bzero(e->out, e->out_len);
}

static void read_output(struct kube_exec *e, uint64_t now_ns)
{
	ssize_t n = e->fd < 0 ? 0 : -1;

	if (!e->out)
		e->out = malloc(EXEC_OUTPUT_MAX);
	while (e->fd >= 0 && e->out && e->out_len < EXEC_OUTPUT_MAX &&
	       (n = read(e->fd, e->out + e->out_len, EXEC_OUTPUT_MAX - e->out_len)) > 0)
		e->out_len += (size_t)n;
	if (n == 0)
		try_end(e, now_ns);
	if (e->pid && (!e->out || e->out_len == EXEC_OUTPUT_MAX || now_ns > e->deadline_ns)) {
		kill_it(e);
		failed(e, now_ns,
		       e->out_len == EXEC_OUTPUT_MAX ? "more output than 1 MiB" : "not done after 60 s");
	}
	if (!e->pid) {
		free(e->out);
		e->out = NULL;
	}
}

bool kube_exec_ready(struct kube_exec *e, uint64_t now_ns)
{
	uint64_t early = clock_wall_ns() + EXEC_EARLY_S * NS_PER_S;

	if (e->have && e->expires_wall_ns && early >= e->expires_wall_ns)
		e->have = false;
	if (e->have)
		return true;
	if (!e->pid && now_ns >= e->retry_ns)
		start(e, now_ns);
	if (e->pid)
		read_output(e, now_ns);
	return e->have;
}

int kube_exec_fd(const struct kube_exec *e)
{
	return e->pid ? e->fd : -1;
}

void kube_exec_forget(struct kube_exec *e)
{
	e->have = false;
}

void kube_exec_free(struct kube_exec *e)
{
	if (!e)
		return;
	if (e->pid)
		kill_it(e);
	for (size_t i = 0; i < e->n_args; i++)
		free(e->argv[i]);
	for (size_t i = 0; i < e->n_env; i++)
		free(e->env[i]);
	forget_texts(e);
	free(e->api_version);
	free(e->info);
	free(e->out);
	free(e);
}

bool kube_options_run_commands(const struct kube_options *o)
{
	char error[KUBE_ERROR_MAX];
	struct kube_auth a;
	bool runs = kube_auth_load(&a, o, error) == 0 && a.exec;

	kube_auth_fini(&a);
	return runs;
}
