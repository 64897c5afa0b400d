// SPDX-License-Identifier: Apache-2.0
/* Names of types, classes and rcodes, both ways.  IANA "Domain Name System (DNS) Parameters". */
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct named {
	uint16_t number;
	const char *name;
};

/* Ascending: looked up by bisection. */
static const struct named types[] = {
	{1, "A"},           {2, "NS"},      {3, "MD"},         {4, "MF"},        {5, "CNAME"},
	{6, "SOA"},         {7, "MB"},      {8, "MG"},         {9, "MR"},        {10, "NULL"},
	{11, "WKS"},        {12, "PTR"},    {13, "HINFO"},     {14, "MINFO"},    {15, "MX"},
	{16, "TXT"},        {17, "RP"},     {18, "AFSDB"},     {19, "X25"},      {20, "ISDN"},
	{21, "RT"},         {22, "NSAP"},   {23, "NSAP-PTR"},  {24, "SIG"},      {25, "KEY"},
	{26, "PX"},         {27, "GPOS"},   {28, "AAAA"},      {29, "LOC"},      {30, "NXT"},
	{31, "EID"},        {32, "NIMLOC"}, {33, "SRV"},       {34, "ATMA"},     {35, "NAPTR"},
	{36, "KX"},         {37, "CERT"},   {38, "A6"},        {39, "DNAME"},    {40, "SINK"},
	{41, "OPT"},        {42, "APL"},    {43, "DS"},        {44, "SSHFP"},    {45, "IPSECKEY"},
	{46, "RRSIG"},      {47, "NSEC"},   {48, "DNSKEY"},    {49, "DHCID"},    {50, "NSEC3"},
	{51, "NSEC3PARAM"}, {52, "TLSA"},   {53, "SMIMEA"},    {55, "HIP"},      {56, "NINFO"},
	{57, "RKEY"},       {58, "TALINK"}, {59, "CDS"},       {60, "CDNSKEY"},  {61, "OPENPGPKEY"},
	{62, "CSYNC"},      {63, "ZONEMD"}, {64, "SVCB"},      {65, "HTTPS"},    {99, "SPF"},
	{100, "UINFO"},     {101, "UID"},   {102, "GID"},      {103, "UNSPEC"},  {104, "NID"},
	{105, "L32"},       {106, "L64"},   {107, "LP"},       {108, "EUI48"},   {109, "EUI64"},
	{128, "NXNAME"},    {249, "TKEY"},  {250, "TSIG"},     {251, "IXFR"},    {252, "AXFR"},
	{253, "MAILB"},     {254, "MAILA"}, {255, "ANY"},      {256, "URI"},     {257, "CAA"},
	{258, "AVC"},       {259, "DOA"},   {260, "AMTRELAY"}, {261, "RESINFO"}, {32768, "TA"},
	{32769, "DLV"},
};

static const struct named classes[] = {
	{CLASS_IN, "IN"},     {2, "CS"},          {CLASS_CH, "CH"}, {CLASS_HS, "HS"},
	{CLASS_NONE, "NONE"}, {CLASS_ANY, "ANY"},
};

static const struct named rcodes[] = {
	{0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},
	{5, "REFUSED"},  {6, "YXDOMAIN"},   {7, "YXRRSET"},  {8, "NXRRSET"},   {9, "NOTAUTH"},
	{10, "NOTZONE"}, {11, "DSOTYPENI"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},
	{19, "BADMODE"}, {20, "BADNAME"},   {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};

enum { NUMBER_TEXT_MAX = 16 }; /* promised by the header; "CLASS65535" takes 11 */

static int by_number(const void *key, const void *item)
{
	const struct named *n = item;

	return (int)*(const unsigned *)key - (int)n->number;
}

static const char *find_name(const struct named *table, size_t n, unsigned number)
{
	const struct named *f = bsearch(&number, table, n, sizeof *table, by_number);

	return f ? f->name : NULL;
}

static const char *number_text(const char *prefix, unsigned number, char *buf)
{
	snprintf(buf, NUMBER_TEXT_MAX, "%s%u", prefix, number);
	return buf;
}

const char *wire_type_text(uint16_t type, char *buf)
{
	const char *name = find_name(types, ARRAY_LEN(types), type);

	return name ? name : number_text("TYPE", type, buf);
}

const char *wire_class_text(uint16_t cls, char *buf)
{
	const char *name = find_name(classes, ARRAY_LEN(classes), cls);

	return name ? name : number_text("CLASS", cls, buf);
}

const char *wire_rcode_text(unsigned rcode, char *buf)
{
	const char *name = rcode <= UINT16_MAX ? find_name(rcodes, ARRAY_LEN(rcodes), rcode) : NULL;

	return name ? name : number_text("", rcode, buf);
}

/* 0..max in decimal digits and nothing else, or -1. */
static int number_from_text(const char *s, int max)
{
	int v = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (*s - '0');
		if (v > max)
			return -1;
	}
	return v;
}

static int find_number(const struct named *table, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(table[i].name, s))
			return table[i].number;
	return -1;
}

/* A name of the table, or `prefix` and a number (RFC 3597 5). */
static int from_text(const struct named *table, size_t n, const char *prefix, const char *s)
{
	size_t skip = strlen(prefix);
	int v = find_number(table, n, s);

	if (v < 0 && !strncasecmp(s, prefix, skip))
		v = number_from_text(s + skip, UINT16_MAX);
	return v;
}

int wire_type_from_text(const char *s)
{
	return from_text(types, ARRAY_LEN(types), "TYPE", s);
}

int wire_class_from_text(const char *s)
{
	return from_text(classes, ARRAY_LEN(classes), "CLASS", s);
}

int wire_rcode_from_text(const char *s)
{
	int v = find_number(rcodes, ARRAY_LEN(rcodes), s);

	return v >= 0 ? v : number_from_text(s, 0xfff); /* 12 bits with EDNS, RFC 6891 6.1.3 */
}
