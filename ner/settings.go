package ner

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

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
	tenant          string
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
		profile: Default, ensemble: Union, grounded: true, ungrounded: Flag, penalty: 1, maxNewTokens: 256, chunkTokens: 640, concurrency: 32,
		derived: true, wholeWords: true,
	}
	for _, option := range options {
		option(&s)
	}
	return s
}

// errOpen is the error of WithModelOptions where a model is open already.
var errOpen = badinput.New("", "model options", "options for a model that is open already", "them in a call of Open")

// check refuses settings that no extractor can follow, and makes a set of the tasks.
// What depends on the model is checked where it is used.
func (s *settings) check() error {
	for _, c := range []struct {
		field, found string
		allowed      []string
	}{
		{"profile", string(s.profile), []string{string(Default), string(SeedCompat)}},
		{"ensemble", string(s.ensemble), []string{string(Union), string(Intersection), string(Vote)}},
		{"on ungrounded", string(s.ungrounded), []string{string(Flag), string(Drop)}},
		{"method", string(s.method), []string{string(Generate), string(Tag), string(Both), ""}},
		{"seed rules", string(s.rules), []string{string(seedcompat.BioMistral), string(seedcompat.Card)}},
	} {
		if !slices.Contains(c.allowed, c.found) {
			return badinput.New("", c.field, strconv.Quote(c.found), oneOf(c.allowed))
		}
	}
	if err := s.checkTasks(); err != nil {
		return err
	}
	for _, c := range []struct {
		field    string
		found    float64
		fits     bool
		expected string
	}{
		{"concurrency", float64(s.concurrency), s.concurrency >= 1, "1 or more"},
		{"max new tokens", float64(s.maxNewTokens), s.maxNewTokens >= 1, "1 or more"},
		{"chunk tokens", float64(s.chunkTokens), s.chunkTokens >= 0, "0 or more"},
		{"repetition penalty", float64(s.penalty), s.penalty > 0 && s.penalty <= math.MaxFloat32, "a number above 0"},
		{"min confidence", s.minConfidence, s.minConfidence >= 0 && s.minConfidence <= 1, "0 to 1"},
		{"target precision", s.targetPrecision, s.targetPrecision >= 0 && s.targetPrecision < 1, "0, which sets none, or a share below 1"},
		{"alternatives", s.alternatives, s.alternatives >= 0 && s.alternatives < 1, "0, or a probability below 1"},
	} {
		if !c.fits {
			return badinput.New("", c.field, fmt.Sprint(c.found), c.expected)
		}
	}
	if s.profile == SeedCompat && len(s.promptNames) > 1 {
		return badinput.New("", "ensemble", "profile seed-compat", "profile default")
	}
	if s.profile == SeedCompat && s.alternatives > 0 {
		return badinput.New("", "alternatives", "profile seed-compat", "profile default")
	}
	return nil
}

// oneOf lists values in words; "" stands for none.
func oneOf(values []string) string {
	list := slices.Clone(values)
	for i, v := range list {
		if v == "" {
			list[i] = "none"
		}
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// checkTasks checks the tasks and leaves each once, in the order given; none mean
// all.
func (s *settings) checkTasks() error {
	if len(s.tasks) == 0 {
		s.tasks = prompt.Tasks()
	}
	var set []prompt.Task
	for _, t := range s.tasks {
		if !slices.Contains(prompt.Tasks(), t) {
			return badinput.New("", "tasks", strconv.Quote(string(t)), "chemicals, diseases or influences")
		}
		if !slices.Contains(set, t) {
			set = append(set, t)
		}
	}
	s.tasks = set
	return nil
}
