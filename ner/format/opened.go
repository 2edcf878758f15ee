package format

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
)

// opened is what a file holds, decompressed, without its byte order mark.
type opened struct {
	in     *bufio.Reader
	head   []byte // its first bytes
	marked bool   // it began with a byte order mark
	closer io.Closer
}

var byteOrderMark = []byte("\ufeff")

// binaries names files in which people have articles, but no plain text, by their
// first bytes.
var binaries = map[string]string{
	"%PDF-":                            "a PDF file",
	"PK\x03\x04":                       "a ZIP archive, as Word and OpenOffice write",
	"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Word file",
	"{\\rtf":                           "an RTF file",
	"BZh91AY&SY":                       "a file compressed by bzip2",
	"\xfd7zXZ\x00":                     "a file compressed by xz",
	"7z\xbc\xaf\x27\x1c":               "a 7z archive",
}

// openContent returns the content of a file that r delivers, unless it is no text.
func openContent(name string, r io.Reader, o ReadOptions) (*opened, error) {
	if o.Progress != nil {
		r = &countingReader{r, o.Progress}
	}
	in, closer, err := files.Decompress(name, r)
	if err != nil {
		return nil, err
	}
	c := &opened{in: in, closer: closer}
	// What stands before the place where a file is damaged is read; the next reads
	// return the error again.
	if c.head, err = in.Peek(headSize); err != nil && !errors.Is(err, io.EOF) && len(c.head) == 0 {
		return nil, badRead(name, err)
	}
	if kind := files.Compressed(c.head); kind != "" {
		return nil, badinput.New(name, "", "a file that is compressed again, by "+kind, "one that is compressed once")
	}
	if mark := c.head[:min(len(c.head), 4)]; utf16Mark(mark) {
		c.in = bufio.NewReaderSize(&utf16Reader{name: name, in: in, big: mark[0] == 0xfe}, headSize)
		in = c.in // its mark becomes that of UTF-8
		if c.head, err = in.Peek(headSize); err != nil && !errors.Is(err, io.EOF) && len(c.head) == 0 {
			return nil, badRead(name, err)
		}
	} else if encoding := wideEncoding(c.head); encoding != "" {
		wide := "UTF-16"
		if strings.Contains(encoding, "UTF-32") {
			wide = "UTF-32"
		}
		return nil, badinput.New(name, "encoding", encoding, "UTF-8 (iconv -f "+wide+" -t UTF-8 makes it)")
	}
	for magic, kind := range binaries {
		if bytes.HasPrefix(c.head, []byte(magic)) {
			return nil, badinput.New(name, "", kind, "text: convert it first")
		}
	}
	if len(c.head) > 262 && string(c.head[257:262]) == "ustar" {
		return nil, badinput.New(name, "", "a tar archive", "one file: unpack it first")
	}
	if bytes.HasPrefix(c.head, byteOrderMark) {
		c.marked = true
		c.head = c.head[len(byteOrderMark):]
		if _, err := in.Discard(len(byteOrderMark)); err != nil {
			return nil, badRead(name, err)
		}
	}
	return c, nil
}

// utf16Mark tells whether a file begins with the byte order mark of UTF-16.
func utf16Mark(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.HasPrefix(head, []byte("\xff\xfe")) && !bytes.Equal(head, []byte("\xff\xfe\x00\x00"))
}

// wideEncoding names the encoding of a file, by its first bytes, in which
// characters take two or four bytes, unless it has the mark of UTF-16; "" for others.
func wideEncoding(head []byte) string {
	switch at := func(i int) byte { return head[i] }; {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return "a UTF-32 byte order mark"
	case len(head) < 4:
	case at(0) != 0 && at(1) == 0 && at(2) != 0 && at(3) == 0, at(0) == 0 && at(1) != 0 && at(2) == 0 && at(3) != 0:
		return "UTF-16 without a byte order mark"
	}
	return ""
}

// unixLines makes the line ends of old Macs line feeds, if the content has no
// others.
func (c *opened) unixLines() {
	if bytes.IndexByte(c.head, '\n') >= 0 || bytes.IndexByte(c.head[:max(len(c.head)-1, 0)], '\r') < 0 {
		return
	}
	c.in = bufio.NewReaderSize(&returnsToFeeds{c.in}, headSize)
}

// returnsToFeeds replaces carriage returns by line feeds.
type returnsToFeeds struct{ r io.Reader }

func (f *returnsToFeeds) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
