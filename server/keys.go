package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Key is what a client shows to be let in: Authorization: Bearer SECRET.
type Key struct {
	Name   string // for logs and metrics, in place of the secret
	Secret string
}

// keyring holds the keys of a server by the hashes of their secrets. The zero value
// lets everybody in.
type keyring []hashedKey

type hashedKey struct {
	name string
	hash [sha256.Size]byte
}

func newKeyring(keys []Key) keyring {
	var ring keyring
	for _, k := range keys {
		ring = append(ring, hashedKey{k.Name, sha256.Sum256([]byte(k.Secret))})
	}
	return ring
}

// find returns the name of the key with a secret. It takes as long for a secret that is
// nearly right as for any other, and compares it with every key.
func (k keyring) find(secret string) (name string, found bool) {
	hash := sha256.Sum256([]byte(secret))
	for i := range k {
		if subtle.ConstantTimeCompare(hash[:], k[i].hash[:]) == 1 {
			name, found = k[i].name, true
		}
	}
	return name, found
}

// SetKeys replaces the keys with which clients are let in. Without any, all are. It may
// be called while the server answers; requests that are in flight go on.
func (s *Server) SetKeys(keys ...Key) {
	ring := newKeyring(keys)
	s.keys.Store(&ring)
}

// keyParameters are names of query parameters by which clients of other services show
// their keys.
var keyParameters = []string{"key", "api_key", "apikey", "api-key", "access_token", "token"}

// authorize lets a request in that shows a key, if the server has keys.
func (s *Server) authorize(r *http.Request) error {
	query := r.URL.Query()
	for name := range query {
		for _, refused := range keyParameters {
			if strings.EqualFold(name, refused) {
				return &apiError{
					status: http.StatusBadRequest, Kind: kindRequest, Code: "key_in_query",
					Message: "found a key in the query, where proxies log it: expected the header Authorization: Bearer KEY",
				}
			}
		}
	}
	ring := *s.keys.Load()
	if len(ring) == 0 || isOpen(r) {
		return nil
	}
	given := r.Header.Values("Authorization")
	if len(given) == 1 {
		scheme, secret, _ := strings.Cut(given[0], " ")
		if strings.EqualFold(scheme, "Bearer") {
			if name, found := ring.find(strings.TrimSpace(secret)); found {
				recordOf(r.Context()).key = name
				return nil
			}
		}
	}
	return &apiError{
		status: http.StatusUnauthorized, Kind: kindRequest, Code: "invalid_api_key",
		Message: "found no key that is known, expected the header Authorization: Bearer KEY",
	}
}

// isProbe tells the routes by which a supervisor looks whether the server is well.
func isProbe(route string) bool {
	return route == "/livez" || route == "/readyz" || route == "/healthz"
}

// isOpen tells requests that need no key and no model: probes, and what holds nothing
// but the program itself.
func isOpen(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	path := r.URL.Path
	return isProbe(path) || path == "/openapi.json" || isPage(path)
}

// isPage tells the paths of the page and of its files.
func isPage(path string) bool {
	return path == "/" || path == "/favicon.ico" || strings.HasPrefix(path, "/page/")
}
