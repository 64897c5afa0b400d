// SPDX-License-Identifier: Apache-2.0
#include "foreign/curl.h"

#include <dlfcn.h>
#include <pthread.h>

/* libcurl starts libssh2 with itself, and that OpenSSL: 1.5 MB touched for protocols that nobody here asks for.  libssh2 leaves
 * OpenSSL alone when its first start says so (libssh2_init(3)), so that is made here.  Where libcurl comes without it, or with another
 * one, there is nothing to do. */
static void spare_openssl(void)
{
	enum { NO_CRYPTO = 1 }; /* LIBSSH2_INIT_NO_CRYPTO */
	void *ssh = dlopen("libssh2.so.1", RTLD_LAZY | RTLD_NOLOAD);
	int (*init)(int flags) = ssh ? (int (*)(int))dlsym(ssh, "libssh2_init") : NULL;

	if (init)
		(void)init(NO_CRYPTO); /* then it is started as before */
}

void libcurl_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, spare_openssl);
	(void)libcurl.global_init(
		CURL_GLOBAL_DEFAULT); /* fails for want of memory: then no handle can be made */
}
