package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/model"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// generationCase is an entry of generations.json: a prompt and what
// transformers wrote, by setting ("penalty=1.15", "penalty=1.15,eos=353").
type generationCase struct {
	Model  string             `json:"model"`
	Prompt int                `json:"prompt"`
	IDs    []int32            `json:"ids"`
	Rows   string             `json:"logit_rows"`
	Greedy map[string][]int32 `json:"greedy"`
}

// maxNewTokens is how far the reference generations go.
const maxNewTokens = 48

func (r *run) models() error {
	if !r.exists("generations.json") {
		return nil
	}
	var cases []generationCase
	if err := readJSON(r.path("generations.json"), &cases); err != nil {
		return err
	}
	logits, err := safetensors.Open(r.path("logits.safetensors"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if logits != nil {
		defer logits.Close()
	}
	for from := 0; from < len(cases); {
		to := from
		for to < len(cases) && cases[to].Model == cases[from].Model {
			to++
		}
		if err := r.model(cases[from:to], logits); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// model checks the cases of one model.
func (r *run) model(cases []generationCase, logits *safetensors.Reader) error {
	name := cases[0].Model
	m, why, err := r.open(name)
	if err != nil {
		return err
	}
	if m == nil {
		for _, c := range cases {
			r.skip(fmt.Sprintf("logits %s #%d", name, c.Prompt), why)
			for _, setting := range settings(c) {
				r.skip(fmt.Sprintf("ids %s #%d %s", name, c.Prompt, setting), why)
			}
		}
		return nil
	}
	defer m.Close()
	if logits != nil {
		for _, c := range cases {
			if err := r.logits(m, c, logits); err != nil {
				return err
			}
		}
	}
	return r.generations(m, cases)
}

// generations checks the generations of a model, all in flight at once, and
// reports them in order.
func (r *run) generations(m *model.Model, cases []generationCase) error {
	var checks []func() error
	var waiting sync.WaitGroup
	for _, c := range cases {
		for _, setting := range settings(c) {
			var result *model.Result
			var err error
			waiting.Go(func() { result, err = r.generate(m, c, setting) })
			checks = append(checks, func() error {
				name := fmt.Sprintf("ids %s #%d %s", c.Model, c.Prompt, setting)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				r.compareIDs(name, result.IDs(), c.Greedy[setting])
				return nil
			})
		}
	}
	waiting.Wait()
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// open loads a model, or an adapter over its base; nil with the reason where
// the folder doesn't hold it or the engine refuses it by name.
func (r *run) open(name string) (m *model.Model, why string, err error) {
	base, o := name, r.options
	if strings.HasPrefix(name, "adapters/") {
		var config struct {
			Base string `json:"base_model_name_or_path"`
		}
		if !r.exists(name, "adapter_config.json") {
			return nil, "no " + name + " here", nil
		}
		if err := readJSON(r.path(name, "adapter_config.json"), &config); err != nil {
			return nil, "", err
		}
		base, o.Adapters = config.Base, []string{r.path(name)}
	}
	if !r.hasWeights(base) {
		return nil, "no weights of " + base + " here", nil
	}
	m, err = model.Open(r.ctx, r.path(base), o)
	if refused(err) {
		return nil, err.Error(), nil
	}
	return m, "", err
}

// hasWeights says whether the folder holds a model's weights, and not only its
// tokenizer.
func (r *run) hasWeights(model string) bool {
	files, _ := filepath.Glob(r.path(model, "*.safetensors"))
	return len(files) > 0
}

func settings(c generationCase) []string {
	var s []string
	for k := range c.Greedy {
		s = append(s, k)
	}
	sort.Strings(s)
	return s
}

func (r *run) logits(m *model.Model, c generationCase, file *safetensors.Reader) error {
	name := fmt.Sprintf("logits %s #%d", c.Model, c.Prompt)
	worst, allowed, err := r.logitError(m, c, file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.summary.MaxLogitError = max(r.summary.MaxLogitError, worst)
	if worst > allowed {
		r.differ(name, "a logit is off by %.2g, expected at most %.2g", worst, allowed)
	} else {
		r.equal(name)
	}
	return nil
}

// logitError is the largest difference of a logit from the reference, and what
// is allowed.
func (r *run) logitError(m *model.Model, c generationCase, file *safetensors.Reader) (worst, allowed float64, err error) {
	reference, err := matrix(file, fmt.Sprintf("%s|%d", c.Model, c.Prompt))
	if err != nil {
		return 0, 0, err
	}
	want, err := quant.ReadAll(reference)
	if err != nil {
		return 0, 0, err
	}
	vocab := m.Config().VocabSize
	got, err := m.Logits(r.ctx, c.IDs, len(want)/vocab, "")
	if err != nil {
		return 0, 0, err
	}
	allowed = LogitTolerance
	for i := range want {
		allowed = max(allowed, RelativeTolerance*math.Abs(float64(want[i])))
		worst = max(worst, math.Abs(float64(got[i/vocab][i%vocab])-float64(want[i])))
	}
	return worst, allowed, nil
}

func (r *run) generate(m *model.Model, c generationCase, setting string) (*model.Result, error) {
	request := model.Request{Tokens: c.IDs, MaxNewTokens: maxNewTokens}
	if err := applySetting(&request, setting); err != nil {
		return nil, badinput.New(r.path("generations.json"), c.Model, setting, "settings such as penalty=1.15,eos=353")
	}
	return m.Generate(r.ctx, request)
}

func (r *run) compareIDs(name string, got, want []int32) {
	if slices.Equal(got, want) {
		r.equal(name)
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	r.differ(name, "ids differ from position %d on: %v, expected %v", i, got[i:], want[i:])
}

func applySetting(request *model.Request, setting string) error {
	for _, part := range strings.Split(setting, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "penalty":
			p, err := strconv.ParseFloat(value, 32)
			if err != nil {
				return err
			}
			request.RepetitionPenalty = float32(p)
		case "eos":
			id, err := strconv.ParseInt(value, 10, 32)
			if err != nil {
				return err
			}
			request.Stop = []int32{int32(id)}
		default:
			return fmt.Errorf("unknown setting %q", key)
		}
	}
	return nil
}

// maxReference bounds the size in bytes of a file of reference values.
const maxReference = 1 << 30

func readJSON(path string, v any) error {
	data, err := files.Read(path, maxReference, "reference values")
	if err != nil {
		return badinput.Wrap(path, "", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return badinput.Wrap(path, "JSON", err)
	}
	return nil
}
