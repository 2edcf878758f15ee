package ner

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/internal/constraint"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// Extractor annotates documents. It is safe for concurrent use.
type Extractor struct {
	*shared
	settings
	subject     *subject
	asked       []string // the prompts' names, as options give them
	prompts     []*prompt.Prompt
	using       Method                  // Generate, Tag or Both
	tagger      *tagger                 // nil where Generate is used
	lent        *confidence.Calibration // given to an extractor that this one was derived from
	calibration *confidence.Calibration // in use; nil: none
	thresholds  map[prompt.Task]float64 // by WithTargetPrecision
	close       func() error            // nil: the model isn't the extractor's
}

// DocumentError is what went wrong with one document; the others go on.
type DocumentError struct {
	Document string // its ID
	Err      error
}

// Error names the document and the cause.
func (e *DocumentError) Error() string {
	if e.Document == "" {
		return "document: " + e.Err.Error()
	}
	return "document " + e.Document + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *DocumentError) Unwrap() error { return e.Err }

// shared is what an extractor has in common with those that With derives from
// it.
type shared struct {
	generator  Generator
	classifier Classifier // nil: none
	tokenizer  *tokenizer.Tokenizer
	template   func() (*chat.Template, error)
	under      func(adapter string) (*subject, error)
	probes     probes
	vocabulary func() *constraint.Vocabulary
	places     *places // one for each question in flight; made with the first extractor
}

func newShared(g Generator, c Classifier, t *tokenizer.Tokenizer, template func() (*chat.Template, error), under func(string) (*subject, error)) *shared {
	return &shared{
		generator: g, classifier: c, tokenizer: t, template: template, under: under, probes: newProbes(g, t),
		// The trie of the vocabulary is built when it is first needed.
		vocabulary: sync.OnceValue(func() *constraint.Vocabulary {
			return constraint.NewVocabulary(t.VocabSize(), t.TokenBytes, g.StopIDs())
		}),
	}
}

// newExtractor returns the first extractor over what s holds.
func newExtractor(s *shared, options []Option) (*Extractor, error) {
	e := &Extractor{shared: s, settings: settingsOf(options)}
	if err := e.prepare(nil); err != nil {
		return nil, err
	}
	s.places = newPlaces(e.concurrency)
	return e, nil
}

// With returns an extractor for one request, or one client: like e, but for the
// options given. It is cheap, since it shares everything that takes time or
// memory with e: model, vocabulary, and the bound on questions in flight, for
// which reason [WithConcurrency] can't change it. A calibration of e is kept
// where it still fits. Close does nothing for it; its use ends with e's.
func (e *Extractor) With(options ...Option) (*Extractor, error) {
	d := &Extractor{shared: e.shared, settings: e.settings, lent: cmp.Or(e.given, e.lent)}
	d.given = nil
	d.annotate = slices.Clip(d.annotate) // so that what options add is d's alone
	for _, option := range options {
		option(&d.settings)
	}
	if d.model != e.model {
		return nil, errOpen
	}
	if d.concurrency != e.concurrency {
		return nil, badinput.New("", "concurrency", fmt.Sprint(d.concurrency), fmt.Sprintf("%d, as the extractor has that this one shares places with", e.concurrency))
	}
	if err := d.prepare(e); err != nil {
		return nil, err
	}
	return d, nil
}

// prepare checks the settings and makes what they need. The extractor from
// which e was derived, if there is one, lends what is the same.
func (e *Extractor) prepare(from *Extractor) (err error) {
	if err := e.check(); err != nil {
		return err
	}
	if e.subject, err = e.under(e.adapter); err != nil {
		return err
	}
	if err := e.loadPrompts(from); err != nil {
		return err
	}
	if err := e.chooseMethod(); err != nil {
		return err
	}
	if err := e.calibrate(); err != nil {
		return err
	}
	return e.setThresholds()
}

// loadPrompts reads the prompts that the settings name.
func (e *Extractor) loadPrompts(from *Extractor) error {
	if e.asked = e.promptNames; len(e.asked) == 0 {
		e.asked = []string{e.defaultPrompt()}
	}
	if from != nil && slices.Equal(e.asked, from.asked) {
		e.prompts = from.prompts
		return nil
	}
	for _, name := range e.asked {
		p, err := prompt.Load(name)
		if err != nil {
			return err
		}
		e.prompts = append(e.prompts, p)
	}
	return nil
}

// Close closes the model of an extractor that [Open] returned. Of others it
// closes nothing.
func (e *Extractor) Close() error {
	if e.close == nil {
		return nil
	}
	return e.close()
}
