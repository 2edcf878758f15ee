package format

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
)

// structure is a feature structure of a CAS that is read.
type structure struct {
	space, local string            // of its type: "uima.cas" and "Sofa"
	id           string            // of the structure
	features     map[string]string // references are the identifiers of structures, with spaces between
}

// xmiSource reads UIMA's XMI, a document a file.
type xmiSource struct {
	split   *xmlSplitter
	o       ReadOptions
	checked bool // the encoding of the file
}

func newXMISource(name string, in *bufio.Reader, o ReadOptions) *xmiSource {
	return &xmiSource{split: newXMLSplitter(name, in, o.maxDocument(), []string{"XMI"}, nil, nil), o: o}
}

func (s *xmiSource) next() (document.Result, error) {
	piece, err := s.split.next()
	if s.split.started && !s.checked {
		s.checked = true
		if err := s.split.encoding(); err != nil {
			return document.Result{}, err
		}
	}
	if err != nil {
		return document.Result{}, err
	}
	var all []structure
	err = parseXML(s.split.name, piece, func(c *xmlCursor, _ xml.StartElement) error {
		return c.children(func(start xml.StartElement) error {
			space := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(start.Name.Space, "http:///"), ".ecore"), "/", ".")
			f := structure{space: space, local: start.Name.Local, features: map[string]string{}}
			for _, a := range start.Attr {
				if a.Name.Space == "" {
					f.features[a.Name.Local] = a.Value
				} else if a.Name.Local == "id" {
					f.id = a.Value
				}
			}
			all = append(all, f)
			return c.skip()
		})
	})
	if err != nil {
		return document.Result{}, err
	}
	return casResult(s.split.name, piece.line, all, s.o)
}

// casJSONSource reads CAS JSON, a document a file.
type casJSONSource struct {
	name string
	scan jsonScanner
	o    ReadOptions
}

func newCASJSONSource(name string, in *bufio.Reader, o ReadOptions) *casJSONSource {
	return &casJSONSource{name: name, scan: jsonScanner{in: in, max: o.maxDocument(), line: 1}, o: o}
}

func (s *casJSONSource) next() (document.Result, error) {
	if _, err := s.scan.peek(); err == io.EOF { //nolint:errorlint // bufio returns it bare
		return document.Result{}, io.EOF
	} else if err != nil {
		return document.Result{}, badRead(s.name, err)
	}
	line := s.scan.line
	raw, err := s.scan.value()
	if err != nil {
		j := jsonSource{name: s.name, scan: s.scan, where: inObject, any: true}
		return document.Result{}, final{j.badValue(line, err)}
	}
	bad := func(found, want string) error {
		return final{badinput.New(s.name, place(line, ""), found, want)}
	}
	if found := badJSONText(raw); found != "" {
		return document.Result{}, bad(found, textWanted(found))
	}
	var cas struct {
		All []map[string]json.RawMessage `json:"%FEATURE_STRUCTURES"`
	}
	if err := json.Unmarshal(raw, &cas); err != nil {
		return document.Result{}, bad(clip.At(err.Error(), maxPart), "CAS JSON")
	}
	var all []structure
	for _, fields := range cas.All {
		f := structure{features: map[string]string{}}
		for key, raw := range fields {
			value := plainString(raw)
			if list := []json.RawMessage(nil); strings.HasPrefix(value, "[") && json.Unmarshal(raw, &list) == nil {
				var parts []string
				for _, part := range list {
					parts = append(parts, plainString(part))
				}
				value = strings.Join(parts, " ")
			}
			f.features[strings.TrimLeft(key, "@#^")] = value
		}
		typ := f.features["%TYPE"]
		at := strings.LastIndexByte(typ, '.')
		f.space, f.local, f.id = typ[:max(at, 0)], typ[at+1:], f.features["%ID"]
		all = append(all, f)
	}
	return casResult(s.name, line, all, s.o)
}

// cas makes a document of feature structures.
type cas struct {
	file    string
	line    int
	o       ReadOptions
	byID    map[string]*structure
	sofa    string // the identifier of the structure that has the text
	ruler   ruler
	x       *document.Index
	covered int // code points of mentions so far
	d       document.Document
}

// casResult returns the document of feature structures.
func casResult(file string, line int, all []structure, o ReadOptions) (document.Result, error) {
	c := &cas{file: file, line: line, o: o, byID: map[string]*structure{}}
	found := false
	for i := range all {
		f := &all[i]
		c.byID[f.id] = f
		if text, ok := f.features["sofaString"]; ok && f.local == "Sofa" && (!found || f.features["sofaID"] == "_InitialView") {
			found, c.sofa, c.d.Text = true, f.id, text
		}
		if f.local == "DocumentMetaData" || f.local == "DocumentID" { // DKPro's, and cTAKES's
			for _, key := range []string{"documentTitle", "documentID", "documentId"} {
				if v := f.features[key]; v != "" {
					c.d.ID = v
				}
			}
		}
	}
	if !found {
		return document.Result{}, badinput.New(file, place(line, ""), "a CAS without a text", "a Sofa with a sofaString")
	}
	if c.d.ID == "" {
		c.d.ID = o.fileID(file)
	}
	c.x = document.NewIndex(c.d.Text)
	c.ruler = newRuler(c.d.Text, c.x.Len(), utf16Units)
	for i := range all {
		if err := c.add(&all[i]); err != nil {
			return document.Result{}, err
		}
	}
	return document.Result{Document: c.d}, checkPassages(&c.d, c.x)
}

// add adds what a structure stands for to the document.
func (c *cas) add(f *structure) error {
	v := f.features
	_, spanned := v["begin"]
	typ, isMention := f.mention()
	switch {
	case f.space+"."+f.local == casRelation:
		e := readRelation(v["relationType"], v["chemical"], v["disease"])
		e.ID, e.ChemicalEntity, e.DiseaseEntity = v["relationId"], v["chemicalEntity"], v["diseaseEntity"]
		e.Grounded, e.Confidence = v["grounded"] == "true", casNumber(v["confidence"])
		c.d.Relations = append(c.d.Relations, e)
		return nil
	case !spanned, isCASBase(f.local), f.local == "DocumentMetaData", v["sofa"] != "" && v["sofa"] != c.sofa:
		return nil
	case f.space+"."+f.local != casPassage && !isMention:
		c.o.warn(c.file, c.d.ID, "annotations of the type %s are not kept", clip.At(f.local, maxQuote))
		return nil
	}
	start, err1 := strconv.Atoi(v["begin"])
	end, err2 := strconv.Atoi(v["end"])
	s, ok := c.ruler.span(document.Span{Start: start, End: end}, 0)
	c.covered += max(s.End-s.Start, 0)
	if err1 != nil || err2 != nil || !ok || s.End < s.Start || s.End > c.x.Len() || c.covered > c.x.Len()+maxUnstated {
		err := badinput.New(c.file, place(c.line, c.d.ID), fmt.Sprintf("%s from %s to %s", clip.At(f.local, maxQuote), quote(v["begin"]), quote(v["end"])), "offsets in UTF-16 units within the text")
		return c.o.annotation(c.file, c.d.ID, err)
	}
	if !isMention {
		c.d.Passages = append(c.d.Passages, document.Passage{Type: v["passageType"], Start: s.Start, End: s.End})
		return nil
	}
	e := mention(typ, "")
	e.Text, _ = c.x.Slice(s)
	e.Spans = []document.Span{s}
	e.ID, e.Normalized, e.Confidence = v["entityId"], v["normalized"], casNumber(v["confidence"])
	e.Concepts = c.concepts(f)
	c.d.Entities = append(c.d.Entities, e)
	return nil
}

// ctakesTypes has the types of mentions in cTAKES that have a word here.
var ctakesTypes = map[string]string{"MedicationMention": document.Chemical, "DiseaseDisorderMention": document.Disease}

// mention returns the type of the mention that a structure is, if it is one: DKPro's
// named entities, cTAKES's mentions, and the layers that users of INCEpTION make.
func (f *structure) mention() (typ string, ok bool) {
	switch {
	case f.local == "NamedEntity":
		return f.features["value"], true
	case strings.HasSuffix(f.local, "Mention"):
		if known := ctakesTypes[f.local]; known != "" {
			return known, true
		}
		return strings.TrimSuffix(f.local, "Mention"), true
	case f.space == "webanno.custom" && f.features["Governor"] == "" && f.features["Dependent"] == "":
		for _, key := range []string{"value", "label", "type", "category"} {
			if v := f.features[key]; v != "" {
				return v, true
			}
		}
		return f.local, true
	}
	return "", false
}

// concepts returns the concepts of a mention: those that its identifier names, or
// cTAKES's structures of concepts.
func (c *cas) concepts(f *structure) []string {
	if id := f.features["identifier"]; id != "" {
		return splitConcepts(id)
	}
	var ids []string
	for _, ref := range c.refs(f.features["ontologyConceptArr"]) {
		v := ref.features
		switch {
		case v["cui"] != "":
			ids = append(ids, "UMLS:"+v["cui"])
		case v["code"] != "":
			ids = append(ids, strings.TrimPrefix(v["codingScheme"]+":"+v["code"], ":"))
		}
	}
	return ids
}

// refs returns the structures that a feature refers to, through an array too.
func (c *cas) refs(ids string) []*structure {
	var out []*structure
	for _, id := range strings.Fields(ids) {
		f := c.byID[id]
		if f == nil || len(out) > 100 {
			continue
		}
		if f.local != "FSArray" {
			out = append(out, f)
			continue
		}
		for _, inner := range strings.Fields(f.features["elements"] + " " + f.features["%ELEMENTS"]) {
			if g := c.byID[inner]; g != nil && len(out) <= 100 {
				out = append(out, g)
			}
		}
	}
	return out
}

// casNumber returns a number from 0 to 1; NaN for none.
func casNumber(s string) float64 {
	if v, err := strconv.ParseFloat(s, 64); err == nil && v >= 0 && v <= 1 {
		return v
	}
	return math.NaN()
}
