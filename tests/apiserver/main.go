// SPDX-License-Identifier: Apache-2.0

// kapi is one program that holds what a DNS server's tests need of a real
// Kubernetes control plane: the unchanged kube-apiserver, the etcd that it
// stores into, and a few small tools around them.
//
//	kapi apiserver FLAGS...        the kube-apiserver, with its own flags
//	kapi etcd -dir D -port P -peer-port Q
//	                               one etcd member, on 127.0.0.1 only
//	kapi certs -dir D              CA, server, client and service account keys
//	kapi token -dir D -ttl 30s     a signed service account token, any lifetime
//	kapi compact -port P           compact etcd's history up to now
//	kapi load -port P <LINES       write objects straight into etcd (scale tests)
//	kapi version
//
// `start` beside this file is the usual way to use it.
package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const usage = "usage: kapi apiserver|etcd|certs|token|compact|load|version [FLAGS]"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	mode, args := os.Args[1], os.Args[2:]
	var err error
	switch mode {
	case "apiserver":
		os.Args = append([]string{"kube-apiserver"}, args...)
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	case "etcd":
		err = runEtcd(args)
	case "certs":
		err = makeCerts(args)
	case "token":
		err = makeToken(args)
	case "compact":
		err = compact(args)
	case "load":
		err = load(args)
	case "version":
		printVersions()
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "kapi %s: %v\n", mode, err)
		os.Exit(1)
	}
}

func printVersions() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	fmt.Println("go", info.GoVersion)
	for _, d := range info.Deps {
		switch d.Path {
		case "k8s.io/kubernetes", "go.etcd.io/etcd/server/v3":
			fmt.Println(d.Path, d.Version)
		}
	}
}

// runEtcd starts one etcd member on loopback and runs it until a signal.
func runEtcd(args []string) error {
	fs := flag.NewFlagSet("etcd", flag.ExitOnError)
	dir := fs.String("dir", "", "data directory")
	port := fs.Int("port", 12379, "client port on 127.0.0.1")
	peerPort := fs.Int("peer-port", 12380, "peer port on 127.0.0.1")
	level := fs.String("log-level", "warn", "log level")
	fsync := fs.Bool("fsync", false, "call fsync (tests don't need to outlive a power cut)")
	fs.Parse(args)
	if *dir == "" {
		return fmt.Errorf("-dir is required")
	}
	client := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", *port)}
	peer := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", *peerPort)}

	cfg := embed.NewConfig()
	cfg.Name = "kapi"
	cfg.Dir = *dir
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.LogLevel = *level
	cfg.LogOutputs = []string{"stderr"}
	cfg.UnsafeNoFsync = !*fsync

	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-e.Server.ReadyNotify():
	case <-sig:
		return nil
	case <-time.After(60 * time.Second):
		return fmt.Errorf("not ready after 60 s")
	}
	fmt.Fprintf(os.Stderr, "etcd ready on %s\n", client.Host)
	select {
	case <-sig:
		return nil
	case err := <-e.Err():
		return err
	}
}

// compact drops etcd's history up to the present revision, so that a watch
// that asks etcd for an older one is told 'compacted' (HTTP 410 Gone).
func compact(args []string) error {
	fs := flag.NewFlagSet("compact", flag.ExitOnError)
	port := fs.Int("port", 12379, "client port on 127.0.0.1")
	fs.Parse(args)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := dialEtcd(*port)
	if err != nil {
		return err
	}
	defer c.Close()
	got, err := c.Get(ctx, "kapi-now")
	if err != nil {
		return err
	}
	if _, err := c.Compact(ctx, got.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		return err
	}
	fmt.Println(got.Header.Revision)
	return nil
}

func dialEtcd(port int) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Endpoints:   []string{fmt.Sprintf("http://127.0.0.1:%d", port)},
		DialTimeout: 10 * time.Second,
	})
}

// load reads lines of KEY, a tab, and an object as JSON, and writes each to
// etcd, or deletes KEY where the object is empty. The API server decodes JSON
// from its store as well as protobuf, and its watches see the change. It skips
// validation and address allocation, whose cost grows with each Service there
// is: ten thousand take seconds this way, and many minutes through the API.
func load(args []string) error {
	fs := flag.NewFlagSet("load", flag.ExitOnError)
	port := fs.Int("port", 12379, "client port on 127.0.0.1")
	timeout := fs.Duration("timeout", 5*time.Minute, "bound for the whole load")
	fs.Parse(args)
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	c, err := dialEtcd(*port)
	if err != nil {
		return err
	}
	defer c.Close()
	var ops []clientv3.Op
	count := 0
	flush := func() error {
		if len(ops) == 0 {
			return nil
		}
		count += len(ops)
		_, err := c.Txn(ctx).Then(ops...).Commit()
		ops = nil
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		key, value, ok := strings.Cut(in.Text(), "\t")
		if !ok || !strings.HasPrefix(key, "/registry/") {
			return fmt.Errorf("not a KEY, tab, object line: %.80q", in.Text())
		}
		if value == "" {
			ops = append(ops, clientv3.OpDelete(key))
		} else {
			ops = append(ops, clientv3.OpPut(key, value))
		}
		if len(ops) == 100 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	fmt.Println(count, "keys")
	return nil
}

// ---- certificates ----

type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// issue writes DIR/NAME.crt and DIR/NAME.key; by == nil makes a CA of its own.
func issue(dir, name string, t *x509.Certificate, by *signer) (*signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = time.Now().Add(-time.Hour)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = time.Now().AddDate(10, 0, 0)
	}
	parent, parentKey := t, key
	if by != nil {
		parent, parentKey = by.cert, by.key
	} else {
		t.IsCA, t.BasicConstraintsValid = true, true
		t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der, 0o644); err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, name+".key"), "PRIVATE KEY", keyDER, 0o600); err != nil {
		return nil, err
	}
	return &signer{cert, key}, nil
}

func makeCerts(args []string) error {
	fs := flag.NewFlagSet("certs", flag.ExitOnError)
	dir := fs.String("dir", "", "directory to write to")
	serviceIPs := fs.String("service-ips", "10.96.0.1", "the kubernetes Service's addresses, with commas")
	fs.Parse(args)
	if *dir == "" {
		return fmt.Errorf("-dir is required")
	}
	if err := os.MkdirAll(*dir, 0o700); err != nil {
		return err
	}
	ca, err := issue(*dir, "ca", &x509.Certificate{Subject: pkix.Name{CommonName: "kapi-ca"}}, nil)
	if err != nil {
		return err
	}
	// A CA that signed nothing in use, for tests of a refused server.
	if _, err := issue(*dir, "other-ca", &x509.Certificate{Subject: pkix.Name{CommonName: "other-ca"}}, nil); err != nil {
		return err
	}
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, s := range strings.Split(*serviceIPs, ",") {
		ip := net.ParseIP(strings.TrimSpace(s))
		if ip == nil {
			return fmt.Errorf("not an address: %q", s)
		}
		ips = append(ips, ip)
	}
	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		IPAddresses: ips,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if _, err := issue(*dir, "apiserver", server, ca); err != nil {
		return err
	}
	clients := map[string]pkix.Name{
		"admin":  {CommonName: "admin", Organization: []string{"system:masters"}},
		"dns":    {CommonName: "dns"},
		"nobody": {CommonName: "nobody"},
	}
	for name, subject := range clients {
		t := &x509.Certificate{
			Subject:     subject,
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		if _, err := issue(*dir, name, t, ca); err != nil {
			return err
		}
	}
	// The key that signs service account tokens.
	sa, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	pub, err := x509.MarshalPKIXPublicKey(&sa.PublicKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(*dir, "sa.key"), "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(sa), 0o600); err != nil {
		return err
	}
	return writePEM(filepath.Join(*dir, "sa.pub"), "PUBLIC KEY", pub, 0o644)
}

// makeToken signs a service account token itself. The API server's own
// TokenRequest gives none shorter than 10 minutes, too long for a test of
// what a client does when its token runs out.
func makeToken(args []string) error {
	fs := flag.NewFlagSet("token", flag.ExitOnError)
	dir := fs.String("dir", "", "directory that holds sa.key")
	ns := fs.String("namespace", "kube-system", "namespace of the service account")
	name := fs.String("name", "coredns", "name of the service account")
	uid := fs.String("uid", "", "uid of the service account")
	issuer := fs.String("issuer", "https://kubernetes.default.svc.cluster.local", "issuer and audience")
	ttl := fs.Duration("ttl", time.Hour, "lifetime; negative: already run out")
	fs.Parse(args)
	raw, err := os.ReadFile(filepath.Join(*dir, "sa.key"))
	if err != nil {
		return err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return fmt.Errorf("sa.key holds no PEM block")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	now := time.Now()
	issued := now
	if *ttl < 0 {
		issued = now.Add(*ttl - time.Hour)
	}
	claims := map[string]any{
		"iss": *issuer,
		"aud": []string{*issuer},
		"sub": "system:serviceaccount:" + *ns + ":" + *name,
		"iat": issued.Unix(),
		"nbf": issued.Unix(),
		"exp": now.Add(*ttl).Unix(),
		"kubernetes.io": map[string]any{
			"namespace":      *ns,
			"serviceaccount": map[string]string{"name": *name, "uid": *uid},
		},
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return err
	}
	fmt.Println(text + "." + enc.EncodeToString(sig))
	return nil
}
