package server

import (
	_ "embed"
	"net/http"
)

// openAPI describes the routes, in OpenAPI 3. A test compares it with routes, and every
// request and answer of the other tests with it.
//
//go:embed openapi.json
var openAPI []byte

func (s *Server) serveOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(openAPI)
	return err
}
