package ner

import (
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
	"github.com/medner/medner/ner/prompt"
)

// Profile is a way to ask and to read answers.
type Profile string

// The profiles.
const (
	Default    Profile = "default"
	SeedCompat Profile = "seed-compat"
)

// Ungrounded says what becomes of an item that the article doesn't have.
type Ungrounded string

// Flag keeps it without offsets, Drop leaves it out and reports it.
const (
	Flag Ungrounded = "flag"
	Drop Ungrounded = "drop"
)

// Ensemble says which items of several prompts' answers are kept.
type Ensemble string

// The ensembles: what any prompt brought, what all did, what most did.
const (
	Union        Ensemble = "union"
	Intersection Ensemble = "intersection"
	Vote         Ensemble = "vote"
)

// Item is what an answer held, before any is left out; the measures of
// package eval learn from items.
type Item struct {
	Document string
	Task     prompt.Task
	// Text is a mention; Chemical and Disease are those of a pair.
	Text              string
	Chemical, Disease string
	Grounded          bool
	Features          confidence.Features
}

// Option changes how an [Extractor] works.
type Option func(*settings)

// WithProfile chooses the profile; [Default] is the default. It sets what
// belongs to the profile, which options after it may change: penalty, length of
// answers, grounding, pieces and alternatives.
func WithProfile(p Profile) Option {
	return func(s *settings) {
		switch {
		case p == s.profile:
		case p == SeedCompat:
			s.penalty, s.maxNewTokens, s.grounded, s.chunkTokens, s.alternatives = 1.15, 128, false, 0, 0
		case s.profile == SeedCompat:
			d := settingsOf(nil)
			s.penalty, s.maxNewTokens, s.grounded, s.chunkTokens = d.penalty, d.maxNewTokens, d.grounded, d.chunkTokens
		}
		s.profile = p
	}
}

// WithSeedRules chooses the rules of [SeedCompat].
func WithSeedRules(r prompt.SeedRules) Option {
	return func(s *settings) { s.rules = seedcompat.Rules(r) }
}

// WithTasks chooses the tasks; all is the default.
func WithTasks(tasks ...prompt.Task) Option { return func(s *settings) { s.tasks = tasks } }

// WithPrompt names the prompt as [prompt.Load] does; the default is the one
// that the model or its adapter was trained with.
func WithPrompt(name string) Option {
	return func(s *settings) { s.promptNames = []string{name} }
}

// WithEnsemble asks with several prompts.
func WithEnsemble(e Ensemble, prompts ...string) Option {
	return func(s *settings) { s.ensemble, s.promptNames = e, prompts }
}

// WithGrounded says whether a mask keeps the model to lists of spans of the
// article, and nothing else is reported; in [Default] it does by default. A few
// lines of an answer with which the article doesn't go on are finished without
// the mask, so that the model doesn't go on from what it didn't mean; they are
// left out.
func WithGrounded(on bool) Option { return func(s *settings) { s.grounded = on } }

// WithUngrounded says what becomes of items that the article doesn't have;
// [Flag] is the default.
func WithUngrounded(u Ungrounded) Option { return func(s *settings) { s.ungrounded = u } }

// WithRepetitionPenalty sets transformers' penalty, 1 being none, over prompt
// and answer or over the answer alone.
func WithRepetitionPenalty(penalty float32, sparePrompt bool) Option {
	return func(s *settings) { s.penalty, s.sparePrompt = penalty, sparePrompt }
}

// WithMaxNewTokens bounds an answer.
func WithMaxNewTokens(n int) Option { return func(s *settings) { s.maxNewTokens = n } }

// WithAlternatives also has the model write what it held likelier than p where
// an item of its answer begins, and go on where that was likelier than p at the
// answer's end: more is found, less of it right. 0, the default: the greedy
// answer alone.
func WithAlternatives(p float64) Option { return func(s *settings) { s.alternatives = p } }

// WithChunkTokens bounds the tokens of an article that are asked about at once;
// 0: what the model's context holds.
func WithChunkTokens(n int) Option { return func(s *settings) { s.chunkTokens = n } }

// WithDerived says whether mentions are reported that no answer has but that
// follow from the answers, marked as such; they are by default. These are the
// sides of pairs, the short forms that the article defines for mentions
// ("indomethacin (IDM)"), and their singulars and plurals.
func WithDerived(on bool) Option { return func(s *settings) { s.derived = on } }

// WithAdapter names one of the model's adapters.
func WithAdapter(name string) Option { return func(s *settings) { s.adapter = name } }

// WithCalibration makes probabilities of confidences. It must be for the same
// model, adapter, prompt and precision.
func WithCalibration(c *confidence.Calibration) Option {
	return func(s *settings) { s.given = c }
}

// WithMinConfidence leaves out, and reports, what is less sure.
func WithMinConfidence(c float64) Option { return func(s *settings) { s.minConfidence = c } }

// WithTargetPrecision leaves out, and reports, the least sure items, so that of
// the rest the given share is right by the calibration's account.
func WithTargetPrecision(p float64) Option { return func(s *settings) { s.targetPrecision = p } }

// WithConcurrency bounds the questions that are in flight at once; 32 is the
// default.
func WithConcurrency(n int) Option { return func(s *settings) { s.concurrency = n } }

// WithPatience says that nobody waits for single tokens of answers: a job is
// done when all of its documents are. See [model.Request].
func WithPatience(on bool) Option { return func(s *settings) { s.patient = on } }

// WithModelOptions says how [Open] opens the model.
func WithModelOptions(o model.Options) Option { return func(s *settings) { s.model = &o } }

// WithItems calls observe for every item of every answer that could be read,
// before thresholds, from several goroutines at once.
func WithItems(observe func(Item)) Option { return func(s *settings) { s.observe = observe } }

// WithAnswers calls observe for every answer that the model gives, with its
// timings, from several goroutines at once.
func WithAnswers(observe func(*model.Result)) Option {
	return func(s *settings) { s.answered = observe }
}

// Reply is what the model wrote when it was asked for a task.
type Reply struct {
	Document string
	Task     prompt.Task
	Prompt   string // the user's turn: instruction and article, or a piece of it
	Text     string
}

// WithReplies calls observe for every answer of a document, once all are there,
// from several goroutines at once.
func WithReplies(observe func(Reply)) Option { return func(s *settings) { s.replied = observe } }

// WithAnnotator calls annotate for each result before it is delivered, from
// several goroutines at once: linking to a terminology, for one.
func WithAnnotator(annotate func(*document.Result) error) Option {
	return func(s *settings) { s.annotate = append(s.annotate, annotate) }
}
