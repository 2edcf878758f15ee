package prompt

import (
	"strings"
)

// Prompt is one way to ask for the tasks.
type Prompt struct {
	Name string
	For  string // what it was made for
	// System is the system message; "" sends none.
	System string
	// UserTurn has the placeholders {article}, {wording} and {task}.
	UserTurn string
	Wording  map[Task]string
	// Text is the whole conversation with {system} and {user}; "" writes it
	// as Chat says.
	Text string
	// Chat is Plain or Template.
	Chat         string
	DuplicateBOS bool
}

// How a conversation is written.
const (
	Plain    = "plain"    // the family's marks and nothing else
	Template = "template" // the model's own chat template
)

// User is the user's turn, and where the article's bytes lie in it.
func (p *Prompt) User(task Task, article string) (text string, at [2]int) {
	var b strings.Builder
	for rest := p.UserTurn; rest != ""; {
		i := strings.IndexByte(rest, '{')
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		rest = rest[i:]
		switch {
		case strings.HasPrefix(rest, "{article}"):
			at = [2]int{b.Len(), b.Len() + len(article)}
			b.WriteString(article)
			rest = rest[len("{article}"):]
		case strings.HasPrefix(rest, "{wording}"):
			b.WriteString(p.wording(task))
			rest = rest[len("{wording}"):]
		case strings.HasPrefix(rest, "{task}"):
			b.WriteString(string(task))
			rest = rest[len("{task}"):]
		default:
			b.WriteByte('{')
			rest = rest[1:]
		}
	}
	return b.String(), at
}

func (p *Prompt) wording(task Task) string {
	if w := p.Wording[task]; w != "" {
		return w
	}
	return string(task)
}

// Rendered is a conversation up to where the model answers.
type Rendered struct {
	Text string
	// Literal are the bytes of the messages, ascending: special tokens in them
	// stay text.
	Literal [][2]int
}

// Style is the marks of a family of models.
type Style string

// The styles that plain conversations can have.
const (
	Llama3   Style = "llama3"   // <|start_header_id|>role<|end_header_id|> … <|eot_id|>
	ChatML   Style = "chatml"   // <|im_start|>role … <|im_end|>
	Instruct Style = "instruct" // <s>[INST] … [/INST], of Llama 2 and Mistral
)

// StyleOf tells the style from a vocabulary's special tokens; "" is none that
// is known.
func StyleOf(has func(token string) bool) Style {
	switch {
	case has("<|start_header_id|>") && has("<|end_header_id|>") && has("<|eot_id|>"):
		return Llama3
	case has("<|im_start|>") && has("<|im_end|>"):
		return ChatML
	case has("<s>") && has("</s>"):
		return Instruct
	}
	return ""
}

// Render writes the conversation of a system message (or none) and a user's
// turn with a style's marks.
func (s Style) Render(system, user string) Rendered {
	var b builder
	turn := func(before, text, after string) {
		b.mark(before)
		b.literal(text)
		b.mark(after)
	}
	switch s {
	case Llama3:
		b.mark("<|begin_of_text|>")
		if system != "" {
			turn("<|start_header_id|>system<|end_header_id|>\n\n", system, "<|eot_id|>")
		}
		turn("<|start_header_id|>user<|end_header_id|>\n\n", user, "<|eot_id|>")
		b.mark("<|start_header_id|>assistant<|end_header_id|>\n\n")
	case ChatML:
		if system != "" {
			turn("<|im_start|>system\n", system, "<|im_end|>\n")
		}
		turn("<|im_start|>user\n", user, "<|im_end|>\n")
		b.mark("<|im_start|>assistant\n")
	default:
		b.mark("<s>[INST] ")
		if system != "" {
			turn("", system, "\n\n")
		}
		turn("", user, " [/INST]")
	}
	return b.rendered()
}

// RenderText fills in a profile's own text.
func (p *Prompt) RenderText(user string) Rendered {
	var b builder
	rest := p.Text
	for rest != "" {
		i := strings.IndexByte(rest, '{')
		if i < 0 {
			break
		}
		b.mark(rest[:i])
		rest = rest[i:]
		switch {
		case strings.HasPrefix(rest, "{user}"):
			b.literal(user)
			rest = rest[len("{user}"):]
		case strings.HasPrefix(rest, "{system}"):
			b.literal(p.System)
			rest = rest[len("{system}"):]
		default:
			b.mark("{")
			rest = rest[1:]
		}
	}
	b.mark(rest)
	return b.rendered()
}

// builder joins marks and messages.
type builder struct {
	text   strings.Builder
	ranges [][2]int
}

func (b *builder) mark(s string) { b.text.WriteString(s) }

func (b *builder) literal(s string) {
	start := b.text.Len()
	b.text.WriteString(s)
	if s != "" {
		b.ranges = append(b.ranges, [2]int{start, b.text.Len()})
	}
}

func (b *builder) rendered() Rendered {
	return Rendered{Text: b.text.String(), Literal: b.ranges}
}
