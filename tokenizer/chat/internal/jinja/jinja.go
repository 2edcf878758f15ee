// Package jinja runs chat templates that package chat has no renderer for, on
// gonja. It is a package of its own so that only those who want it have it:
//
//	chat.FromSource(source, tokens, chat.WithFallback(jinja.Compile))
//
// A template is a program out of the model's directory. It sees the messages
// and the names of the special tokens and no file, but it can take long: it is
// given [MaxTime], and what it does after that is wasted, not stopped.
//
// What came from messages is found by rendering a second time, with a mark
// around each word of every message. A template that takes messages apart so
// that the marks don't come out in pairs is refused.
package jinja

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/tokenizer/chat"
	"github.com/medner/medner/tokenizer/chat/internal/python"
)

// MaxTime is how long a template may take for a conversation.
const MaxTime = 5 * time.Second

var limit = MaxTime // less in tests

const maxSource = 1 << 18

// Marks around the words of messages: noncharacters, which no text holds.
const (
	markStart = "\ufdd0"
	markEnd   = "\ufdd1"
)

// Compile makes a renderer of a template's source.
func Compile(source string, tokens chat.Tokens) (chat.Renderer, error) {
	if len(source) > maxSource {
		return nil, badinput.New("", "chat template", fmt.Sprintf("%d bytes", len(source)), fmt.Sprintf("at most %d", maxSource))
	}
	template, err := parse(source)
	if err != nil {
		return nil, badinput.Wrap("", "chat template", err)
	}
	return func(messages []chat.Message, o chat.Options) (chat.Rendered, error) {
		run := func(of func(string) string) (string, error) {
			list := make([]any, len(messages))
			for i, m := range messages {
				list[i] = map[string]any{"role": m.Role, "content": of(m.Content)}
			}
			return execute(template, map[string]any{
				"messages": list, "add_generation_prompt": o.AddGenerationPrompt, "date_string": o.DateString,
				"bos_token": tokens.BOS, "eos_token": tokens.EOS, "tools": nil, "documents": nil,
			})
		}
		if err := check(messages); err != nil {
			return chat.Rendered{}, err
		}
		text, err := run(func(s string) string { return s })
		if err != nil {
			return chat.Rendered{}, badinput.Wrap("", "chat template", err)
		}
		marked, err := run(mark)
		if err != nil {
			return chat.Rendered{}, badinput.Wrap("", "chat template", err)
		}
		r, ok := unmark(marked)
		if !ok || r.Text != text {
			return chat.Rendered{}, badinput.New("", "chat template", "messages that are taken apart", "a template that writes them as they are")
		}
		return r, nil
	}, nil
}

func parse(source string) (t *exec.Template, err error) {
	defer recovered(&err)
	loader, err := loaders.NewMemoryLoader(map[string]string{"/template": strings.TrimSuffix(source, "\n")})
	if err != nil {
		return nil, err
	}
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true
	return exec.NewTemplate("/template", c, loader, environment())
}

// recovered turns a panic of the engine's into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%v", r)
	}
}

func execute(t *exec.Template, variables map[string]any) (string, error) {
	variables["raise_exception"] = func(message string) (string, error) { return "", errors.New(message) }
	variables["strftime_now"] = func(string) string { return variables["date_string"].(string) }
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() { done <- r }()
		defer recovered(&r.err)
		r.text, r.err = t.ExecuteToString(exec.NewContext(variables))
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.text, r.err
	case <-timer.C:
		return "", fmt.Errorf("no text within %s", limit)
	}
}

// check refuses what would let a message pass for the template's text.
func check(messages []chat.Message) error {
	for i, m := range messages {
		if strings.ContainsAny(m.Content, markStart+markEnd) {
			return badinput.New("", fmt.Sprintf("messages[%d].content", i), "a noncharacter", "text")
		}
		if strings.ContainsFunc(m.Role, func(r rune) bool { return r != '_' && !unicode.IsLower(r) }) {
			return badinput.New("", fmt.Sprintf("messages[%d].role", i), fmt.Sprintf("%q", m.Role), "a word in lower case")
		}
	}
	return nil
}

// mark puts marks around the words of s. The spaces stay outside, as templates
// trim them.
func mark(s string) string {
	var out strings.Builder
	inside := false
	for i, r := range s {
		if space := python.IsSpace(r); space == inside {
			out.WriteString(map[bool]string{true: markEnd, false: markStart}[space])
			inside = !space
		}
		out.WriteString(s[i : i+runeLen(s[i:])])
	}
	if inside {
		out.WriteString(markEnd)
	}
	return out.String()
}

// runeLen returns the length of the character, or of the wrong byte, at the
// beginning of s.
func runeLen(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

// unmark takes the marks out; between words of a message that only spaces part,
// the spaces are the message's too.
func unmark(s string) (r chat.Rendered, ok bool) {
	var text strings.Builder
	start := -1
	for s != "" {
		i := strings.IndexAny(s, markStart+markEnd)
		if i < 0 {
			text.WriteString(s)
			break
		}
		text.WriteString(s[:i])
		opens := strings.HasPrefix(s[i:], markStart)
		if opens != (start < 0) {
			return r, false
		}
		if opens {
			start = text.Len()
		} else {
			if n := len(r.Literal); n > 0 && strings.TrimFunc(text.String()[r.Literal[n-1][1]:start], python.IsSpace) == "" {
				r.Literal[n-1][1] = text.Len()
			} else {
				r.Literal = append(r.Literal, [2]int{start, text.Len()})
			}
			start = -1
		}
		s = s[i+len(markStart):]
	}
	r.Text = text.String()
	return r, start < 0
}

// environment is gonja's, with Python's idea of space and of JSON.
func environment() *exec.Environment {
	filters := exec.NewFilterSet(map[string]exec.FilterFunction{}).Update(builtins.Filters)
	wrap := func(name string, instead func(s string, params *exec.VarArgs) (string, bool)) {
		builtin, _ := builtins.Filters.Get(name)
		_ = filters.Replace(name, func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
			if in.IsString() {
				if s, ok := instead(in.String(), params); ok {
					return exec.AsValue(s)
				}
			}
			return builtin(e, in, params)
		})
	}
	plain := func(params *exec.VarArgs) bool { return len(params.Args) == 0 && len(params.KwArgs) == 0 }
	wrap("trim", func(s string, params *exec.VarArgs) (string, bool) { return python.Trim(s), plain(params) })
	wrap("tojson", func(s string, params *exec.VarArgs) (string, bool) { return python.Quote(s), plain(params) })
	methods := builtins.Methods
	methods.Str = stringMethods()
	return &exec.Environment{
		Context:           exec.EmptyContext().Update(builtins.GlobalFunctions).Update(builtins.GlobalVariables),
		Filters:           filters,
		Tests:             builtins.Tests,
		ControlStructures: builtins.ControlStructures,
		Methods:           methods,
	}
}

// stringMethods are the engine's, but for those that strip spaces.
func stringMethods() *exec.MethodSet[string] {
	methods := map[string]exec.Method[string]{}
	for _, name := range strings.Fields(`capitalize capwords casefold center count encode endswith expandtabs find format
		isalnum isalpha isascii isdecimal isdigit islower isnumeric isprintable isspace istitle isupper join ljust lower
		partition removeprefix removesuffix replace rfind rjust rpartition rsplit split splitlines startswith swapcase
		title upper zfill`) {
		if method, ok := builtins.Methods.Str.Get(name); ok {
			methods[name] = method
		}
	}
	for name, strip := range map[string]func(string) string{
		"strip":  python.Trim,
		"lstrip": func(s string) string { return strings.TrimLeftFunc(s, python.IsSpace) },
		"rstrip": func(s string) string { return strings.TrimRightFunc(s, python.IsSpace) },
	} {
		builtin, _ := builtins.Methods.Str.Get(name)
		methods[name] = func(self string, value *exec.Value, arguments *exec.VarArgs) (any, error) {
			if len(arguments.Args) == 0 && len(arguments.KwArgs) == 0 {
				return strip(self), nil
			}
			return builtin(self, value, arguments)
		}
	}
	return exec.NewMethodSet(methods)
}
