// SPDX-License-Identifier: Apache-2.0
#include "plugin/dnstap/tls.h"

#include "foreign/gnutls.h"
#include "plugin/dnstap/dnstap.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 4000 };

struct dnstap_tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

/* Our own certificate for who connects to us; whom we trust. */
static int load(const struct dnstap_config *c, gnutls_certificate_credentials_t cred)
{
	int err = 0;

	if (c->cert)
		err = libgnutls.certificate_set_x509_key_file(cred, c->cert, c->key, GNUTLS_X509_FMT_PEM);
	if (err >= 0 && c->ca)
		err = libgnutls.certificate_set_x509_trust_file(cred, c->ca, GNUTLS_X509_FMT_PEM);
	else if (err >= 0 && !c->listen)
		err = libgnutls.certificate_set_x509_system_trust(cred);
	return err;
}

const char *dnstap_tls_check(const struct dnstap_config *c)
{
	gnutls_certificate_credentials_t cred;
	const char *missing;
	int err;

	if (library_load(&libgnutls_library, &missing))
		return missing;
	err = libgnutls.certificate_allocate_credentials(&cred);
	if (err < 0)
		return libgnutls.strerror(err);
	err = load(c, cred);
	libgnutls.certificate_free_credentials(cred);
	return err < 0 ? libgnutls.strerror(err) : NULL;
}

/* With a CA a client must show a certificate of it, unless `skipverify`. */
static void set_checks(const struct dnstap_config *c, gnutls_session_t s)
{
	if (c->listen && c->ca) {
		libgnutls.certificate_server_set_request(s, c->skipverify ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_REQUIRE);
		if (!c->skipverify)
			libgnutls.session_set_verify_cert(s, NULL, 0);
	} else if (!c->listen && !c->skipverify) {
		libgnutls.session_set_verify_cert(s, c->host, 0);
	}
}

static int shake_hands(const struct dnstap_config *c, struct dnstap_tls *t, int fd)
{
	int err = libgnutls.certificate_allocate_credentials(&t->credentials);

	if (err >= 0)
		err = load(c, t->credentials);
	if (err >= 0)
		err = libgnutls.init(&t->session, (c->listen ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NO_SIGNAL);
	if (err >= 0)
		err = libgnutls.set_default_priority(t->session);
	if (err >= 0)
		err = libgnutls.credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials);
	if (err < 0)
		return err;
	if (!c->listen)
		(void)libgnutls.server_name_set(t->session, GNUTLS_NAME_DNS, c->host, strlen(c->host));
	set_checks(c, t->session);
	libgnutls.transport_set_int2(t->session, fd, fd);
	do {
		err = libgnutls.handshake(t->session);
	} while (err == GNUTLS_E_INTERRUPTED);
	return err;
}

struct dnstap_tls *dnstap_tls_begin(const struct dnstap_config *c, int fd, char *why, size_t cap)
{
	struct dnstap_tls *t = calloc(1, sizeof(*t));
	int err = t ? shake_hands(c, t, fd) : GNUTLS_E_MEMORY_ERROR;

	if (err >= 0)
		return t;
	(void)snprintf(why, cap, "TLS: %s", err == GNUTLS_E_AGAIN ? "no answer in time" : libgnutls.strerror(err));
	dnstap_tls_end(t);
	return NULL;
}

/* "Again" is said when the socket's time is up, and for what is no data (a session ticket of TLS 1.3): then the socket
 * is asked which it was. */
static ssize_t result(const struct dnstap_tls *t, ssize_t n, short events)
{
	struct pollfd p = {.fd = libgnutls.transport_get_int(t->session), .events = events};

	if (n >= 0)
		return n;
	if (n == GNUTLS_E_AGAIN)
		errno = poll(&p, 1, PATIENCE_MS) == 1 ? EINTR : EAGAIN;
	else
		errno = n == GNUTLS_E_INTERRUPTED ? EINTR : EPROTO;
	return -1;
}

ssize_t dnstap_tls_write(struct dnstap_tls *t, const void *data, size_t len)
{
	return result(t, libgnutls.record_send(t->session, data, len), POLLOUT);
}

ssize_t dnstap_tls_read(struct dnstap_tls *t, void *data, size_t len)
{
	return result(t, libgnutls.record_recv(t->session, data, len), POLLIN);
}

void dnstap_tls_end(struct dnstap_tls *t)
{
	if (!t)
		return;
	if (t->session) {
		(void)libgnutls.bye(t->session, GNUTLS_SHUT_WR);
		libgnutls.deinit(t->session);
	}
	if (t->credentials)
		libgnutls.certificate_free_credentials(t->credentials);
	free(t);
}
