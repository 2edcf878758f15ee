package server

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// The page at "/": plain HTML, style sheets and ES modules, without a build step. Its
// tests, in page/test, are no part of it.
//
//go:embed page/index.html page/icon.svg page/css/*.css page/js/*.js
var pageEmbedded embed.FS

// pagePolicy allows the page its own style and script, and requests to this server; and
// forbids it to make markup of text.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// pageFile is a file of the page.
type pageFile struct {
	data      []byte
	mediaType string
	tag       string // its ETag
}

var pageFiles = readPage()

// readPage returns the files of the page by their paths: index.html, js/main.js, ….
func readPage() map[string]pageFile {
	types := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	files := map[string]pageFile{}
	err := fs.WalkDir(pageEmbedded, "page", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := pageEmbedded.ReadFile(name)
		sum := sha256.Sum256(data)
		files[strings.TrimPrefix(name, "page/")] = pageFile{data: data, mediaType: types[path.Ext(name)], tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
		return err
	})
	if err != nil {
		panic(err) // the files are part of the executable
	}
	return files
}

// servePage serves the page at "/" and its files below "/page/". They hold nothing
// secret, so that a browser can ask for the API key that the rest needs.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	if r.URL.Path == "/" {
		name = "index.html"
	}
	file, ok := pageFiles[name]
	if !ok || name == "index.html" && r.URL.Path != "/" {
		return &apiError{status: http.StatusNotFound, Kind: kindRequest, Code: "not_found", Message: fmt.Sprintf("there is no %s here", r.URL.Path)}
	}
	h := w.Header()
	h.Set("Content-Type", file.mediaType)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=()")
	// Browsers ask each time, and get the file only if it changed: after an update no
	// old script meets a new server.
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", file.tag)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(file.data))
	return nil
}
