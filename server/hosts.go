package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// hosts decides under which names a server answers, and to which web pages.
type hosts struct {
	names   []string // beside addresses and localhost; nil: every name
	origins []string // of pages that may ask beside the server's own
}

// host checks the header Host. A page whose name was made to lead to this machine
// (DNS rebinding) sends a name that isn't the server's; a bare address can't be such a
// name.
func (h *hosts) host(r *http.Request) error {
	// Probes of load balancers speak HTTP/1.0 without the header; browsers always send it.
	if h.names == nil || r.Host == "" && isProbe(r.URL.Path) {
		return nil
	}
	name := hostName(r.Host)
	_, err := netip.ParseAddr(name)
	if err == nil || name == "localhost" || slices.ContainsFunc(h.names, func(allowed string) bool { return matchesHost(allowed, name) }) {
		return nil
	}
	return &apiError{
		status: http.StatusForbidden, Kind: kindRequest, Code: "host_not_allowed",
		Message: "found a name in the header Host that is not among those of this server, expected an address, localhost, or a name that the server is known by",
	}
}

// hostName returns the name or address of a Host header, in lower case and without the
// port; "" where the port is none.
func hostName(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return ""
		}
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// matchesHost reports whether a name is an allowed one: the same, or, of *.example.org,
// any name that ends so.
func matchesHost(allowed, name string) bool {
	allowed = strings.ToLower(allowed)
	if suffix, wild := strings.CutPrefix(allowed, "*."); wild {
		return strings.HasSuffix(name, "."+suffix)
	}
	return allowed == name
}

// origin checks the header Origin, which browsers send with what a page asks: the page
// must be the server's own, or one of those that are allowed, which are told so by the
// headers of CORS.
func (h *hosts) origin(w http.ResponseWriter, r *http.Request) error {
	given := r.Header.Values("Origin")
	if len(given) == 0 {
		return nil
	}
	w.Header().Add("Vary", "Origin")
	origin := given[0]
	if len(given) == 1 && slices.Contains(h.origins, strings.ToLower(origin)) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		return nil
	}
	from, err := url.Parse(origin)
	if len(given) == 1 && err == nil && (from.Scheme == "http" || from.Scheme == "https") && withPort(from.Host, from.Scheme) == withPort(r.Host, from.Scheme) {
		return nil
	}
	return &apiError{
		status: http.StatusForbidden, Kind: kindRequest, Code: "origin_not_allowed",
		Message: "found a page of another origin, expected the server's own page, or an origin that it allows",
	}
}

// withPort returns a host in lower case with its port, or that of the scheme.
func withPort(host, scheme string) string {
	host = strings.ToLower(host)
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return host + map[string]string{"http": ":80", "https": ":443"}[scheme]
}

// isPreflight tells the question of a browser whether a page may send a request.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight answers a page whose origin is allowed.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
