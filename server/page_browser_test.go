package server

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The page is used in Chromium, on a server with a small model: curators' paths with
// the mouse and with the keyboard alone, many and long documents, what goes wrong, and
// axe-core. scripts/check_serve_page.sh does the same with the default model.
func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes a while")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node here (scripts/install_for_tests.sh installs it)")
	}
	chromium := os.Getenv("CHROMIUM")
	if chromium == "" {
		chromium = "/usr/bin/chromium"
	}
	modules := filepath.Join("page", "test", "node_modules", "playwright-core")
	for _, needed := range []string{chromium, modules} {
		if _, err := os.Stat(needed); err != nil {
			t.Skipf("there is no %s here (scripts/install_for_tests.sh installs it)", needed)
		}
	}
	s := small(t)
	w, _ := ask(s, "GET", "/v1/ner/options", "")
	require.Equal(t, http.StatusOK, w.Code) // else each wait of the page would take its time
	site := httptest.NewServer(s)
	defer site.Close()
	keyed := small(t)
	keyed.SetKeys(Key{"curator", "key-of-a-curator"})
	locked := httptest.NewServer(keyed)
	defer locked.Close()
	gold, err := filepath.Abs(filepath.Join("..", "testdata", "cdr", "sample.PubTator"))
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), node, filepath.Join("page", "test", "e2e.mjs"), "--quick", "--url", site.URL+"/", "--gold", gold, "--locked", locked.URL+"/", "--lockedKey", "key-of-a-curator", "--out", t.TempDir())
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}
