package format

import (
	"encoding/xml"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// blocks reads the children of an element that holds paragraphs, sections, figures
// and the like. Paragraphs become passages of a type.
func (a *jatsArticle) blocks(kind string) error {
	return a.c.children(func(start xml.StartElement) error { return a.block(start, kind) })
}

// block reads an element that is no part of a line.
func (a *jatsArticle) block(start xml.StartElement, kind string) error {
	switch name := start.Name.Local; name {
	case "sec", "app", "ack", "notes", "bio", "boxed-text", "glossary", "def-list", "statement", "dialogue":
		return a.section(kind)
	case "title":
		text, err := a.line()
		a.heading(text, kind)
		return err
	case "p", "attrib", "verse-group", "speech", "def-item", "list-item", "disp-formula", "preformat", "code", "chem-struct", "question", "answer":
		return a.paragraph(kind)
	case "label", "sec-meta", "object-id", "graphic", "inline-graphic", "media", "alternatives-group", "permissions", "alt-text", "long-desc", "x", "contrib-group":
		return a.c.skip()
	case "list", "disp-quote", "app-group", "fig-group", "table-wrap-group", "disp-formula-group", "chem-struct-wrap", "caption", "def", "alternatives", "fn", "question-wrap", "array":
		return a.blocks(kind)
	case "fig":
		return a.blocks(figureCaption)
	case "supplementary-material":
		return a.blocks(supplementType)
	case "table-wrap":
		return a.blocks(tableCaption)
	case "table-wrap-foot":
		return a.blocks(tableFootnote)
	case "fn-group":
		return a.blocks(footnoteType)
	case "table":
		return a.table()
	}
	return a.forget(start)
}

// section reads a section, whose heading is its first title.
func (a *jatsArticle) section(kind string) error {
	depth := len(a.sections)
	a.sections = append(a.sections, "")
	err := a.blocks(kind)
	a.sections = a.sections[:depth]
	return err
}

// heading adds the heading of the section around, or the title of a caption.
func (a *jatsArticle) heading(text, kind string) {
	depth := len(a.sections)
	switch {
	case kind == abstractType:
		a.addPart(abstractHead, text)
	case kind != paragraphType || depth == 0:
		a.addPart(kind, text)
	default:
		a.addPart(sectionHead+strconv.Itoa(depth), text)
	}
	if depth > 0 && a.sections[depth-1] == "" {
		a.sections[depth-1] = text
	}
}

// addPart adds a passage, with the heading of the section around it.
func (a *jatsArticle) addPart(kind, text string) {
	var infons map[string]string
	for i := len(a.sections) - 1; i >= 0; i-- {
		if a.sections[i] != "" {
			infons = setInfon(nil, sectionInfon, a.sections[i])
			break
		}
	}
	a.add(kind, text, infons)
}

// abstractBlocks reads the children of an abstract, whose passages get infons.
func (a *jatsArticle) abstractBlocks(infons map[string]string) error {
	outer := a.sections
	a.sections = nil
	first := len(a.list)
	err := a.blocks(abstractType)
	a.sections = outer
	for i := first; i < len(a.list); i++ {
		for k, v := range infons {
			a.list[i].Infons = setInfon(a.list[i].Infons, k, v)
		}
	}
	return err
}

// paragraph reads an element whose text is one passage. What is no part of a line
// within it, such as a table or a list, cuts it in two.
func (a *jatsArticle) paragraph(kind string) error {
	outer, outerKind := a.flow, a.kind
	a.flow, a.kind = &strings.Builder{}, kind
	err := a.inline()
	a.cut()
	a.flow, a.kind = outer, outerKind
	return err
}

// cut makes a passage of the text of the paragraph so far.
func (a *jatsArticle) cut() {
	if a.kind != "" {
		a.addPart(a.kind, oneLine(a.flow.String()))
		a.flow.Reset()
	}
}

// inline reads the content of an element in a paragraph.
func (a *jatsArticle) inline() error {
	for {
		t, err := a.c.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.CharData:
			a.write(t)
		case xml.StartElement:
			if err := a.inlineElement(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// write adds text to the paragraph. A blank parts the text of a cross-reference
// from a word right before it, which are set apart by raised type in print: the
// citation 1 of "metformin" is no part of the word.
func (a *jatsArticle) write(text []byte) {
	if a.raised && len(text) > 0 {
		a.raised = false
		before, _ := utf8.DecodeLastRuneInString(a.flow.String())
		after, _ := utf8.DecodeRune(text)
		if isWord(before) && isWord(after) {
			a.flow.WriteByte(' ')
		}
	}
	a.flow.Write(text)
}

// isWord tells whether a letter or a digit is part of a word.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// inlineElement reads an element in a paragraph.
func (a *jatsArticle) inlineElement(start xml.StartElement) error {
	switch start.Name.Local {
	case "tex-math", "graphic", "inline-graphic", "media", "alt-text", "long-desc", "object-id", "private-char", "annotation", "index-term", "label":
		return a.c.skip() // a formula stands there in MathML too
	case "break", "sep":
		a.flow.WriteByte(' ')
		return a.inline()
	case "xref":
		a.raised = true
		err := a.inline()
		a.raised = false
		return err
	case "p", "term", "def", "speaker", "verse-line", "title", "caption":
		// Paragraphs in lists and definitions.
		a.flow.WriteByte(' ')
		err := a.inline()
		a.flow.WriteByte(' ')
		return err
	case "list", "disp-quote", "fig", "fig-group", "table-wrap", "table-wrap-group", "boxed-text", "supplementary-material", "def-list", "disp-formula",
		"disp-formula-group", "fn", "sec", "table", "fn-group", "verse-group", "preformat", "code", "statement", "speech", "array", "chem-struct-wrap":
		if a.kind == "" && start.Name.Local == "fn" {
			return a.forget(start) // a note to a title, or to a cell of a table
		}
		if a.kind == "" {
			a.flow.WriteByte(' ')
			return a.inline()
		}
		a.cut()
		kind := a.kind
		if start.Name.Local == "fn" {
			kind = footnoteType
		}
		return a.block(start, kind)
	}
	return a.inline()
}

// table reads a table as one passage: its rows are lines, and tabs stand between
// cells.
func (a *jatsArticle) table() error {
	var rows []string
	var cells []string
	var read func(start xml.StartElement) error
	read = func(start xml.StartElement) error {
		switch start.Name.Local {
		case "thead", "tbody", "tfoot", "tgroup":
			return a.c.children(read)
		case "tr", "row":
			cells = nil
			err := a.c.children(read)
			rows = append(rows, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
			return err
		case "td", "th", "entry":
			text, err := a.line()
			cells = append(cells, text)
			return err
		}
		return a.c.skip() // widths of columns
	}
	err := a.c.children(read)
	a.addPart(tableType, strings.Trim(strings.Join(rows, "\n"), "\n"))
	return err
}
