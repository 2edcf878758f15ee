package server

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// The table in docs/serving.md has each metric of medner's own, with what the server says
// of it.
func TestDocsListTheMetrics(t *testing.T) {
	docs, err := os.ReadFile(filepath.Join(golden.Root(), "docs", "serving.md"))
	require.NoError(t, err)
	told, documented := map[string]string{}, map[string]string{}
	descs := make(chan *prometheus.Desc, 256)
	Prepare().metrics.registry.Describe(descs)
	close(descs)
	for d := range descs {
		var name, help string
		_, err := fmt.Sscanf(d.String(), "Desc{fqName: %q, help: %q", &name, &help) // a Desc has no other way to tell
		require.NoError(t, err)
		if name[:3] == "med" {
			told[name] = help
		}
	}
	require.Greater(t, len(told), 20)
	for _, row := range regexp.MustCompile("(?m)^\\| `(medner_[a-z0-9_]+)` \\| (.*) \\|$").FindAllStringSubmatch(string(docs), -1) {
		documented[row[1]] = row[2]
	}
	require.Equal(t, told, documented)
}
