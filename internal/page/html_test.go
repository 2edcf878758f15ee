package page

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

type named string

func TestFormat(t *testing.T) {
	hostile := "</p><script>\"'&\x00\x1b\x85%s\xff"
	escaped := "&lt;/p&gt;&lt;script&gt;&#34;&#39;&amp;\ufffd\ufffd\ufffd%s\ufffd"
	require.Equal(t, HTML("<p title=\""+escaped+"\">"+escaped+"</p>"), Format("<p title=\"%s\">%s</p>", hostile, hostile))
	require.Equal(t, HTML(escaped), Format("%s", named(hostile)), "a text of another type")
	require.Equal(t, HTML(escaped), Format("%v", bytes.NewBufferString(hostile)), "what prints as a text")
	require.Equal(t, HTML("<b>&lt;i&gt;</b>"), Format("<b>%s</b>", Format("%s", "<i>")), "markup is escaped once")
	require.Equal(t, HTML("7 8 0.50 2.5 %"), Format("%d %d %.2f %v %%", 7, int64(8), 0.5, 2.5))
	require.Equal(t, HTML("tab\t, feed\n, α"), Format("%s", "tab\t, feed\n, α"))
}

func TestJoin(t *testing.T) {
	require.Empty(t, Join(nil, ", "))
	require.Equal(t, HTML("<a>, <b>"), Join([]HTML{"<a>", "<b>"}, ", "))
}

func TestBuilder(t *testing.T) {
	var b Builder
	b.Put("<p>")
	b.Add("%s", "<")
	var out bytes.Buffer
	_, err := b.WriteTo(&out)
	require.NoError(t, err)
	b.Add("</p>")
	_, err = b.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, "<p>&lt;</p>", out.String())
}
