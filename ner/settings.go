package ner

import (
	"fmt"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
	"github.com/medner/medner/ner/prompt"
)

// settings holds what options set.
type settings struct {
	profile         Profile
	rules           seedcompat.Rules
	tasks           []prompt.Task // empty: all
	method          Method        // empty: what the model can
	wholeWords      bool
	promptNames     []string // empty: the default prompt
	ensemble        Ensemble
	grounded        bool
	ungrounded      Ungrounded
	penalty         float32
	sparePrompt     bool
	patient         bool
	maxNewTokens    int
	chunkTokens     int
	alternatives    float64
	adapter         string
	derived         bool
	given           *confidence.Calibration // by WithCalibration
	minConfidence   float64
	targetPrecision float64
	concurrency     int
	model           *model.Options // nil: WithModelOptions wasn't given
	observe         func(Item)
	answered        func(*model.Result)
	classified      func(tokens int, timings model.Timings)
	replied         func(Reply)
	annotate        []func(*document.Result) error
}

// settingsOf returns the settings that options make of the defaults.
func settingsOf(options []Option) settings {
	s := settings{
		profile: Default, ensemble: Union, grounded: true, ungrounded: Flag, penalty: 1, maxNewTokens: 256, chunkTokens: 1024, concurrency: 32,
		derived: true, wholeWords: true,
	}
	for _, option := range options {
		option(&s)
	}
	return s
}

// errOpen is the error of WithModelOptions where a model is open already.
var errOpen = badinput.New("", "model options", "options for a model that is open already", "them in a call of Open")

// check refuses settings that an extractor can't follow.
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
	return nil
}
