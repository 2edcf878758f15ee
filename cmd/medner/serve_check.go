package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/medner/medner/internal/listen"
)

// checkTime is how long a check waits for the answer.
const checkTime = 5 * time.Second

// notReadyError says that a server isn't ready. Asking again may help.
type notReadyError struct{ error }

// askReady asks the server at --listen whether it is ready: for containers, which have
// no other program to ask with. It sends nothing secret, so it takes any certificate.
func (f *serveFlags) askReady(ctx context.Context) error {
	address, err := listen.Parse(f.listen)
	if err != nil {
		return usagef("--listen %q: %v", f.listen, err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return address.Dial(ctx)
		},
	}}
	scheme := "http"
	if f.certFile != "" {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://localhost/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		var inner interface{ Unwrap() error }
		if errors.As(err, &inner) {
			err = inner.Unwrap()
		}
		return notReadyError{fmt.Errorf("%s: %w", address, err)}
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if answer.StatusCode != http.StatusOK {
		return notReadyError{fmt.Errorf("%s: status %d: %s", address, answer.StatusCode, strings.TrimSpace(string(body)))}
	}
	return nil
}
