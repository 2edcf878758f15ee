package tokenizer

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// decoderBuilder collects the steps of a decoder.
type decoderBuilder struct {
	steps  []newStep
	joined bool // a step that was added joins the tokens
	growth growth
}

func (d *decoderBuilder) add(c *component) error {
	joined := d.joined
	if c.kind != "Sequence" {
		if err := d.growth.part(c, "", 1); err != nil {
			return err
		}
	}
	var s newStep
	switch c.kind {
	case "Sequence":
		return c.list("decoders", d.add)
	case "Fuse":
		s, d.joined = func() step { return fuseStep{} }, true
	case "ByteLevel":
		s, d.joined = func() step { return &byteLevelStep{} }, true
	case "ByteFallback":
		s = func() step { return &byteFallbackStep{} }
	case "Metaspace":
		m, err := c.metaspace()
		if err != nil {
			return err
		}
		s = func() step { return &metaspaceStep{mark: m.mark, drop: m.prefix != prefixNever, joined: joined} }
	case "Replace":
		var to string
		p, err := c.pattern()
		if err != nil {
			return err
		}
		from, ok := p.(literal)
		if !ok {
			return c.wrong("pattern", "a Regex", "a String")
		}
		if err := c.need("content", &to); err != nil {
			return err
		}
		d.growth.parts-- // counted above
		if err := d.growth.replace(c, p, to); err != nil {
			return err
		}
		s = func() step { return &replaceStep{from: string(from), to: to, joined: joined} }
	case "Strip":
		var content string
		var start, stop int
		if err := errors.Join(c.need("content", &content), c.need("start", &start), c.need("stop", &stop)); err != nil {
			return err
		}
		if utf8.RuneCountInString(content) != 1 || start < 0 || stop < 0 || start > maxStrip || stop > maxStrip {
			return badinput.New(c.file, c.path, fmt.Sprintf("%q, %d, %d", clip.Text(content), start, stop), "one character and two small numbers")
		}
		s = func() step { return &stripStep{content: content, start: start, stop: stop, joined: joined} }
	default:
		return c.unknown("ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip")
	}
	if joined && (c.kind == "ByteLevel" || c.kind == "ByteFallback") {
		return badinput.New(c.file, c.path, c.kind+" behind a step that joins the tokens", "it before that step")
	}
	d.steps = append(d.steps, s)
	return nil
}

// maxStrip is the most that a Strip decoder may remove at one end.
const maxStrip = 1024
