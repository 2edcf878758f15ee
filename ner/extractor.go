package ner

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/constraint"
	"github.com/medner/medner/ner/internal/seedcompat"
	"github.com/medner/medner/ner/prompt"
)

// Extractor annotates documents. It is safe for concurrent use.
type Extractor struct {
	settings
	engine     Engine
	probes     probes
	vocabulary func() *constraint.Vocabulary
	thresholds map[prompt.Task]float64 // by WithTargetPrecision
	places     chan struct{}
	close      func() error
}

// DocumentError is what went wrong with one document; the others go on.
type DocumentError struct {
	Document string
	Err      error
}

func (e *DocumentError) Error() string {
	if e.Document == "" {
		return "document: " + e.Err.Error()
	}
	return "document " + e.Document + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *DocumentError) Unwrap() error { return e.Err }

// New returns an extractor that asks an engine of the caller's.
func New(engine Engine, options ...Option) (*Extractor, error) {
	e, err := prepare(engine, options)
	if err != nil {
		return nil, err
	}
	if err := e.finish(); err != nil {
		return nil, err
	}
	return e, nil
}

// prepare applies the options.
func prepare(engine Engine, options []Option) (*Extractor, error) {
	e := &Extractor{engine: engine, settings: settings{
		profile: Default, ensemble: Union, grounded: true, ungrounded: Flag, penalty: 1, maxNewTokens: 256, chunkTokens: 1024, concurrency: 32,
		derived: true,
	}}
	for _, option := range options {
		option(&e.settings)
	}
	if len(e.tasks) == 0 {
		e.tasks = prompt.Tasks()
	}
	if len(e.promptNames) == 0 {
		e.promptNames = []string{engine.defaultPrompt()}
	}
	for _, name := range e.promptNames {
		p, err := prompt.Load(name)
		if err != nil {
			return nil, err
		}
		e.prompts = append(e.prompts, p)
	}
	return e, nil
}

// finish checks the settings and makes what they need.
func (e *Extractor) finish() error {
	if err := e.check(); err != nil {
		return err
	}
	e.probes = newProbes(&e.engine)
	e.vocabulary = lazyVocabulary(&e.engine)
	e.places = make(chan struct{}, e.concurrency)
	return nil
}

func (e *Extractor) check() error {
	switch e.profile {
	case Default, SeedCompat:
	default:
		return badinput.New("", "profile", fmt.Sprintf("%q", e.profile), "default or seed-compat")
	}
	switch e.ensemble {
	case Union, Intersection, Vote:
	default:
		return badinput.New("", "ensemble", fmt.Sprintf("%q", e.ensemble), "union, intersection or vote")
	}
	switch e.ungrounded {
	case Flag, Drop:
	default:
		return badinput.New("", "on ungrounded", fmt.Sprintf("%q", e.ungrounded), "flag or drop")
	}
	if e.rules != seedcompat.Card && e.rules != seedcompat.BioMistral {
		return badinput.New("", "seed rules", fmt.Sprintf("%q", e.rules), "biomistral or none")
	}
	if e.profile == SeedCompat && len(e.prompts) > 1 {
		return badinput.New("", "ensemble", "profile seed-compat", "profile default")
	}
	if e.concurrency < 1 {
		return badinput.New("", "concurrency", fmt.Sprint(e.concurrency), "1 or more")
	}
	if e.maxNewTokens < 1 {
		return badinput.New("", "max new tokens", fmt.Sprint(e.maxNewTokens), "1 or more")
	}
	if !(e.minConfidence >= 0 && e.minConfidence <= 1) {
		return badinput.New("", "min confidence", fmt.Sprint(e.minConfidence), "0 to 1")
	}
	if !(e.alternatives >= 0 && e.alternatives < 1) {
		return badinput.New("", "alternatives", fmt.Sprint(e.alternatives), "0, or a probability below 1")
	}
	if e.profile == SeedCompat && e.alternatives > 0 {
		return badinput.New("", "alternatives", "profile seed-compat", "profile default")
	}
	return e.checkCalibration()
}

// Key is what a calibration of this extractor is for.
func (e *Extractor) Key() confidence.Key {
	var names []string
	for _, p := range e.prompts {
		names = append(names, p.Name)
	}
	decoding := fmt.Sprintf("repetition penalty %g", e.penalty)
	if e.penalty != 1 && e.sparePrompt {
		decoding += " sparing the prompt"
	}
	if e.grounded {
		decoding += ", grounded"
	}
	if e.alternatives > 0 {
		decoding += fmt.Sprintf(", alternatives from %g", e.alternatives)
	}
	about := e.engine.About
	precision := about.Precision
	if about.Weights != "" && about.Weights != "keep" {
		precision += ", weights " + about.Weights
	}
	if e.engine.Numerics != "" {
		precision += ", " + e.engine.Numerics
	}
	return confidence.Key{
		Model: about.Name, Adapter: about.Adapter, Prompt: strings.Join(names, "+"),
		Precision: precision, Decoding: decoding,
	}
}

func (e *Extractor) checkCalibration() error {
	if c := e.calibration; c != nil {
		if key := e.Key(); c.Key != key {
			return badinput.New("", "calibration", fmt.Sprintf("one for %+v", c.Key), fmt.Sprintf("one for %+v", key))
		}
	}
	if e.targetPrecision == 0 {
		return nil
	}
	if !(e.targetPrecision > 0 && e.targetPrecision < 1) {
		return badinput.New("", "target precision", fmt.Sprint(e.targetPrecision), "more than 0, less than 1")
	}
	if e.calibration == nil {
		return badinput.New("", "target precision", "no calibration", "one for this model, adapter, prompt and precision")
	}
	e.thresholds = map[prompt.Task]float64{}
	for _, task := range e.tasks {
		curve := e.calibration.Tasks[string(task)]
		if curve == nil {
			return badinput.New("", "target precision", "a calibration without "+string(task), "one of that task")
		}
		threshold, ok := curve.Threshold(e.targetPrecision)
		if !ok {
			return badinput.New("", "target precision", fmt.Sprint(e.targetPrecision), "a precision that some "+string(task)+" reach")
		}
		e.thresholds[task] = threshold
	}
	return nil
}

// Close closes what [Open] opened.
func (e *Extractor) Close() error {
	if e.close == nil {
		return nil
	}
	return e.close()
}

// Extract annotates documents and delivers results in their order: a result, or
// a *[DocumentError]. It ends early with ctx's error.
func (e *Extractor) Extract(ctx context.Context, docs ...document.Document) iter.Seq2[*document.Result, error] {
	return e.Stream(ctx, func(yield func(document.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	})
}

// Stream is Extract of documents that come one by one, each with an error in
// its place if it could not be read; the errors are passed on as they are. Docs
// is called from another goroutine, ahead of the results by as many documents
// as there are questions in flight at most. Where the loop over the results is
// left early, docs may still be asked for one more document.
func (e *Extractor) Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		run := stream{e: e, pending: make(chan chan outcome, e.concurrency)}
		defer run.stop()
		defer cancel()
		go run.start(ctx, docs)
		for slot := range run.pending {
			o := <-slot
			if ctx.Err() != nil {
				break
			}
			if !yield(o.result, o.err) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

type outcome struct {
	result *document.Result
	err    error
}

// stream is one run over documents.
type stream struct {
	e       *Extractor
	pending chan chan outcome // in the documents' order

	mu      sync.Mutex
	stopped bool // no document is begun any more
	working sync.WaitGroup
}

// start begins documents as long as there are places for their results.
func (s *stream) start(ctx context.Context, docs iter.Seq2[document.Document, error]) {
	defer close(s.pending)
	for d, err := range docs {
		slot := make(chan outcome, 1)
		select {
		case s.pending <- slot:
		case <-ctx.Done():
			return
		}
		if err != nil {
			slot <- outcome{err: err}
		} else if !s.begin(ctx, d, slot) {
			return
		}
	}
}

func (s *stream) begin(ctx context.Context, d document.Document, slot chan outcome) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.working.Go(func() {
		r, err := s.e.annotated(ctx, d)
		slot <- outcome{r, err}
	})
	return true
}

// stop waits until no document is being worked on.
func (s *stream) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.working.Wait()
}

// annotated wraps the errors of a document.
func (e *Extractor) annotated(ctx context.Context, d document.Document) (*document.Result, error) {
	r, err := e.document(ctx, d)
	for _, annotate := range e.annotate {
		if err == nil {
			err = annotate(r)
		}
	}
	if err != nil {
		return nil, &DocumentError{d.ID, err}
	}
	return r, nil
}
