package server

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// docs/openai.md names every field that a request for completions may have, and every
// one that is refused.
func TestFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(golden.Root(), "docs", "openai.md"))
	require.NoError(t, err)
	fields := []string{}
	for _, r := range refusals {
		fields = append(fields, r.field)
	}
	for _, of := range []any{chatRequest{}, textRequest{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(of)) {
			if name := field.Tag.Get("json"); name != "" {
				fields = append(fields, name)
			}
		}
	}
	require.Greater(t, len(fields), 40)
	for _, field := range fields {
		if !strings.Contains(string(text), "`"+field+"`") && !strings.Contains(string(text), `"`+field+`"`) {
			t.Errorf("docs/openai.md doesn't name %s", field)
		}
	}
}
