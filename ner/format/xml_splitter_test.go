package format

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pieces returns what a splitter with a buffer of a size makes of a text.
func pieces(text string, size int) (all []string) {
	s := newXMLSplitter("x", bufio.NewReaderSize(strings.NewReader(text), size), 1<<20, []string{"a", "del"}, []string{"set"}, []string{"list"})
	for range 20 {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			all = append(all, err.Error())
			if isFinal(err) {
				return all
			}
			continue
		}
		all = append(all, fmt.Sprintf("%d: %s", p.line, p.data))
	}
	return append(all, "no end")
}

// isFinal reports whether nothing can be read behind an error.
func isFinal(err error) bool {
	var end final
	return errors.As(err, &end)
}

// What lies in the buffer whole is read in a faster way. That gives the same, also where
// the file is broken.
func TestPiecesWhateverTheBuffer(t *testing.T) {
	for _, inside := range []string{
		"<x>1</x>\n<y z=\"2\"/>\n", "", "\n\n", "<x>", "</x>", "<x <y>", "<x y='>'/>", "<x y=\">\"/>", "<x y=\"></list>\"/>", "<x y=\"<\"/>",
		"<!-- </list> -->", "<![CDATA[</list>]]>", "<?p </list>?>", "<list/>", "<list></list>", "</list ><list>", "<p:list></p:list>",
		"<a>", "</a>", "<a/>", "</set>", "<del>1</del>", "a &lt; b", ">", "<", "'", "<x y=\"'\"/>", "<x y=\"" + strings.Repeat("z", 70000) + "\"/>",
		"</list x>", "</lists>", "<!DOCTYPE x>",
	} {
		text := "<set>\n<a>1\n<list>" + inside + "</list>2</a>\n<a>3</a>\n<del>4</del><a>5<list>\n</list></a></set>"
		whole := pieces(text, 1<<20)
		require.NotContains(t, whole, "no end")
		for _, size := range []int{16, 17, 23, 40, 64} {
			require.Equal(t, pieces(text, size), whole, "%.60q in a buffer of %d", inside, size)
		}
	}
}
