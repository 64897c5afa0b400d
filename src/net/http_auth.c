// SPDX-License-Identifier: Apache-2.0
/* TLS of the admin HTTP server: its options, the clients' certificates; users and their passwords. */
#include "foreign/crypt.h"
#include "foreign/gnutls.h"
#include "foreign/microhttpd.h"
#include "net/http_web.h"

#include <pthread.h>
#include <string.h>

enum { DIGEST = 32, KNOWN_MAX = 64 };

bool http_web_options(const struct http_web *w, struct MHD_OptionItem *out)
{
	struct MHD_OptionItem *o = out;

	if (w && w->cert) {
		*o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, w->cert};
		*o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, w->key};
		/* Any trust makes the server ask for a certificate; whether it is good is looked at below. */
		if (w->auth != HTTP_CLIENT_ANY)
			*o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
						       w->ca ? w->ca : w->cert};
		*o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
					       (char *)(uintptr_t)w->priorities};
	}
	*o = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return w && w->cert;
}

/* For client authentication, by the CA of the file. */
static bool verifies(gnutls_session_t s)
{
	gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
					 (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};
	unsigned status = 0;

	return libgnutls.certificate_verify_peers(s, &purpose, 1, &status) == 0 && status == 0;
}

bool http_client_verified(const struct http_web *w, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;
	gnutls_session_t s;
	unsigned n = 0;
	bool given;

	if (!w || !w->cert || w->auth == HTTP_CLIENT_ANY)
		return true;
	info = libmicrohttpd.get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info)
		return false;
	s = (gnutls_session_t)info->tls_session;
	given = libgnutls.certificate_get_peers(s, &n) != NULL && n > 0;
	if (w->auth == HTTP_CLIENT_SOME)
		return given;
	return given ? verifies(s) : w->auth == HTTP_CLIENT_IF_GIVEN;
}

/* ---------------------------------------------------------------- users */

/* What was found right before: bcrypt takes a tenth of a second, and a scraper asks every few. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char known[KNOWN_MAX][DIGEST];
static unsigned next_known;

static bool digest(const char *hash, const char *password, unsigned char out[DIGEST])
{
	gnutls_hash_hd_t h;

	if (libgnutls.hash_init(&h, GNUTLS_DIG_SHA256))
		return false;
	libgnutls.hash(h, hash, strlen(hash) + 1);
	libgnutls.hash(h, password, strlen(password));
	libgnutls.hash_deinit(h, out);
	return true;
}

static bool is_known(const unsigned char d[DIGEST])
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < KNOWN_MAX && !found; i++)
		found = libgnutls.memcmp(known[i], d, DIGEST) == 0;
	pthread_mutex_unlock(&lock);
	return found;
}

static void remember(const unsigned char d[DIGEST])
{
	pthread_mutex_lock(&lock);
	memcpy(known[next_known++ % KNOWN_MAX], d, DIGEST);
	pthread_mutex_unlock(&lock);
}

static bool bcrypt_says(const char *hash, const char *password)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* guessing shall not take all cores */
	static struct crypt_data data;
	const char *got;
	bool same;

	pthread_mutex_lock(&one);
	got = libcrypt.crypt_rn(password, hash, &data, (int)sizeof(data));
	same = got && strlen(got) == strlen(hash) && libgnutls.memcmp(got, hash, strlen(hash)) == 0;
	libgnutls.memset(&data, 0, sizeof(data));
	pthread_mutex_unlock(&one);
	return same;
}

static bool password_right(const char *hash, const char *password)
{
	unsigned char d[DIGEST];

	if (!digest(hash, password, d))
		return false;
	if (is_known(d))
		return true;
	if (!bcrypt_says(hash, password))
		return false;
	remember(d);
	return true;
}

/* The hash of somebody unknown: who guesses names shall not be told by the time it takes. */
static const char nobody[] = "$2b$10$AAAAAAAAAAAAAAAAAAAAAOnclUoRNeIHE4KcWNfS2bTx0YDnnu026";

bool http_user_known(const struct http_web *w, struct MHD_Connection *c)
{
	const char *hash = NULL;
	char *name, *password = NULL;
	bool right = false;

	if (!w || !w->n_users)
		return true;
	name = libmicrohttpd.basic_auth_get_username_password(c, &password);
	for (size_t i = 0; name && i < w->n_users && !hash; i++) {
		if (strcmp(w->users[i].name, name) == 0)
			hash = w->users[i].value;
	}
	if (name && password)
		right = password_right(hash ? hash : nobody, password) && hash;
	libmicrohttpd.free(name);
	libmicrohttpd.free(password);
	return right;
}
