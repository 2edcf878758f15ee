package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/inspection"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/nearest"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/eval"
	"github.com/medner/medner/ner/prompt"
)

// nerFlags are the flags of every command that extracts entities.
type nerFlags struct {
	modelFlags
	tasks         string
	method        string
	labels        string
	profile       string
	variant       string
	prompt        string
	ensemble      string
	ensembleRule  string
	grounded      bool
	wholeWords    bool
	ungrounded    string
	penalty       float32
	sparePrompt   bool
	maxNewTokens  int
	chunkTokens   int
	alternatives  float64
	calibration   string
	minConfidence float64
	precisionGoal float64
	terminology   string
}

func (f *nerFlags) register(cmd *cobra.Command) {
	f.modelFlags.register(cmd)
	fs := cmd.Flags()
	chooseSeveral(fs, &f.tasks, "task", "chemicals,diseases,influences", prompt.Tasks(), "what to extract, comma-separated")
	choose(fs, &f.method, "method", "", []ner.Method{ner.Generate, ner.Tag, ner.Both}, "find chemicals and diseases by lists that the model writes, by tags of its token classification head, or by both: `generate|tag|both` (default: tag where the adapter has a head and the prompt is for it)")
	fs.StringVar(&f.labels, "labels", "", "`LABELS` of the token classification head by class, comma-separated or in a JSON file (default: those that config.json or the adapter's folder name)")
	fs.StringVar(&f.profile, "profile", string(ner.Default), "how answers are read: `default|seed-compat` (as the published adapter's model card does), or a FILE of prompts")
	chooseSeveral(fs, &f.variant, "profile-option", "", []string{string(prompt.BioMistralRules), "fuzzy"}, "variants of seed-compat, comma-separated: `biomistral,fuzzy` (fuzzy: eval counts similar items as right)")
	fs.StringVar(&f.prompt, "prompt", "", "`PROMPT` to ask with: train, simple, card, biomistral, article-first or a file (default: the one that the model was trained with)")
	fs.StringVar(&f.ensemble, "ensemble", "", "ask with each of several `PROMPTS`, comma-separated")
	choose(fs, &f.ensembleRule, "ensemble-rule", ner.Vote, []ner.Ensemble{ner.Union, ner.Intersection, ner.Vote}, "with --ensemble, keep the items that one, all or most prompts brought: `union|intersection|vote`")
	fs.BoolVar(&f.grounded, "grounded", true, "let the model write only lists of spans of the article (default with seed-compat: false)")
	fs.BoolVar(&f.wholeWords, "whole-words", true, "let no tag begin or end inside of a word")
	choose(fs, &f.ungrounded, "on-ungrounded", ner.Flag, []ner.Ungrounded{ner.Flag, ner.Drop}, "`flag|drop` items that are not in the article")
	floatFlag(fs, &f.penalty, "repetition-penalty", 1, positive, "transformers' repetition penalty, for tokens of prompt and answer")
	fs.BoolVar(&f.sparePrompt, "penalty-spares-prompt", false, "the penalty is for tokens of the answer only")
	intFlag(fs, &f.maxNewTokens, "max-new-tokens", 0, 0, mostTokens, "most tokens of an answer (default: the profile's)")
	intFlag(fs, &f.chunkTokens, "chunk-tokens", 0, 0, mostTokens, "most tokens of an article in one question; longer articles are asked about in pieces (default: 640; with seed-compat what the context holds)")
	floatFlag(fs, &f.alternatives, "alternatives", 0, share, "also extract items whose first token the model held likelier than `P`: more recall, less precision")
	fs.StringVar(&f.calibration, "calibration", "", "calibration `FILE` for the confidences (default: the one beside the adapter)")
	floatFlag(fs, &f.minConfidence, "min-confidence", 0, share, "leave out items of a lower confidence, and report them")
	floatFlag(fs, &f.precisionGoal, "target-precision", 0, share, "leave out the items of least confidence, and report them, so that this share of the others is right (needs a calibration)")
	fs.StringVar(&f.terminology, "terminology", "", "link mentions through an `INDEX` that 'medner terminology import' wrote")
	cmd.MarkFlagsMutuallyExclusive("min-confidence", "target-precision")
	cmd.MarkFlagsMutuallyExclusive("prompt", "ensemble")
}

// extractorOptions returns the options that the flags stand for. A flag that the
// user didn't set leaves the choice to the profile.
func (f *nerFlags) extractorOptions(cmd *cobra.Command) ([]ner.Option, error) {
	mo := f.modelFlags.options(cmd)
	var err error
	if mo.Labels, err = parseLabels(f.labels); err != nil {
		return nil, err
	}
	mo.PrefixTokens = inspection.KeptPositions
	options := []ner.Option{ner.WithModelOptions(mo), ner.WithPatience(true)}
	changed := cmd.Flags().Changed
	if f.ensemble == "" {
		idle(cmd, "without --ensemble", "ensemble-rule")
	}
	if f.penalty == 1 {
		idle(cmd, "without --repetition-penalty", "penalty-spares-prompt")
	}
	switch profile := ner.Profile(f.profile); profile {
	case ner.Default, ner.SeedCompat:
		options = append(options, ner.WithProfile(profile))
	default: // a file of prompts
		if changed("prompt") {
			return nil, usagef("--prompt %s: expected none beside --profile %s, which names a file of prompts", f.prompt, f.profile)
		}
		f.prompt = f.profile
	}
	options = append(options, ner.WithTasks(parseTasks(f.tasks)...), ner.WithMethod(ner.Method(f.method)))
	if err := f.checkPrompts(); err != nil {
		return nil, err
	}
	seed, err := f.seed()
	if err != nil {
		return nil, err
	}
	options = append(options, ner.WithSeedRules(seed.Rules))
	if f.prompt != "" {
		options = append(options, ner.WithPrompt(f.prompt))
	}
	if f.ensemble != "" {
		options = append(options, ner.WithEnsemble(ner.Ensemble(f.ensembleRule), strings.Split(f.ensemble, ",")...))
	}
	if changed("whole-words") {
		options = append(options, ner.WithWholeWords(f.wholeWords))
	}
	if changed("grounded") {
		options = append(options, ner.WithGrounded(f.grounded))
	}
	if changed("on-ungrounded") {
		options = append(options, ner.WithUngrounded(ner.Ungrounded(f.ungrounded)))
	}
	if changed("repetition-penalty") || changed("penalty-spares-prompt") {
		options = append(options, ner.WithRepetitionPenalty(f.penalty, f.sparePrompt))
	}
	if f.maxNewTokens > 0 {
		options = append(options, ner.WithMaxNewTokens(f.maxNewTokens))
	}
	if f.alternatives > 0 {
		options = append(options, ner.WithAlternatives(f.alternatives))
	}
	if changed("chunk-tokens") {
		options = append(options, ner.WithChunkTokens(f.chunkTokens))
	}
	return f.confidenceOptions(options)
}

// checkPrompts returns an error if a flag names a prompt that there is not.
func (f *nerFlags) checkPrompts() error {
	var names []string
	if f.prompt != "" {
		names = append(names, f.prompt)
	}
	if f.ensemble != "" {
		names = append(names, strings.Split(f.ensemble, ",")...)
	}
	for _, name := range names {
		_, err := prompt.Load(name)
		if err == nil {
			continue
		}
		known, flag := prompt.Names(), "--prompt "
		if name == f.profile {
			known, flag = []string{string(ner.Default), string(ner.SeedCompat)}, "--profile "
		}
		if meant := nearest.Of(name, known); meant != "" && hint.Of(err) == "" {
			return hint.Add(err, "did you mean "+flag+meant+"?")
		}
		return err
	}
	return nil
}

// seed returns how the model card's rules read and score answers.
func (f *nerFlags) seed() (eval.Seed, error) {
	s := eval.Seed{Filtered: f.profile == string(ner.SeedCompat)}
	if f.variant == "" {
		return s, nil
	}
	if !s.Filtered {
		return s, usagef("--profile-option %s: expected --profile %s beside it", f.variant, ner.SeedCompat)
	}
	for option := range strings.SplitSeq(f.variant, ",") {
		if option == "fuzzy" {
			s.Fuzzy = true
		} else {
			s.Rules = prompt.BioMistralRules
		}
	}
	return s, nil
}

// confidenceOptions adds the options for the flags about confidences.
func (f *nerFlags) confidenceOptions(options []ner.Option) ([]ner.Option, error) {
	if f.calibration != "" {
		c, err := confidence.Load(f.calibration)
		if err != nil {
			return nil, err
		}
		options = append(options, ner.WithCalibration(c))
	}
	if f.minConfidence > 0 {
		options = append(options, ner.WithMinConfidence(f.minConfidence))
	}
	if f.precisionGoal > 0 {
		options = append(options, ner.WithTargetPrecision(f.precisionGoal))
	}
	return options, nil
}

// extractor opens the model and returns an extractor that asks it.
func (f *nerFlags) extractor(ctx context.Context, cmd *cobra.Command, more ...ner.Option) (*ner.Extractor, error) {
	if err := f.locate(); err != nil {
		return nil, err
	}
	options, err := f.extractorOptions(cmd)
	if err != nil {
		return nil, err
	}
	e, err := ner.Open(ctx, f.path, append(options, more...)...)
	if err != nil {
		return nil, err
	}
	for _, note := range e.Notes() {
		fmt.Fprintln(cmd.ErrOrStderr(), "medner: "+printable(note))
	}
	return e, nil
}

// parseTasks reads a list of tasks with commas between.
func parseTasks(list string) []prompt.Task {
	var tasks []prompt.Task
	for name := range strings.SplitSeq(list, ",") {
		tasks = append(tasks, prompt.Task(name))
	}
	return tasks
}
