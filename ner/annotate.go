package ner

import (
	"context"
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
)

// answered is a reply and its question.
type answered struct {
	question
	reply
}

// document annotates a document: it asks all questions about it, and reads the
// answers.
func (e *Extractor) document(ctx context.Context, d document.Document) (*document.Result, error) {
	result := &document.Result{Document: d, Model: e.subject.about}
	result.Model.Method = string(e.using)
	result.Entities, result.Relations = nil, nil // those that the document came with
	if err := checkText(d.Text); err != nil {
		return nil, err
	}
	if blank(d.Text) {
		result.Warnings = append(result.Warnings, "no text to read")
		return result, nil
	}
	tasks, err := e.tasksOf(&d)
	if err != nil {
		return nil, err
	}
	pieces := &pieces{e: e, text: d.Text}
	questions, err := e.questions(&d, e.written(tasks), pieces)
	if err != nil {
		return nil, err
	}
	copies, err := e.copies(&d, tasks, pieces)
	if err != nil {
		return nil, err
	}
	if pieces.most > 1 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("the text is long: it was read in %d overlapping pieces", pieces.most))
	}
	answers, tags, err := e.read(ctx, d.Text, questions, copies)
	if err != nil {
		return nil, err
	}
	for _, a := range answers {
		if a.variant {
			continue
		}
		if e.replied != nil {
			e.replied(Reply{d.ID, a.task, a.user, a.text})
		}
		if w := e.warning(a); w != "" {
			result.Warnings = append(result.Warnings, w)
		}
	}
	if e.profile == SeedCompat {
		e.seedCompat(result, answers)
	} else {
		e.collect(result, tasks, answers, tags)
	}
	return result, nil
}

// warning says what a reader should know about how an answer ended, if anything.
func (e *Extractor) warning(a answered) string {
	switch {
	case a.looped:
		return fmt.Sprintf("%s: an answer that only repeated itself was ended", a.task)
	case a.truncated && e.profile == SeedCompat:
		return fmt.Sprintf("%s: an answer reached the limit of %d tokens; its last line may be incomplete", a.task, e.maxNewTokens)
	case a.truncated:
		return fmt.Sprintf("%s: an answer reached the limit of %d tokens; its last line was left out", a.task, e.maxNewTokens)
	}
	return ""
}

// tasksOf returns the tasks to ask a document about: those of the settings, or,
// of a document that is a prompt in the model card's format, the one that it asks
// for.
func (e *Extractor) tasksOf(d *document.Document) ([]prompt.Task, error) {
	if d.Prompt == "" {
		return e.tasks, nil
	}
	task, err := seedcompat.TaskOf("", d.Prompt)
	if err != nil {
		return nil, err
	}
	for _, t := range e.tasks {
		if t == task {
			return []prompt.Task{t}, nil
		}
	}
	return nil, nil
}

// questions returns the questions about a document, by task, then prompt, then
// piece.
func (e *Extractor) questions(d *document.Document, tasks []prompt.Task, pieces *pieces) (all []question, err error) {
	for _, task := range tasks {
		for _, p := range e.prompts {
			if d.Prompt != "" && e.profile == SeedCompat {
				all = append(all, question{task: task, prompt: p, user: d.Prompt, article: d.Text})
				continue
			}
			list, err := pieces.of(task, tasks, p)
			if err != nil {
				return nil, err
			}
			for i, c := range list {
				all = append(all, e.question(task, p, d.Text, c, i))
			}
		}
	}
	return all, nil
}

// pieces cuts a text into the pieces that questions are about.
type pieces struct {
	e      *Extractor
	text   string
	tokens [][2]int // bytes of the text's tokens; nil: not encoded yet
	most   int      // pieces that the text was cut into, at most
}

// of returns the pieces for the question about one of several tasks.
func (s *pieces) of(task prompt.Task, tasks []prompt.Task, p *prompt.Prompt) ([]chunk, error) {
	if s.tokens == nil {
		encoded := s.e.tokenizer.Encode(s.text, tokenizer.EncodeOptions{})
		if encoded.Err != nil {
			return nil, encoded.Err
		}
		s.tokens = encoded.Offsets
	}
	limit, err := s.e.pieceLimit(task, tasks, p)
	if err != nil {
		return nil, err
	}
	list := chunks(s.text, s.tokens, limit)
	s.most = max(s.most, len(list))
	return list, nil
}

// question returns the question about a piece of a text, the one of the given
// number.
func (e *Extractor) question(task prompt.Task, p *prompt.Prompt, text string, c chunk, number int) question {
	piece := text[c.start:c.end]
	shown := e.shown(piece)
	user, _ := p.User(task, shown)
	return question{task: task, prompt: p, user: user, seam: p.Seam(shown), article: piece, piece: number, start: c.start}
}

const (
	// leastPiece is the least number of an article's tokens worth asking about.
	leastPiece = 32
	// seam is how many tokens more an article may have inside its prompt than by
	// itself, as tokens at its ends join with the prompt's.
	seam = 8
)

// pieceLimit returns the number of an article's tokens that a question has room
// for. The questions of all tasks under a prompt that puts the article first
// share pieces, and with them the copy to be labelled.
func (e *Extractor) pieceLimit(task prompt.Task, tasks []prompt.Task, p *prompt.Prompt) (int, error) {
	if p.ArticleFirst == nil {
		tasks = []prompt.Task{task}
	}
	room := math.MaxInt
	for _, task := range tasks {
		q := e.question(task, p, "", chunk{}, 0)
		n, err := e.room(q)
		if err != nil {
			return 0, err
		}
		room = min(room, n)
	}
	if e.chunkTokens > 0 {
		room = min(room, max(e.chunkTokens, leastPiece))
	}
	return room, nil
}

// room returns the number of an article's tokens that a question without its
// article, and the copy to be labelled, leave room for.
func (e *Extractor) room(q question) (int, error) {
	ids, err := e.tokens(q)
	if err != nil {
		return 0, err
	}
	context := e.generator.Context()
	room := context - len(ids) - seam - e.maxNewTokens
	needed := fmt.Sprintf("room for the prompt's %d tokens, %d new ones and an article", len(ids), e.maxNewTokens)
	if c, ok, err := e.copyOf(q); err != nil {
		return 0, err
	} else if twice := (context-len(c.ids))/2 - seam; ok && twice < room {
		room, needed = twice, fmt.Sprintf("room for the prompt's %d tokens and an article twice", len(c.ids))
	}
	if room < leastPiece {
		return 0, badinput.New("", "context", fmt.Sprintf("%d positions", context), needed)
	}
	return room, nil
}
