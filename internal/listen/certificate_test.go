package listen

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// writePair writes a certificate of a name, signed by its own key, and returns the
// paths of both.
func writePair(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	require.NoError(t, err)
	packed, err := x509.MarshalPKCS8PrivateKey(secret)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: packed}), 0o600))
	return cert, key
}

// served returns the name of the certificate that a client is shown.
func served(t *testing.T, c *Certificate) string {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		defer far.Close()
		_ = tls.Server(far, c.TLS()).Handshake()
	}()
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	require.NoError(t, client.Handshake())
	return client.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestCertificateFollowsItsFiles(t *testing.T) {
	var logged bytes.Buffer
	dir := t.TempDir()
	cert, key := writePair(t, dir, "one.example")
	c, err := LoadCertificate(cert, key, slog.New(slog.NewTextHandler(&logged, nil)))
	require.NoError(t, err)
	require.Equal(t, "one.example", served(t, c))
	require.Equal(t, []string{"one.example"}, c.Names())

	writePair(t, dir, "two.example")
	c.Every = time.Hour
	require.Equal(t, "one.example", served(t, c)) // too soon to look again
	c.Every = 0
	require.Equal(t, "two.example", served(t, c))
	require.Contains(t, logged.String(), "read again")

	// Half of a new pair, then nothing: the old one stays, and one line each says so.
	logged.Reset()
	require.NoError(t, os.WriteFile(cert, []byte("-----BEGIN CERTIFICATE-----\nquux"), 0o600))
	for range 3 {
		require.Equal(t, "two.example", served(t, c))
	}
	require.Equal(t, 1, bytes.Count(logged.Bytes(), []byte("\n")), logged.String())
	require.NoError(t, os.Remove(cert))
	for range 3 {
		require.Equal(t, "two.example", served(t, c))
	}
	require.Equal(t, 2, bytes.Count(logged.Bytes(), []byte("\n")), logged.String())

	writePair(t, dir, "three.example")
	c.Every = time.Hour
	c.Reload()
	require.Equal(t, "three.example", served(t, c))
}

func TestCertificateRefusesBadFiles(t *testing.T) {
	dir := t.TempDir()
	cert, key := writePair(t, dir, "one.example")
	_, otherKey := writePair(t, t.TempDir(), "other.example")
	junk := filepath.Join(dir, "junk")
	require.NoError(t, os.WriteFile(junk, []byte("no PEM"), 0o600))
	for _, pair := range [][2]string{{cert, otherKey}, {key, cert}, {junk, key}, {cert, junk}, {dir, key}} {
		_, err := LoadCertificate(pair[0], pair[1], slog.Default())
		require.ErrorAs(t, err, new(*badinput.Error), "%v", pair)
	}
	_, err := LoadCertificate(filepath.Join(dir, "none"), key, slog.Default())
	require.ErrorIs(t, err, os.ErrNotExist)
}
