package server

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/format"
)

func TestPageIsServed(t *testing.T) {
	s := small(t)
	for name, file := range pageFiles {
		target := "/page/" + name
		if name == "index.html" {
			target = "/"
		}
		w, _ := ask(s, "GET", target, "")
		require.Equal(t, http.StatusOK, w.Code, target)
		require.Equal(t, string(file.data), w.Body.String())
		require.NotEmpty(t, w.Header().Get("Content-Type"), target)
		require.Equal(t, pagePolicy, w.Header().Get("Content-Security-Policy"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))

		again, _ := ask(s, "GET", target, "", "If-None-Match", w.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Code, target)
		head, _ := ask(s, "HEAD", target, "")
		require.Equal(t, http.StatusOK, head.Code, target)
		require.Empty(t, head.Body.String())
	}
	for _, target := range []string{"/page/", "/page/index.html", "/page/js/none.js", "/page/package.json", "/page/test/e2e.mjs", "/index.html"} {
		w, code := ask(s, "GET", target, "")
		require.Equal(t, http.StatusNotFound, w.Code, target)
		require.Equal(t, "not_found", code, target)
	}
	w, _ := ask(s, "POST", "/", "")
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

// Nothing of a document can become markup or code, and nothing comes from elsewhere.
func TestPageMakesNoMarkupOfText(t *testing.T) {
	markup := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|parseFromString|setHTML|srcdoc|\beval\(|\bFunction\s*\(|javascript:|set(?:Timeout|Interval)\(\s*["'` + "`" + `]|setAttribute\(\s*["']on|\bimport\(`)
	address := regexp.MustCompile(`(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)
	for name, file := range pageFiles {
		text := string(file.data)
		require.Empty(t, markup.FindString(text), name)
		if name != "js/links.js" { // addresses to follow, not to load
			require.Empty(t, address.FindString(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")), name)
		}
	}
	html := string(pageFiles["index.html"].data)
	require.Empty(t, regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?: type="module")?>`).FindString(html))
}

// Every module is part of the page, and short enough to be read.
func TestPageModules(t *testing.T) {
	imports := regexp.MustCompile(`(?m)^import [^;]*?from "\./([a-z]+\.js)";`)
	reached := map[string]bool{}
	var follow func(string)
	follow = func(name string) {
		if reached[name] {
			return
		}
		reached[name] = true
		file, ok := pageFiles[name]
		require.True(t, ok, name)
		require.Less(t, bytes.Count(file.data, []byte("\n")), 340, name)
		for _, m := range imports.FindAllStringSubmatch(string(file.data), -1) {
			follow("js/" + m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="page/([^"]+)"`).FindAllStringSubmatch(string(pageFiles["index.html"].data), -1) {
		follow(m[1])
	}
	for name := range pageFiles {
		require.True(t, reached[name] || name == "index.html", "%s is not used", name)
	}
}

// Every format has a name for people.
func TestPageNamesFormats(t *testing.T) {
	known := string(pageFiles["js/formats.js"].data)
	for _, f := range append(format.Outputs(), format.Inputs()...) {
		require.Regexp(t, `\s"?`+regexp.QuoteMeta(string(f))+`"?: \["`, known, f)
	}
}

// Types have the colours that they have in the HTML that medner writes.
func TestPageColours(t *testing.T) {
	written, err := os.ReadFile(filepath.Join("..", "internal", "page", "page.css"))
	require.NoError(t, err)
	colour := regexp.MustCompile(`--[a-z-]+: #[0-9a-f]+;`)
	ours := string(pageFiles["css/base.css"].data)
	all := colour.FindAllString(string(written), -1)
	require.NotEmpty(t, all)
	for _, c := range all {
		require.Contains(t, ours, c)
	}
}

var shortcut = regexp.MustCompile(`\{ group: "([^"]+)", (?:mode: "span", )?keys: "([^"]+)", does: "([^"]+)"`)

// docs/page.md lists the shortcuts that there are.
func TestPageShortcutsAreDocumented(t *testing.T) {
	docs, err := os.ReadFile(filepath.Join("..", "docs", "page.md"))
	require.NoError(t, err)
	var want []string
	for _, m := range shortcut.FindAllStringSubmatch(string(pageFiles["js/keys.js"].data), -1) {
		want = append(want, "| "+m[1]+" | `"+m[2]+"` | "+m[3]+" |")
	}
	require.Len(t, want, strings.Count(string(pageFiles["js/keys.js"].data), "run: "))
	require.Contains(t, string(docs), strings.Join(want, "\n")+"\n")
}

// The modules that need no browser have tests that run in node.
func TestPageModulesInNode(t *testing.T) {
	if testing.Short() {
		t.Skip("node takes a while, and runs none of this package")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node here (scripts/install_for_tests.sh installs it)")
	}
	tests, err := filepath.Glob(path.Join("page", "test", "*.test.js"))
	require.NoError(t, err)
	require.NotEmpty(t, tests)
	out, err := exec.CommandContext(t.Context(), node, append([]string{"--test"}, tests...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
