// SPDX-License-Identifier: Apache-2.0
/* A kubeconfig: what is taken from it, and that whatever is wrong is said with file and field. */
#include "kube/auth.h"

#include "base/err.h"
#include "kube/exec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/kubeconfig-XXXXXX";
static char error[KUBE_ERROR_MAX];

static const char *write_file(const char *name, const char *text)
{
	static char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

/* A whole file around these lines of the cluster and the user. */
static int load(struct kube_auth *a, const char *cluster, const char *user, const char *context)
{
	char text[4096];
	struct kube_options o = {.context = context};

	snprintf(text, sizeof(text),
		 "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
		 "clusters:\n- name: k\n  cluster:\n%s"
		 "contexts:\n- name: here\n  context: {cluster: k, user: u}\n- name: broken\n  context: "
		 "{cluster: none}\n"
		 "users:\n- name: u\n  user:\n%s",
		 cluster, user);
	o.kubeconfig = write_file("config", text);
	error[0] = '\0';
	return kube_auth_load(a, &o, error);
}

static void expect_error(const char *cluster, const char *user, const char *context, const char *says)
{
	struct kube_auth a;

	assert_int_equal(load(&a, cluster, user, context), ERR_SYNTAX);
	if (!strstr(error, says) || !strstr(error, "config"))
		fail_msg("\"%s\" does not say \"%s\"", error, says);
	kube_auth_fini(&a);
}

static const char good[] = "    server: https://192.0.2.1:6443/\n";
static const char token[] = "    token: s3cret\n";

static void server_and_token_are_taken(void **state)
{
	struct kube_auth a;
	char buf[200];

	assert_int_equal(load(&a, good, token, NULL), 0);
	assert_string_equal(a.target.server, "https://192.0.2.1:6443");
	assert_string_equal(a.host, "192.0.2.1:6443");
	assert_string_equal(kube_auth_header(&a, buf, sizeof(buf)), "Authorization: Bearer s3cret");
	kube_auth_fini(&a);
}

static void certificates_in_the_file_become_files(void **state)
{
	struct kube_auth a;
	char *ca;

	assert_int_equal(load(&a,
			      "    server: https://192.0.2.1\n    certificate-authority-data: aGVsbG8=\n    "
			      "tls-server-name: api\n",
			      "    client-certificate-data: Y2VydA==\n    client-key-data: a2V5\n", NULL),
			 0);
	ca = kube_file_read(a.target.ca, 100, NULL);
	assert_string_equal(ca, "hello");
	free(ca);
	assert_non_null(a.target.cert);
	assert_non_null(a.target.key);
	assert_string_equal(a.target.tls_name, "api");
	kube_auth_fini(&a);
}

static void names_of_files_are_relative_to_the_kubeconfig(void **state)
{
	struct kube_auth a;

	write_file("token", "from-file\n");
	assert_int_equal(load(&a, good, "    tokenFile: token\n", NULL), 0);
	assert_true(kube_auth_ready(&a, 1));
	assert_string_equal(a.token, "from-file");
	kube_auth_fini(&a);
}

static void impersonation_becomes_headers(void **state)
{
	struct kube_auth a;

	assert_int_equal(
		load(&a, good,
		     "    token: t\n    as: jane\n    as-groups: [a, b]\n    as-user-extra: {scope: [x]}\n",
		     NULL),
		0);
	assert_int_equal(a.n_headers, 4);
	assert_string_equal(a.headers[0], "Impersonate-User: jane");
	assert_string_equal(a.headers[2], "Impersonate-Group: b");
	assert_string_equal(a.headers[3], "Impersonate-Extra-scope: x");
	kube_auth_fini(&a);
}

static void an_exec_plugin_is_taken_with_arguments_and_environment(void **state)
{
	struct kube_auth a;

	assert_int_equal(
		load(&a, good,
		     "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: ./get\n"
		     "      args: [a, b]\n      env: [{name: X, value: y}]\n      provideClusterInfo: true\n",
		     NULL),
		0);
	assert_int_equal(a.exec->n_args, 3);
	assert_non_null(strstr(a.exec->argv[0], "/./get"));
	assert_string_equal(a.exec->env[0], "X=y");
	assert_non_null(strstr(a.exec->info, "https://192.0.2.1"));
	kube_auth_fini(&a);
}

static void what_is_wrong_is_said_with_its_field(void **state)
{
	expect_error("    server: nonsense\n", token, NULL, "cluster \"k\": server: expected a URL");
	expect_error("    server: https://x\n    certificate-authority: /none\n", token, NULL,
		     "certificate-authority: open /none");
	expect_error("    server: https://x\n    certificate-authority-data: '*'\n", token, NULL,
		     "certificate-authority-data");
	expect_error(good, "    client-certificate-data: Y2VydA==\n", NULL, "user \"u\": client-key");
	expect_error(good, "    client-key: /none\n", NULL, "client-key: open /none");
	expect_error(good, "    tokenFile: /none\n", NULL, "tokenFile: open /none");
	expect_error(good, "    exec: {command: x}\n", NULL, "exec.apiVersion");
	expect_error(good, "    exec: {apiVersion: client.authentication.k8s.io/v1}\n", NULL, "exec.command");
	expect_error(good, "    auth-provider: {name: gcp}\n", NULL, "auth-provider gcp");
	expect_error(good, token, "missing", "context \"missing\": no such context");
	expect_error(good, token, "broken", "cluster \"none\": no such cluster");
	expect_error("    server: [\n", token, NULL, "line ");
}

static void a_file_that_is_not_there_is_said_as_the_peer_does(void **state)
{
	struct kube_options o = {.kubeconfig = "/none/kubeconfig"};
	struct kube_auth a;

	assert_int_equal(kube_auth_load(&a, &o, error), ERR_SYNTAX);
	assert_string_equal(error, "stat /none/kubeconfig: no such file or directory");
	kube_auth_fini(&a);
}

static void outside_of_a_cluster_the_variables_are_named(void **state)
{
	struct kube_options o = {0};
	struct kube_auth a;

	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_int_equal(kube_auth_load(&a, &o, error), ERR_SYNTAX);
	assert_non_null(strstr(error, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"));
	kube_auth_fini(&a);
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/config", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/token", folder);
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_and_token_are_taken),
		cmocka_unit_test(certificates_in_the_file_become_files),
		cmocka_unit_test(names_of_files_are_relative_to_the_kubeconfig),
		cmocka_unit_test(impersonation_becomes_headers),
		cmocka_unit_test(an_exec_plugin_is_taken_with_arguments_and_environment),
		cmocka_unit_test(what_is_wrong_is_said_with_its_field),
		cmocka_unit_test(a_file_that_is_not_there_is_said_as_the_peer_does),
		cmocka_unit_test(outside_of_a_cluster_the_variables_are_named),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
