// SPDX-License-Identifier: Apache-2.0
/* The libraries that are loaded when something needs them.  The sonames are those that the build's linker found. */
#include "foreign/crypt.h"
#include "foreign/curl.h"
#include "foreign/fstrm.h"
#include "foreign/gnutls.h"
#include "foreign/ldns.h"
#include "foreign/math.h"
#include "foreign/maxminddb.h"
#include "foreign/microhttpd.h"
#include "foreign/nettle.h"
#include "foreign/pcap.h"
#include "foreign/pcre2.h"
#include "foreign/sonames.h"
#include "foreign/yaml.h"
#include "foreign/zlib.h"

LIBRARY_DEFINE(libcurl, LIBCURL_FUNCTIONS, SONAME_CURL, "kubernetes, trace",
	       "HTTP to the Kubernetes API and to tracing collectors");
LIBRARY_DEFINE(libgnutls, LIBGNUTLS_FUNCTIONS, SONAME_GNUTLS, "dnstap, kubernetes, prometheus",
	       "TLS and its certificates");
LIBRARY_DEFINE(libmicrohttpd, LIBMICROHTTPD_FUNCTIONS, SONAME_MICROHTTPD, "health, pprof, prometheus, ready",
	       "the admin HTTP server");
LIBRARY_DEFINE(libz, LIBZ_FUNCTIONS, SONAME_Z, "pprof, prometheus", "gzip of metrics and profiles");
LIBRARY_DEFINE(libcrypt, LIBCRYPT_FUNCTIONS, SONAME_CRYPT, "prometheus",
	       "passwords of the admin HTTP server");
LIBRARY_DEFINE(libyaml, LIBYAML_FUNCTIONS, SONAME_YAML, "convert, kubernetes, prometheus",
	       "kubeconfig files, ConfigMaps, web configurations");
LIBRARY_DEFINE(libldns, LIBLDNS_FUNCTIONS, SONAME_LDNS, "auto, file", "records of rare types in zone files");
LIBRARY_DEFINE(libmaxminddb, LIBMAXMINDDB_FUNCTIONS, SONAME_MAXMINDDB, "geoip", "databases of networks");
LIBRARY_DEFINE(libfstrm, LIBFSTRM_FUNCTIONS, SONAME_FSTRM, "dnstap", "frame streams");
LIBRARY_DEFINE(libpcre2, LIBPCRE2_FUNCTIONS, SONAME_PCRE2, "auto, errors, rewrite, template, view",
	       "regular expressions");
LIBRARY_DEFINE(libnettle, LIBNETTLE_FUNCTIONS, SONAME_NETTLE, "reload", "the checksum of a configuration");
LIBRARY_DEFINE(libm, LIBM_FUNCTIONS, SONAME_M, "view", "powers and rounding in expressions");
LIBRARY_DEFINE(libpcap, LIBPCAP_FUNCTIONS, SONAME_PCAP, "doctor", "capture files");
