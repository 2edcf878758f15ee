package format

import (
	"regexp"
	"strings"

	"github.com/medner/medner/badinput"
)

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']`)

// encoding returns an error if the file declares an encoding other than UTF-8.
func (s *xmlSplitter) encoding() error {
	m := xmlEncoding.FindSubmatch(s.head)
	if m == nil {
		return nil
	}
	switch strings.ToLower(string(m[1])) {
	// What declares UTF-16 in bytes of UTF-8 was in UTF-16 before it was converted.
	case "utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be":
		return nil
	}
	return final{badinput.New(s.name, "encoding", quote(string(m[1])), "UTF-8")}
}
