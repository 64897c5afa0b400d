// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/library.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

// clang-format off
#define LIBGNUTLS_FUNCTIONS(X) \
	X(gnutls_, bye) X(gnutls_, certificate_allocate_credentials) \
	X(gnutls_, certificate_free_credentials) X(gnutls_, certificate_get_peers) \
	X(gnutls_, certificate_server_set_request) X(gnutls_, certificate_set_x509_key_file) \
	X(gnutls_, certificate_set_x509_system_trust) X(gnutls_, certificate_set_x509_trust_file) \
	X(gnutls_, certificate_verify_peers) X(gnutls_, credentials_set) X(gnutls_, deinit) \
	X(gnutls_, handshake) X(gnutls_, hash) X(gnutls_, hash_deinit) X(gnutls_, hash_init) \
	X(gnutls_, init) X(gnutls_, memcmp) X(gnutls_, memset) X(gnutls_, record_recv) \
	X(gnutls_, record_send) X(gnutls_, server_name_set) X(gnutls_, session_set_verify_cert) \
	X(gnutls_, set_default_priority) X(gnutls_, strerror) X(gnutls_, transport_get_int) \
	X(gnutls_, transport_set_int2)
// clang-format on
LIBRARY_DECLARE(libgnutls, LIBGNUTLS_FUNCTIONS);
