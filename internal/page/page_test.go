package page

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLink(t *testing.T) {
	for id, want := range map[string]string{
		"MESH:D008094": "meshb.nlm.nih.gov/record/ui?ui=D008094", "mesh:C535284": "?ui=C535284", "D008094": "?ui=D008094",
		"UMLS:C0023870": "umls/concept/C0023870", "CHEBI:28112": "CHEBI:28112", "OMIM:104300": "omim.org/entry/104300",
	} {
		require.Contains(t, string(Link(id)), `<a href="https://`, id)
		require.Contains(t, string(Link(id)), want+`"`, id)
		require.Contains(t, string(Link(id)), ">"+id+"</a>", id)
	}
	for _, id := range []string{"", "-1", "x", "javascript:alert(1)", "MESH:D008094\"", "MESH:D008094 onclick=x", "CHEBI:1/../x", "OMIM:1", "MONDO:0005148", "<b>", "MESH:D008094\n"} {
		require.NotContains(t, string(Link(id)), "<a", id)
		require.NotContains(t, string(Link(id)), "<b>", id)
	}
}

// The policy has the hash of the style and of the script, and nothing outside is
// named by them.
func TestPolicy(t *testing.T) {
	head := string(Head("<T>", "a & b"))
	require.Contains(t, head, "<title>&lt;T&gt;</title>")
	require.Contains(t, head, "a &amp; b")
	require.Contains(t, head, "default-src 'none'; style-src 'sha256-"+hash(style)+"'; script-src 'sha256-"+hash(script)+"'")
	for _, s := range []string{string(style), string(script)} {
		require.NotContains(t, s, "http")
		require.NotContains(t, s, "url(")
		require.NotContains(t, s, "innerHTML")
		require.NotContains(t, s, "</")
	}
	require.True(t, strings.HasSuffix(string(Tail()), "</script>\n</body>\n</html>\n"))
}
