package ner

import (
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/prompt"
)

// Key returns what a calibration must have been fitted for to be used with this
// extractor.
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
	switch e.using {
	case Tag:
		decoding = "tags; pairs: " + decoding
	case Both:
		decoding = "tags and lists: " + decoding
	}
	if e.using != Generate && !e.wholeWords {
		decoding += ", parts of words"
	}
	if e.alternatives > 0 {
		decoding += fmt.Sprintf(", alternatives from %g", e.alternatives)
	}
	about := e.subject.about
	precision := about.Precision
	if about.Weights != "" && about.Weights != "keep" {
		precision += ", weights " + about.Weights
	}
	if e.subject.numerics != "" {
		precision += ", " + e.subject.numerics
	}
	return confidence.Key{
		Model: about.Name, Adapter: about.Adapter, Prompt: strings.Join(names, "+"),
		Precision: precision, Decoding: decoding,
	}
}

// Calibration returns the calibration that makes probabilities of the extractor's
// confidences; nil if there is none. The caller must not change it.
func (e *Extractor) Calibration() *confidence.Calibration { return e.calibration }

// calibrate chooses the calibration: the one that the caller gave, which must
// fit; else, if it fits, one that was given to an extractor from which this one
// was derived; else one that lies beside the adapter or the model.
func (e *Extractor) calibrate() error {
	key := e.Key()
	switch {
	case e.given != nil:
		if e.given.Key != key {
			return badinput.New("", "calibration", fmt.Sprintf("one for %+v", e.given.Key), fmt.Sprintf("one for %+v", key))
		}
		e.calibration = e.given
	case e.lent != nil && e.lent.Key == key:
		e.calibration = e.lent
	case e.profile == Default:
		list, err := e.subject.calibrations()
		for _, c := range list {
			if c.Key == key {
				e.calibration = c
				return nil
			}
		}
		return err
	}
	return nil
}

// setThresholds finds the confidences above which the target precision is
// reached.
func (e *Extractor) setThresholds() error {
	if e.targetPrecision == 0 {
		return nil
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
