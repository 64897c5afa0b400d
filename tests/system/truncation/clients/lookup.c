// SPDX-License-Identifier: Apache-2.0
/* getaddrinfo of the C library it is linked with: one address a line.   lookup NAME [6] */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	char text[INET6_ADDRSTRLEN];

	if (argc < 2)
		return 2;
	hints.ai_family = argc > 2 && !strcmp(argv[2], "6") ? AF_INET6 : AF_INET;
	int err = getaddrinfo(argv[1], "80", &hints, &list);
	if (err) {
		fprintf(stderr, "%s\n", gai_strerror(err));
		return 1;
	}
	for (struct addrinfo *a = list; a; a = a->ai_next)
		if (!getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST))
			puts(text);
	freeaddrinfo(list);
	return 0;
}
