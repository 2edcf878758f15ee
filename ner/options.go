package ner

import (
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
	"github.com/medner/medner/ner/prompt"
)

// Profile is a way to ask a model and to read its answers.
type Profile string

// The profiles.
const (
	Default    Profile = "default"     // only what the article has, with calibrated confidences where there are any
	SeedCompat Profile = "seed-compat" // by the rules of the published adapter's model card, to compare with its scores
)

// Ungrounded says what becomes of an item that the article doesn't have.
type Ungrounded string

// What becomes of such an item.
const (
	Flag Ungrounded = "flag" // it stays in the result, without offsets and flagged
	Drop Ungrounded = "drop" // it is left out, and reported with the reason
)

// Ensemble says which items are kept where several prompts are asked.
type Ensemble string

// The ensembles.
const (
	Union        Ensemble = "union"        // items of any prompt's answer
	Intersection Ensemble = "intersection" // items of every prompt's answer
	Vote         Ensemble = "vote"         // items of more than half of the prompts' answers
)

// Item is what an answer holds, before thresholds leave any out. Calibrations are
// fitted to items (package eval).
type Item struct {
	Document          string // its ID
	Task              prompt.Task
	Text              string // the mention; "" for a pair
	Chemical, Disease string // the sides of a pair; "" for a mention
	Grounded          bool   // the article has it
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

// WithSeedRules chooses between the variants of the rules of [SeedCompat].
func WithSeedRules(r prompt.SeedRules) Option {
	return func(s *settings) { s.rules = seedcompat.Rules(r) }
}

// WithTasks chooses the tasks; all tasks are the default.
func WithTasks(tasks ...prompt.Task) Option { return func(s *settings) { s.tasks = tasks } }

// WithMethod chooses how chemicals and diseases are found. The default is [Tag]
// where the model, or the adapter that is asked, has a token classification head
// for them and the prompt shows it the article a second time; else [Generate].
// [SeedCompat] has lists only.
func WithMethod(m Method) Option { return func(s *settings) { s.method = m } }

// WithWholeWords says whether tags are kept from beginning and ending inside of
// words, as they are by default: two tags of one type that meet there are one, and
// others are left out. Without it tags are those of the best path of labels.
func WithWholeWords(on bool) Option { return func(s *settings) { s.wholeWords = on } }

// WithPrompt names the prompt as [prompt.Load] does; the default is the one
// that the model or its adapter was trained with.
func WithPrompt(name string) Option {
	return func(s *settings) { s.promptNames = []string{name} }
}

// WithEnsemble asks with each of several prompts.
func WithEnsemble(e Ensemble, prompts ...string) Option {
	return func(s *settings) { s.ensemble, s.promptNames = e, prompts }
}

// WithGrounded says whether a mask keeps the model to lists of spans of the
// article, so that nothing else is reported; [Default] does so by default. Where
// the model means an item that the article doesn't have, up to four lines of an
// answer are finished without the mask and left out, so that the rest of the
// answer follows what the model meant.
func WithGrounded(on bool) Option { return func(s *settings) { s.grounded = on } }

// WithUngrounded says what becomes of items that the article doesn't have;
// [Flag] is the default.
func WithUngrounded(u Ungrounded) Option { return func(s *settings) { s.ungrounded = u } }

// WithRepetitionPenalty sets transformers' repetition penalty, where 1 means
// none. It counts the tokens of prompt and answer, or of the answer alone.
func WithRepetitionPenalty(penalty float32, sparePrompt bool) Option {
	return func(s *settings) { s.penalty, s.sparePrompt = penalty, sparePrompt }
}

// WithMaxNewTokens bounds the tokens of an answer; 256 is the default.
func WithMaxNewTokens(n int) Option { return func(s *settings) { s.maxNewTokens = n } }

// WithAlternatives also has the model write lines that its answer might have had:
// where an item begins, those of which it held the first token likelier than p,
// and at the answer's end one more as long as that was likelier than p. More is
// found, and less of it is right. The default, 0, means the greedy answer alone.
func WithAlternatives(p float64) Option { return func(s *settings) { s.alternatives = p } }

// WithChunkTokens bounds the tokens of an article that are asked about at once.
// 640 is the default; 0 means as many as the model's context holds, which is the
// default of [SeedCompat].
func WithChunkTokens(n int) Option { return func(s *settings) { s.chunkTokens = n } }

// WithDerived says whether mentions that no answer has but that follow from the
// answers are reported, marked as such; they are by default. They are the sides
// of pairs, the short forms that the article defines for mentions, such as "IDM"
// in "indomethacin (IDM)", and the singulars and plurals of mentions.
func WithDerived(on bool) Option { return func(s *settings) { s.derived = on } }

// WithAdapter chooses one of the model's adapters by name, or [model.Base]; the default
// is what model.Options.Active says: the only adapter, or the sum of several.
func WithAdapter(name string) Option { return func(s *settings) { s.adapter = name } }

// WithCalibration turns confidences into probabilities. The calibration must have
// been fitted for the extractor's [Extractor.Key].
func WithCalibration(c *confidence.Calibration) Option {
	return func(s *settings) { s.given = c }
}

// WithMinConfidence leaves out items of a lower confidence, and reports them.
func WithMinConfidence(c float64) Option { return func(s *settings) { s.minConfidence = c } }

// WithTargetPrecision leaves out the items of the lowest confidences, and reports
// them, such that the share p of the rest is right if the calibration is.
func WithTargetPrecision(p float64) Option { return func(s *settings) { s.targetPrecision = p } }

// WithConcurrency bounds the questions that are in flight at once, over all
// extractors that [Extractor.With] derives from one; 32 is the default.
func WithConcurrency(n int) Option { return func(s *settings) { s.concurrency = n } }

// WithPatience says that nobody waits for single tokens of answers: a job is
// done when all of its documents are. See [model.Request].
func WithPatience(on bool) Option { return func(s *settings) { s.patient = on } }

// WithTenant names whom documents are annotated for. Extractors that derive from one
// share its places for questions and its model: tenants then take turns, and one with
// many documents delays the others little.
func WithTenant(name string) Option { return func(s *settings) { s.tenant = name } }

// WithModelOptions says how [Open] opens the model. Other functions refuse it.
func WithModelOptions(o model.Options) Option { return func(s *settings) { s.model = &o } }

// WithItems calls observe for every item, before thresholds leave any out, from
// several goroutines at once.
func WithItems(observe func(Item)) Option { return func(s *settings) { s.observe = observe } }

// WithAnswers calls observe for every answer that the model gives, with its
// timings, from several goroutines at once.
func WithAnswers(observe func(*model.Result)) Option {
	return func(s *settings) { s.answered = observe }
}

// WithClassified calls observe for every text whose tokens the model labelled,
// with the number of its tokens, from several goroutines at once.
func WithClassified(observe func(tokens int, timings model.Timings)) Option {
	return func(s *settings) { s.classified = observe }
}

// Reply is what the model wrote when it was asked for a task.
type Reply struct {
	Document string // its ID
	Task     prompt.Task
	Prompt   string // the user's turn: instruction and article, or a piece of it
	Text     string
}

// WithReplies calls observe for each answer about a document, once all answers
// about it are there, from several goroutines at once.
func WithReplies(observe func(Reply)) Option { return func(s *settings) { s.replied = observe } }

// WithAnnotator calls annotate for each result before it is delivered, from
// several goroutines at once. [WithTerminology] is one annotator. An error of
// annotate takes the result's place.
func WithAnnotator(annotate func(*document.Result) error) Option {
	return func(s *settings) { s.annotate = append(s.annotate, annotate) }
}
