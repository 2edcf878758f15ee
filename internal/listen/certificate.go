package listen

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
)

// A Certificate is a TLS certificate that follows the files it is read from: the pair
// is read again when a client connects and the last look is longer ago than Every. A
// pair that can't be used is logged once, and the one before stays.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	// Every is how long a look at the files counts.
	Every time.Duration

	mu      sync.Mutex
	current *tls.Certificate
	seen    []byte // the contents of both files when they were last looked at
	looked  time.Time
}

// LoadCertificate reads a certificate, with those of the authorities behind it, and its
// key, both in PEM.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, Every: 5 * time.Second}
	seen, err := c.read()
	if err != nil {
		return nil, err
	}
	c.seen, c.looked = seen, time.Now()
	c.current, err = c.parse(seen)
	return c, err
}

// TLS returns the configuration of a server with the certificate.
func (c *Certificate) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.get(false), nil
		},
	}
}

// Reload looks at the files at once.
func (c *Certificate) Reload() { c.get(true) }

// Names returns the host names that the certificate is for.
func (c *Certificate) Names() []string {
	var names []string
	for _, name := range c.get(false).Leaf.DNSNames {
		names = append(names, strings.ToLower(name))
	}
	return names
}

// get returns the certificate, after a look at the files if it is time, or now.
func (c *Certificate) get(now bool) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !now && time.Since(c.looked) < c.Every {
		return c.current
	}
	c.looked = time.Now()
	seen, err := c.read()
	if err == nil && bytes.Equal(seen, c.seen) {
		return c.current
	}
	if err != nil && c.seen == nil {
		return c.current // that the files can't be read has been logged
	}
	c.seen = seen // nil: they can't be read
	var renewed *tls.Certificate
	if err == nil {
		renewed, err = c.parse(seen)
	}
	if err != nil {
		c.log.Error("the TLS certificate can't be read again; the one before stays", "error", err.Error())
		return c.current
	}
	c.current = renewed
	c.log.Info("TLS certificate read again", "not_after", renewed.Leaf.NotAfter)
	return c.current
}

// mostPEM bounds the bytes of a certificate's file and of a key's.
const mostPEM = 1 << 20

// read returns the contents of both files.
func (c *Certificate) read() ([]byte, error) {
	cert, err := files.Read(c.certFile, mostPEM, "a certificate in PEM")
	if err != nil {
		return nil, err
	}
	key, err := files.Read(c.keyFile, mostPEM, "a key in PEM")
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{cert, key}, []byte("\x00")), nil
}

// parse makes a certificate of the contents of both files.
func (c *Certificate) parse(contents []byte) (*tls.Certificate, error) {
	cert, key, _ := bytes.Cut(contents, []byte("\x00"))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, badinput.New(c.certFile, "", fmt.Sprintf("no pair with %s (%v)", c.keyFile, err), "a certificate and its key, both in PEM")
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, badinput.New(c.certFile, "", err.Error(), "a certificate in PEM")
		}
	}
	return &pair, nil
}
