package verify

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// tagCase is an entry of classifications.json: a text, whose label scores at the
// positions from From on are the tensor "MODEL|PROMPT" of scores.safetensors.
type tagCase struct {
	Model  string   `json:"model"`
	Prompt int      `json:"prompt"`
	IDs    []int32  `json:"ids"`
	From   int      `json:"from"`
	Labels []string `json:"labels"`
}

func (c *tagCase) name() string { return fmt.Sprintf("scores %s #%d", c.Model, c.Prompt) }

// classifications checks label scores, model by model.
func (r *run) classifications() error {
	if !r.exists("classifications.json") {
		return nil
	}
	var cases []tagCase
	if err := readJSON(r.path("classifications.json"), &cases); err != nil {
		return err
	}
	scores, err := safetensors.Open(r.path("scores.safetensors"))
	if errors.Is(err, os.ErrNotExist) {
		return badinput.New(r.path("scores.safetensors"), "", "no such file", "the scores of classifications.json")
	}
	if err != nil {
		return err
	}
	defer scores.Close()
	for from := 0; from < len(cases); {
		to := from
		for to < len(cases) && cases[to].Model == cases[from].Model {
			to++
		}
		if err := r.tagger(cases[from:to], scores); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// tagger checks the cases of one model.
func (r *run) tagger(cases []tagCase, scores *safetensors.Reader) error {
	m, why, err := r.openLabelled(cases[0].Model, cases[0].Labels)
	if err != nil {
		return err
	}
	if m == nil {
		for _, c := range cases {
			r.skip(c.name(), why)
		}
		return nil
	}
	defer m.Close()
	for _, c := range cases {
		if err := r.scores(m, &c, scores); err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
	}
	return nil
}

// openLabelled opens a model as open does. Where its files name no labels, those of
// the reference count.
func (r *run) openLabelled(name string, labels []string) (m *model.Model, why string, err error) {
	if m, why, err = r.open(name); m == nil || err != nil {
		return m, why, err
	}
	if _, missing := m.Labels(""); missing == nil {
		return m, "", nil
	}
	if err := m.Close(); err != nil {
		return nil, "", err
	}
	own := r.options
	defer func() { r.options = own }()
	r.options.Labels = labels
	return r.open(name)
}

// scores checks one case.
func (r *run) scores(m *model.Model, c *tagCase, file *safetensors.Reader) error {
	reference, err := matrix(file, fmt.Sprintf("%s|%d", c.Model, c.Prompt))
	if err != nil {
		return err
	}
	want, err := quant.ReadAll(reference)
	if err != nil {
		return err
	}
	got, err := m.Classify(r.ctx, model.ClassifyRequest{Tokens: c.IDs, From: c.From})
	var long *model.ContextError
	if errors.As(err, &long) { // a device may hold less than the model was made for
		r.skip(c.name(), fmt.Sprintf("%d tokens in a context of %d", long.PromptTokens, long.Limit))
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.Equal(got.Labels, c.Labels) {
		r.differ(c.name(), "labels %q, expected %q", got.Labels, c.Labels)
		return nil
	}
	if rows, labels := len(got.Scores), len(got.Labels); len(want) != rows*labels {
		return badinput.New(r.path("scores.safetensors"), fmt.Sprintf("%s|%d", c.Model, c.Prompt), fmt.Sprintf("%d numbers", len(want)), fmt.Sprintf("%d positions of %d labels", rows, labels))
	}
	worst, allowed := 0.0, LogitTolerance
	for i, w := range want {
		allowed = max(allowed, RelativeTolerance*math.Abs(float64(w)))
		worst = max(worst, math.Abs(float64(got.Scores[i/len(c.Labels)][i%len(c.Labels)])-float64(w)))
	}
	r.summary.MaxScoreError = max(r.summary.MaxScoreError, worst)
	if worst > allowed {
		r.differ(c.name(), "a score is off by %.2g, expected at most %.2g", worst, allowed)
	} else {
		r.equal(c.name())
	}
	return nil
}
