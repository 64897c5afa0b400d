// SPDX-License-Identifier: Apache-2.0
/* A type's rdata: its fields in order, each by a letter.
 *
 *   n name      b h w number of 1, 2, 4 bytes   t seconds or 1h30m   T time as YYYYMMDDHHmmSS
 *   s string    S strings to the end            O a string's bytes without its length
 *   4 a address of IPv4, IPv6                   y type               g algorithm
 *   x hex to the end    6 base64 to the end     Z hex, z base32 with its length before it, one word
 *   B types to the end, as a bitmap         C kind of certificate
 *   e E i hex bytes with - or : between them: 6 of EUI48, 8 of EUI64, 4 groups of two for NID and L64 */
#include "zone/rdata_text.h"

#include "base/err.h"
#include "wire/rdata.h"
#include "wire/wire.h"
#include "zone/rr_text.h"

#include <string.h>

static const struct {
	uint16_t type;
	const char *fields;
} forms[] = {
	/* those that are met most first */
	{TYPE_A, "4"},	      {TYPE_AAAA, "a"},	       {TYPE_CNAME, "n"},    {TYPE_TXT, "S"},
	{TYPE_PTR, "n"},      {TYPE_SRV, "hhhn"},      {TYPE_MX, "hn"},	     {TYPE_NS, "n"},
	{TYPE_SOA, "nnwtttt"}, {TYPE_RRSIG, "ygbwTThn6"}, {TYPE_NSEC, "nB"},   {TYPE_DNSKEY, "hbg6"},
	{TYPE_DS, "hgbx"},    {257 /* CAA */, "bsO"},  {TYPE_NAPTR, "hhsssn"}, {TYPE_DNAME, "n"},
	{52 /* TLSA */, "bbbx"}, {44 /* SSHFP */, "bbx"}, {TYPE_NSEC3, "bbhZzB"}, {51 /* NSEC3PARAM */, "bbhZ"},
	{TYPE_MB, "n"},	      {TYPE_MG, "n"},	       {TYPE_MR, "n"},	     {TYPE_MD, "n"},
	{TYPE_MF, "n"},	      {TYPE_HINFO, "ss"},      {TYPE_MINFO, "nn"},   {TYPE_RP, "nn"},
	{TYPE_AFSDB, "hn"},   {TYPE_RT, "hn"},	       {TYPE_KX, "hn"},	     {19 /* X25 */, "s"},
	{TYPE_PX, "hnn"},     {53 /* SMIMEA */, "bbbx"}, {56 /* NINFO */, "S"}, {59 /* CDS */, "hgbx"},
	{60 /* CDNSKEY */, "hbg6"}, {61 /* OPENPGPKEY */, "6"}, {62 /* CSYNC */, "whB"}, {63 /* ZONEMD */, "wbbx"},
	{99 /* SPF */, "S"},  {256 /* URI */, "hhO"},  {258 /* AVC */, "S"}, {261 /* RESINFO */, "S"},
	{49 /* DHCID */, "6"}, {37 /* CERT */, "Chg6"}, {108 /* EUI48 */, "e"}, {109 /* EUI64 */, "E"},
	{104 /* NID */, "hi"}, {105 /* L32 */, "h4"},   {106 /* L64 */, "hi"}, {107 /* LP */, "hn"},
	{32769 /* DLV */, "hgbx"},
};

static const char *form_of(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (forms[i].type == type)
			return forms[i].fields;
	}
	return NULL;
}

/* \# LENGTH HEX.  What is known of the type must hold for these bytes too. */
static int read_unknown(struct zone_rdata *r, uint16_t type)
{
	struct zone_word w;
	uint64_t len;

	if (zone_rdata_word(r, &w))
		return ERR_SYNTAX;
	if (w.quoted || !zone_number(w.s, w.len, ZONE_RDATA_MAX, &len))
		return zone_rdata_fail(r, "expected the data's length behind \\#");
	if (len && zone_rdata_field(r, 'x'))
		return ERR_SYNTAX;
	if (r->len != len)
		return zone_rdata_fail(r, "the data is not as long as \\# says");
	if (!wire_rdata_valid(wire_rdata_form(type, CLASS_IN), r->out, (uint16_t)r->len))
		return zone_rdata_fail(r, "the data is not of its type's form");
	return 0;
}

/* Is the next word \#?  Then it is taken. */
static bool unknown_follows(struct zone_rdata *r)
{
	struct zone_lex before = *r->lex;
	struct zone_word w;

	if (zone_lex_word(r->lex, &w) == 1 && zone_word_is(&w, "\\#"))
		return true;
	*r->lex = before;
	return false;
}

static int read_form(struct zone_rdata *r, const char *form)
{
	for (; *form; form++) {
		if (zone_rdata_field(r, *form))
			return ERR_SYNTAX;
	}
	return 0;
}

int zone_rdata_read(struct zone_rdata *r, uint16_t type)
{
	const char *form = form_of(type);
	struct zone_word w;
	int n;

	if (memchr(r->lex->at, '#', (size_t)(r->lex->end - r->lex->at)) && unknown_follows(r))
		n = read_unknown(r, type);
	else if (form)
		n = read_form(r, form);
	else if (type == TYPE_SVCB || type == TYPE_HTTPS)
		n = zone_rdata_svcb(r);
	else if (r->no_ldns)
		n = zone_rdata_fail(r, "this type has to be written as \\# LENGTH HEX here");
	else
		n = zone_rdata_ldns(r, type);
	if (n)
		return n;
	n = zone_lex_word(r->lex, &w);
	return n == 1 ? zone_rdata_fail(r, "found more behind the end of the record") : n;
}
