package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// fileAnswer is a file of any format, which is sent when it is complete.
type fileAnswer struct {
	w        http.ResponseWriter
	form     answerForm
	buffer   bytes.Buffer
	writer   format.Writer
	written  int
	failures []failure
}

func (a *fileAnswer) result(r *document.Result) error {
	err := a.writer.Write(r)
	if err == nil {
		a.written++
	}
	return err
}

func (a *fileAnswer) failed(id string, err *apiError) error {
	a.failures = append(a.failures, failure{id, err})
	return nil
}

func (a *fileAnswer) end([]string) error {
	if n := len(a.failures); n > 0 {
		if a.written == 0 {
			return a.failures[n-1].Error
		}
		a.w.Header().Set("Medner-Failed-Documents", strconv.Itoa(n))
		a.w.Header().Set("Medner-Errors", errorsHeader(a.failures))
	}
	if err := a.writer.Close(); err != nil {
		return err
	}
	media := a.form.media
	if a.form.format != format.Brat && strings.HasPrefix(media, "text/") {
		media += "; charset=utf-8"
	}
	a.w.Header().Set("Content-Type", media)
	a.w.Header().Set("X-Content-Type-Options", "nosniff")
	if a.form.format == format.HTML { // a page of texts that others wrote isn't shown as this site's
		a.w.Header().Set("Content-Disposition", `attachment; filename="medner.html"`)
		a.w.Header().Set("Content-Security-Policy", "sandbox allow-scripts")
	}
	_, err := a.w.Write(a.buffer.Bytes())
	return err
}

func (a *fileAnswer) abort(*apiError) bool { return false }

// errorsHeader tells the first failures, in ASCII and as long as a header may be.
func errorsHeader(failures []failure) string {
	type told struct {
		ID      string `json:"id"`
		Message string `json:"message"`
	}
	const most = 4000 // bytes
	text := "["
	for i, f := range failures {
		data, err := json.Marshal(told{f.ID, f.Error.Message})
		if err != nil {
			continue
		}
		object := inASCII(data)
		if len(text)+len(object) > most {
			break
		}
		if i > 0 {
			text += ","
		}
		text += object
	}
	return text + "]"
}

// inASCII returns JSON with escapes for all that isn't ASCII.
func inASCII(data []byte) string {
	var out strings.Builder
	for _, c := range string(data) {
		if c < utf8.RuneSelf {
			out.WriteRune(c)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, c) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}
