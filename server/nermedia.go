package server

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/format"
)

// envelope is the media type of the JSON object {"documents": […]}, in which documents
// are sent and answered unless a request says otherwise.
const envelope = "application/json"

// The media types of streamed answers.
const (
	ndjson      = "application/x-ndjson"
	eventStream = "text/event-stream"
)

// mediaTypes lists the media types of each format; the first is the one that answers
// have. Every format has the type that vendorType returns too. XML and JSON types that
// several formats share are in detectedTypes.
var mediaTypes = map[format.Format][]string{
	format.Text:      {"text/plain"},
	format.JSONL:     {ndjson, "application/ndjson", "application/jsonl", "application/jsonlines", "application/x-jsonlines"},
	format.PubTator:  {"text/x-pubtator", "application/x-pubtator"},
	format.BioCXML:   {"application/x-bioc+xml", "application/bioc+xml"},
	format.BioCJSON:  {"application/x-bioc+json", "application/bioc+json"},
	format.Brat:      {"text/x-brat"},
	format.DisplaCy:  {"application/x-displacy+json"},
	format.TSV:       {"text/tab-separated-values"},
	format.HTML:      {"text/html"},
	format.PubMedXML: {"application/x-pubmed+xml", "application/pubmed+xml"},
	format.MEDLINE:   {"application/x-medline", "application/nbib", "application/x-research-info-systems-nbib"},
	format.JATS:      {"application/jats+xml", "application/x-jats+xml"},
	format.RIS:       {"application/x-research-info-systems"},
	format.CoNLL:     {"text/x-conll"},
	format.XMI:       {"application/vnd.xmi+xml"},
	format.CSV:       {"text/csv"},
	format.Parquet:   {"application/vnd.apache.parquet"},
}

// detectedTypes lists the media types of bodies whose format is found out by their first bytes.
var detectedTypes = []string{"application/xml", "text/xml", "application/octet-stream", "application/gzip", "application/zstd"}

// outputAliases are media types that answers may be asked for by, beside those in
// mediaTypes.
var outputAliases = map[string]format.Format{"application/xml": format.BioCXML, "text/xml": format.BioCXML}

// vendorType returns the media type that every format has.
func vendorType(f format.Format) string { return "application/vnd.medner." + string(f) }

// typesOf returns the media types of a format, the one of answers first.
func typesOf(f format.Format) []string { return append(slices.Clone(mediaTypes[f]), vendorType(f)) }

// inputFormat returns the format in which a body is read, by the name that the request
// gives, or else by the body's media type: "" is found out by the first bytes. isEnvelope
// says that the body is the object {"documents": […]}.
func inputFormat(r *http.Request) (f format.Format, isEnvelope bool, err error) {
	if name := r.URL.Query().Get("input"); name != "" {
		if f, err = format.ParseInput(name); err != nil {
			return "", false, badField("input", strconv.Quote(name), "one of "+names(format.Inputs()))
		}
		return f, false, nil
	}
	header := r.Header.Get("Content-Type")
	if header == "" {
		return "", true, nil
	}
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return "", false, unsupportedMedia(header)
	}
	switch {
	case media == envelope, media == "application/x-www-form-urlencoded": // curl -d sends it
		return "", true, nil
	case slices.Contains(detectedTypes, media):
		return "", false, nil
	}
	for _, f := range format.Inputs() {
		if slices.Contains(typesOf(f), media) {
			return f, false, nil
		}
	}
	return "", false, unsupportedMedia(header)
}

func unsupportedMedia(found string) *apiError {
	list := append([]string{envelope}, detectedTypes...)
	for _, f := range format.Inputs() {
		list = append(list, typesOf(f)[0])
	}
	return &apiError{
		status: http.StatusUnsupportedMediaType, Kind: kindRequest, Code: "unsupported_media_type",
		Message: fmt.Sprintf("Content-Type: found %q, expected one of %s, or ?input= with one of %s", found, strings.Join(unique(list), ", "), names(format.Inputs())),
	}
}

// answerForm says what an answer is written as.
type answerForm struct {
	media  string        // the media type
	format format.Format // "" for the envelope and for events
}

// answerForms lists what answers can be written as; the first is the default.
func answerForms() []answerForm {
	forms := []answerForm{{media: envelope}, {media: ndjson, format: format.JSONL}, {media: eventStream}}
	for _, f := range format.Outputs() {
		for _, media := range typesOf(f) {
			forms = append(forms, answerForm{media, f})
		}
	}
	for _, media := range []string{"application/xml", "text/xml"} {
		forms = append(forms, answerForm{media, outputAliases[media]})
	}
	return forms
}

// formOf returns what an answer is written as: the format of a name, if the request gives
// one, or else what its Accept header prefers among what there is.
func formOf(r *http.Request, name string) (answerForm, error) {
	if name != "" {
		f, err := format.ParseOutput(name)
		if err != nil {
			return answerForm{}, badField("format", strconv.Quote(name), "one of "+names(format.Outputs()))
		}
		return answerForm{typesOf(f)[0], f}, nil
	}
	forms := answerForms()
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return forms[0], nil
	}
	best, quality := answerForm{}, 0.0
	var unwanted []string // ranges that the header excludes
	for part := range strings.SplitSeq(accept, ",") {
		media, parameters, err := mime.ParseMediaType(part)
		if q, bad := strconv.ParseFloat(parameters["q"], 64); err == nil && bad == nil && q == 0 {
			unwanted = append(unwanted, media)
		}
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := parameters["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		excluded := func(f answerForm) bool {
			return slices.ContainsFunc(unwanted, func(u string) bool { return inRange(f.media, u) && narrowness(u) > narrowness(media) })
		}
		if i := slices.IndexFunc(forms, func(f answerForm) bool { return inRange(f.media, media) && !excluded(f) }); i >= 0 && q > quality {
			best, quality = forms[i], q
		}
	}
	if quality == 0 {
		return answerForm{}, notAcceptable(accept)
	}
	return best, nil
}

// inRange reports whether a media type is in a range such as text/*.
func inRange(media, mediaRange string) bool {
	if class, ok := strings.CutSuffix(mediaRange, "/*"); ok {
		return class == "*" || strings.HasPrefix(media, class+"/")
	}
	return media == mediaRange
}

// narrowness orders ranges of media types: */* is the widest, one type the narrowest.
func narrowness(mediaRange string) int { return 2 - strings.Count(mediaRange, "*") }

func notAcceptable(found string) *apiError {
	var list []string
	for _, f := range answerForms() {
		list = append(list, f.media)
	}
	return &apiError{
		status: http.StatusNotAcceptable, Kind: kindRequest, Code: "not_acceptable",
		Message: fmt.Sprintf("Accept: found %q, expected one of %s", found, strings.Join(unique(list), ", ")),
	}
}

// names joins the names of formats, tasks and the like.
func names[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// unique returns a list without repetitions.
func unique(list []string) []string {
	var all []string
	for _, s := range list {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
