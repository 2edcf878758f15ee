package prompt

import (
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
)

// ArticleFirst lays a user's turn out such that a model reads an article once
// for all questions about it. A prompt is the prefix and, behind it, one branch:
// a question, or the article once more for a model that labels its tokens. The
// text of a prompt is cut where a part ends, and each part is encoded by itself,
// so that the prefixes of all branches are the same ids.
type ArticleFirst struct {
	Prefix   string `json:"prefix"`   // with {article} once, and neither {task} nor {wording}
	Question string `json:"question"` // with {task} or {wording}, and no {article}
	// Tags is the text before the copy of the article whose tokens a model
	// labels, then {article}; "" where the prompt is for no such model. The text
	// and the copy are parts, each encoded by itself.
	Tags string `json:"tags"`
}

// check refuses parts that can't be laid out. The file called name holds them
// under field.
func (a *ArticleFirst) check(name, field string) error {
	if n := strings.Count(a.Prefix, "{article}"); n != 1 {
		return badinput.New(name, field+".prefix", times("{article}", n), "once")
	}
	for _, placeholder := range []string{"{task}", "{wording}"} {
		if strings.Contains(a.Prefix, placeholder) {
			return badinput.New(name, field+".prefix", placeholder, "it in the question: the prefix is the same for all tasks")
		}
		if strings.Contains(a.Tags, placeholder) {
			return badinput.New(name, field+".tags", placeholder, "none: tags are for all tasks")
		}
	}
	if n := strings.Count(a.Question, "{article}"); n != 0 {
		return badinput.New(name, field+".question", times("{article}", n), "it in the prefix only")
	}
	if !strings.Contains(a.Question, "{task}") && !strings.Contains(a.Question, "{wording}") {
		return badinput.New(name, field+".question", "neither {task} nor {wording}", "one, for the tasks to differ")
	}
	if a.Tags == "" {
		return nil
	}
	if n := strings.Count(a.Tags, "{article}"); n != 1 {
		return badinput.New(name, field+".tags", times("{article}", n), "once")
	}
	if _, after, _ := strings.Cut(a.Tags, "{article}"); after != "" {
		return badinput.New(name, field+".tags", fmt.Sprintf("%q after {article}", after), "nothing, since no labelled token would have read it")
	}
	return nil
}

func times(placeholder string, n int) string { return fmt.Sprintf("%s %d times", placeholder, n) }

// Seam returns how many bytes of the turn that [Prompt.User] returns for an
// article are the prefix; 0 where the prompt has none.
func (p *Prompt) Seam(article string) int {
	if p.ArticleFirst == nil {
		return 0
	}
	prefix, _ := p.fill(p.ArticleFirst.Prefix, "", article)
	return len(prefix)
}

// BeforeCopy returns the text between the prefix and the copy of the article
// whose tokens a model labels, and whether the prompt has such a copy.
func (p *Prompt) BeforeCopy() (text string, ok bool) {
	if p.ArticleFirst == nil {
		return "", false
	}
	return strings.CutSuffix(p.ArticleFirst.Tags, "{article}")
}

// Cut cuts a rendered text at a byte of a message in it, such as a user's turn.
// ok is false where the rendered text doesn't have the message: a chat template
// may trim a message, but not change it otherwise.
func (r Rendered) Cut(message string, at int) (before, after Rendered, ok bool) {
	trimmed := strings.TrimSpace(message)
	trimmedAt := min(max(at-strings.Index(message, trimmed), 0), len(trimmed))
	for i := len(r.Literal) - 1; i >= 0; i-- {
		start := r.Literal[i][0]
		text := r.Text[start:r.Literal[i][1]]
		if j := strings.LastIndex(text, message); j >= 0 {
			at += start + j
		} else if j := strings.LastIndex(text, trimmed); j >= 0 {
			at = start + j + trimmedAt
		} else {
			continue
		}
		return r.part(0, at), r.part(at, len(r.Text)), true
	}
	return Rendered{}, Rendered{}, false
}

// part returns the bytes [start, end) of a rendered text.
func (r Rendered) part(start, end int) Rendered {
	p := Rendered{Text: r.Text[start:end]}
	for _, l := range r.Literal {
		if from, to := max(l[0], start), min(l[1], end); from < to {
			p.Literal = append(p.Literal, [2]int{from - start, to - start})
		}
	}
	return p
}
