package prompt

import "strings"

// Prompt is a profile: one way to ask a model for the tasks. The package's
// comment says what its fields are in a file.
type Prompt struct {
	Name     string
	For      string // the models that it was made for, told to people
	System   string // the system message; "" for none
	UserTurn string // with {article} once, and {task} or {wording}
	// ArticleFirst holds the parts of the user's turn where the article's reading
	// is shared; UserTurn is then its Prefix and its Question. nil: all tokens of
	// a prompt are encoded together.
	ArticleFirst *ArticleFirst
	// Wording names each task in words; a task that it lacks goes by its own
	// name.
	Wording map[Task]string
	// Text, if not empty, spells the whole conversation, with {user} once and
	// {system} where it has a system message; Chat then means nothing.
	Text string
	Chat string // Plain or Template
	// DuplicateBOS lets the tokenizer add the token that begins a text to one
	// that begins with it.
	DuplicateBOS bool
}

// The values of [Prompt.Chat].
const (
	Plain    = "plain"    // the special tokens of the model's family around the messages, see Style
	Template = "template" // the model's own chat template
)

// User returns the user's turn that asks for a task of an article, and the bytes
// [start, end) of the turn that are the article.
func (p *Prompt) User(task Task, article string) (text string, at [2]int) {
	return p.fill(p.UserTurn, task, article)
}

// fill puts a task and an article in the place of a text's placeholders. at
// holds the bytes [start, end) of the result that are the article.
func (p *Prompt) fill(text string, task Task, article string) (filled string, at [2]int) {
	var b strings.Builder
	for rest := text; rest != ""; {
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

// Rendered is the text of a conversation, up to where the model's answer begins.
type Rendered struct {
	Text string
	// Literal lists the ranges [start, end) of bytes of Text that are messages,
	// ascending. Handed on to tokenizer.EncodeOptions, they keep the names of
	// special tokens in a message from being read as such.
	Literal [][2]int
}

// Style names the special tokens that a family of models has around messages.
type Style string

// The styles of plain conversations.
const (
	Llama3   Style = "llama3"   // <|start_header_id|>role<|end_header_id|> … <|eot_id|>
	ChatML   Style = "chatml"   // <|im_start|>role … <|im_end|>
	Instruct Style = "instruct" // <s>[INST] … [/INST], for Llama 2 and Mistral
)

// StyleOf returns the style whose special tokens a vocabulary has, and "" if it
// has those of none.
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

// Render writes a conversation of a system message and a user's turn; "" stands
// for no system message.
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

// RenderText writes the conversation as [Prompt.Text] spells it.
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

// builder writes a conversation, and notes which bytes of it are messages.
type builder struct {
	text   strings.Builder
	ranges [][2]int // of messages
}

// mark appends s, in which special tokens count.
func (b *builder) mark(s string) { b.text.WriteString(s) }

// literal appends a message.
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
