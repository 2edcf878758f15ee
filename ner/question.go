package ner

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// question is one prompt about one piece of an article.
type question struct {
	task    prompt.Task
	prompt  *prompt.Prompt
	user    string // the user's turn: instruction and piece
	seam    int    // bytes of the user's turn that are the shared prefix; 0: none
	article string // the piece
	piece   int    // the piece's place in the article, from 0
	start   int    // the piece's first byte in the document's text
}

// tokens renders and encodes a question. The token that begins a text stands
// there once, or twice where the prompt asks for it, if the model has one.
func (e *Extractor) tokens(q question) ([]int32, error) {
	r, err := e.render(q)
	if err != nil {
		return nil, err
	}
	if q.seam == 0 {
		encoded := e.begun(r, q.prompt)
		return encoded.IDs, encoded.Err
	}
	prefix, branch, err := e.parts(q, r)
	if err != nil {
		return nil, err
	}
	encoded := e.tokenizer.Encode(branch.Text, tokenizer.EncodeOptions{ParseSpecial: true, Literal: branch.Literal})
	return append(prefix, encoded.IDs...), encoded.Err
}

// begun encodes a text that begins a prompt.
func (e *Extractor) begun(r prompt.Rendered, p *prompt.Prompt) tokenizer.Encoding {
	options := tokenizer.EncodeOptions{ParseSpecial: true, Literal: r.Literal}
	encoded := e.tokenizer.Encode(r.Text, options)
	if bos, ok := e.tokenizer.BOS(); ok && !p.DuplicateBOS && len(encoded.IDs) > 0 && encoded.IDs[0] == bos {
		return encoded
	}
	options.AddSpecial = true
	return e.tokenizer.Encode(r.Text, options)
}

// render writes a question out: as the prompt's own text has it, in the marks
// of the model's family, or through the model's chat template.
func (e *Extractor) render(q question) (prompt.Rendered, error) {
	if q.prompt.Text != "" {
		return q.prompt.RenderText(q.user), nil
	}
	if style := e.style(); q.prompt.Chat == prompt.Plain && style != "" {
		return style.Render(q.prompt.System, q.user), nil
	}
	template, err := e.template()
	if err != nil {
		bad := badinput.New("", "prompt "+q.prompt.Name, "a model without a known chat format", "a chat template, or a prompt with its own")
		bad.Err = err
		return prompt.Rendered{}, bad
	}
	var messages []chat.Message
	if q.prompt.System != "" {
		messages = append(messages, chat.Message{Role: "system", Content: q.prompt.System})
	}
	messages = append(messages, chat.Message{Role: "user", Content: q.user})
	r, err := template.Render(messages, chat.Options{AddGenerationPrompt: true})
	return prompt.Rendered{Text: r.Text, Literal: r.Literal}, err
}

// checkText refuses a text that isn't UTF-8, in which code points can't be
// counted.
func checkText(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return badinput.New("", "text", fmt.Sprintf("byte %#02x at byte %d", text[i], i), "UTF-8")
		}
	}
	return nil
}

// blank reports whether a text has neither letter nor digit to ask about.
func blank(text string) bool {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return false
		}
	}
	return true
}
