// SPDX-License-Identifier: Apache-2.0
// Go's own resolver (no C library): one address a line.   lookup NAME [6]
package main

import (
	"context"
	"fmt"
	"net"
	"os"
)

func main() {
	network := "ip4"
	if len(os.Args) > 2 && os.Args[2] == "6" {
		network = "ip6"
	}
	r := &net.Resolver{PreferGo: true}
	list, err := r.LookupIP(context.Background(), network, os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, ip := range list {
		fmt.Println(ip)
	}
}
