package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/gguf"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// Text is the part of a model that turns text into token ids and back: its
// tokenizer, its chat template, and what its files say about generation.
//
// Nothing is read before it is asked for, and then once. A Text keeps no file
// open, so that it serves after the model is closed too. It is safe for
// concurrent use. The zero Text belongs to a model without files: it has
// neither tokenizer nor template.
type Text struct {
	path       string
	source     textSource
	tokenizer  func() (*tokenizer.Tokenizer, error)
	template   func() (*chat.Template, error)
	generation func() (*arch.Generation, error)
}

// textSource reads what one layout of files says about text.
type textSource interface {
	// tokenizer returns the tokenizer, or an *AbsentError.
	tokenizer() (*tokenizer.Tokenizer, error)
	// template returns the source of the chat template, in Jinja, and the file
	// that holds it; "" where the model has none.
	template() (source, file string, err error)
	// names returns the special tokens that the files name themselves.
	names() (specialNames, error)
	// ids returns the ids that the model's configuration gives for them.
	ids() (specialIDs, error)
	// generation returns the hints of generation_config.json.
	generation() (*arch.Generation, error)
	// files returns what Text.Files returns.
	files(t *Text) (map[string][]byte, error)
}

// specialNames holds the tokens that begin and end a text, as
// tokenizer_config.json names them: nil where the file says nothing, "" where it
// says that there is none.
type specialNames struct{ bos, eos *string }

// specialIDs holds the same tokens by their ids.
type specialIDs struct {
	bos int32   // -1: none
	eos []int32 // all ids that end a text, the first of which is printed
}

// AbsentError says that a model's files have no tokenizer, or no chat template.
type AbsentError struct {
	What string // "tokenizer" or "chat template"
	Err  error  // where it was looked for
}

// Error names what is absent and where it was looked for.
func (e *AbsentError) Error() string {
	if e.Err == nil {
		return "the model has no " + e.What
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *AbsentError) Unwrap() error { return e.Err }

const (
	absentTokenizer = "tokenizer"
	absentTemplate  = "chat template"
)

// stat returns what lies at the path of a model.
func stat(path string) (fs.FileInfo, error) {
	info, err := files.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Add(err, "a model is a directory in Hugging Face's layout, or a GGUF file, on this machine; none is downloaded by its name")
	}
	return info, err
}

// OpenText finds the text of a model without its weights: in a directory of
// the Hugging Face hub, which needs no config.json for that, in a
// tokenizer.json alone, which has no chat template, or in a GGUF file.
func OpenText(path string) (*Text, error) {
	info, err := stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return newText(path, directoryText{path}), nil
	case strings.EqualFold(filepath.Ext(path), ".json"):
		return newText(path, tokenizerText(path)), nil
	}
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	return newText(path, ggufText(path)), file.Close()
}

func newText(path string, source textSource) *Text {
	t := &Text{path: path, source: source, tokenizer: sync.OnceValues(source.tokenizer), generation: sync.OnceValues(source.generation)}
	t.template = sync.OnceValues(t.findTemplate)
	return t
}

// Tokenizer returns the model's tokenizer. Where there is none the error is an
// *[AbsentError].
func (t *Text) Tokenizer() (*tokenizer.Tokenizer, error) {
	if t.tokenizer == nil {
		return nil, &AbsentError{What: absentTokenizer}
	}
	return t.tokenizer()
}

// Template returns the model's chat template. Where there is none the error is
// an *[AbsentError]; where there is one that can't be run, the error says why.
func (t *Text) Template() (*chat.Template, error) {
	if t.template == nil {
		return nil, &AbsentError{What: absentTemplate}
	}
	return t.template()
}

// Generation returns what generation_config.json says about decoding. The ids
// that begin and end a text are config.json's where it doesn't say, and a GGUF
// file's own.
func (t *Text) Generation() (*arch.Generation, error) {
	if t.generation == nil {
		return &arch.Generation{BosTokenID: -1, RepetitionPenalty: 1}, nil
	}
	return t.generation()
}

// Files returns the files, by name, that a directory of the Hugging Face hub
// has beside config.json and the weights: tokenizer, chat template,
// generation_config.json, licence. For a GGUF file they are made of its
// metadata.
func (t *Text) Files() (map[string][]byte, error) {
	if t.source == nil {
		return map[string][]byte{}, nil
	}
	return t.source.files(t)
}

// findTemplate compiles the chat template for the names of the special tokens.
func (t *Text) findTemplate() (*chat.Template, error) {
	source, file, err := t.source.template()
	if err != nil {
		return nil, err
	}
	if source == "" {
		return nil, &AbsentError{absentTemplate, badinput.New(t.path, "chat template", "none", "one")}
	}
	names, err := t.specialTokens()
	if err != nil {
		return nil, err
	}
	template, err := chat.FromSource(source, names)
	if bad := (*badinput.Error)(nil); errors.As(err, &bad) && bad.File == "" {
		bad.File = file
	}
	if err != nil {
		return nil, err
	}
	template.File = file
	return template, nil
}

// specialTokens returns the names that a template prints for BOS and EOS. The
// rule is the same for all layouts: tokenizer_config.json's bos_token and
// eos_token come first, since they are what transformers renders, and null
// there means that there is no such token; where that file is missing or says
// nothing, the tokenizer gives the names of config.json's bos_token_id and first
// eos_token_id. A GGUF file has ids alone.
func (t *Text) specialTokens() (names chat.Tokens, err error) {
	named, err := t.source.names()
	if err != nil {
		return names, err
	}
	var ids specialIDs
	var tok *tokenizer.Tokenizer
	if named.bos == nil || named.eos == nil {
		if ids, err = t.source.ids(); err != nil {
			return names, err
		}
		var absent *AbsentError
		if tok, err = t.Tokenizer(); errors.As(err, &absent) {
			tok = nil // a template needs no tokenizer: it prints nothing for them then
		} else if err != nil {
			return names, err
		}
	}
	name := func(named *string, ids ...int32) string {
		switch {
		case named != nil:
			return *named
		case tok == nil || len(ids) == 0 || ids[0] < 0:
			return ""
		}
		return tok.Token(ids[0])
	}
	return chat.Tokens{BOS: name(named.bos, ids.bos), EOS: name(named.eos, ids.eos...)}, nil
}

// tokenizerText is a tokenizer.json without a model around it.
type tokenizerText string

func (s tokenizerText) tokenizer() (*tokenizer.Tokenizer, error) { return tokenizer.Load(string(s)) }

func (s tokenizerText) template() (source, file string, err error) { return "", "", nil }

func (s tokenizerText) names() (specialNames, error) { return specialNames{}, nil }

func (s tokenizerText) ids() (specialIDs, error) { return specialIDs{bos: -1}, nil }

func (s tokenizerText) generation() (*arch.Generation, error) {
	return &arch.Generation{BosTokenID: -1, RepetitionPenalty: 1}, nil
}

func (s tokenizerText) files(*Text) (map[string][]byte, error) {
	data, err := files.Read(string(s), maxText, "a text")
	return map[string][]byte{tokenizerFile: data}, err
}

// missing reports whether a file isn't there.
func missing(err error) bool { return errors.Is(err, os.ErrNotExist) }
