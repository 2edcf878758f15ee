package server

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/prompt"
)

// nerFields are the options of a request to annotate or to convert. In a JSON body they
// stand beside the documents; for every other body they are parameters of the query, which
// a JSON body's fields replace. They are called as the flags of medner ner, with _ for -.
// What is left out is as the command has it.
type nerFields struct {
	Model               *string         `json:"model"`  // an adapter, as in /v1/models
	Tasks               json.RawMessage `json:"tasks"`  // a list, or a string with commas: chemicals, diseases, influences
	Task                json.RawMessage `json:"task"`   // the same, by the flag's name
	Method              *string         `json:"method"` // generate, tag or both
	Profile             *string         `json:"profile"`
	ProfileOption       *string         `json:"profile_option"`
	Prompt              *string         `json:"prompt"`        // a name; no file
	Ensemble            json.RawMessage `json:"ensemble"`      // names of prompts
	EnsembleRule        *string         `json:"ensemble_rule"` // union, intersection or vote
	Grounded            *bool           `json:"grounded"`
	WholeWords          *bool           `json:"whole_words"`
	OnUngrounded        *string         `json:"on_ungrounded"` // flag or drop
	RepetitionPenalty   *float64        `json:"repetition_penalty"`
	PenaltySparesPrompt *bool           `json:"penalty_spares_prompt"`
	MaxNewTokens        *int            `json:"max_new_tokens"`
	ChunkTokens         *int            `json:"chunk_tokens"`
	Alternatives        *float64        `json:"alternatives"`
	MinConfidence       *float64        `json:"min_confidence"`
	TargetPrecision     *float64        `json:"target_precision"`
	Terminology         *string         `json:"terminology"` // a name from /v1/ner/options
	WithText            *bool           `json:"with_text"`   // JSON holds the texts of documents too
	Format              *string         `json:"format"`      // of the answer, in place of Accept
	Stream              *bool           `json:"stream"`      // answer by events, where Accept asks for nothing else
	Notes               *bool           `json:"notes"`       // a stream ends with an object {"notes": […]}, if there are any
	Name                *string         `json:"name"`        // of the file that the body is: helps to tell its format, and names documents without identifiers
	Lenient             *bool           `json:"lenient"`     // of /v1/convert
}

// query sets the fields that a query names.
func (f *nerFields) query(values url.Values) error {
	v := reflect.ValueOf(f).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		if !values.Has(name) {
			continue
		}
		text := strings.Join(values[name], ",")
		field := v.Field(i)
		if field.Type() == reflect.TypeFor[json.RawMessage]() {
			quoted, err := json.Marshal(text)
			if err != nil {
				return err
			}
			field.SetBytes(quoted)
			continue
		}
		value := reflect.New(field.Type().Elem())
		if err := setText(name, value.Elem(), text); err != nil {
			return err
		}
		field.Set(value)
	}
	return nil
}

// setText sets a value of a kind by its text.
func setText(name string, value reflect.Value, text string) error {
	switch value.Kind() {
	case reflect.Bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return badField(name, strconv.Quote(text), "true or false")
		}
		value.SetBool(on)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return badField(name, strconv.Quote(text), "a whole number")
		}
		value.SetInt(int64(n))
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return badField(name, strconv.Quote(text), "a number")
		}
		value.SetFloat(x)
	default:
		value.SetString(text)
	}
	return nil
}

// words reads a list of strings, or a string of words with commas between. ok is false
// where the field is left out or null.
func words(name string, raw json.RawMessage) (list []string, ok bool, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		list = strings.Split(text, ",")
	} else if json.Unmarshal(raw, &list) != nil {
		return nil, false, badField(name, clip.Text(string(raw)), "a list of strings, or a string with commas between")
	}
	for i, word := range list {
		list[i] = strings.TrimSpace(word)
	}
	if len(list) == 0 || len(list) > maxWords {
		return nil, false, badField(name, fmt.Sprintf("%d strings", len(list)), fmt.Sprintf("1 to %d", maxWords))
	}
	return list, true, nil
}

// maxWords bounds the tasks, and the prompts of an ensemble, that a request names.
const maxWords = 8

// among refuses a value that isn't one of some.
func among[T ~string](name, value string, allowed []T) error {
	if !slices.Contains(allowed, T(value)) {
		return badField(name, strconv.Quote(clip.Text(value)), "one of "+names(allowed))
	}
	return nil
}

// extractor returns the extractor that the fields describe, on behalf of a tenant.
func (s *Server) extractorFor(f *nerFields, tenant string) (*ner.Extractor, error) {
	if s.extractor == nil {
		return nil, s.noExtractor
	}
	options := []ner.Option{ner.WithPatience(true), ner.WithTenant(tenant)}
	for _, add := range []func(*nerFields) ([]ner.Option, error){s.subjectOptions, askOptions, answerOptions, confidenceOptions} {
		more, err := add(f)
		if err != nil {
			return nil, err
		}
		options = append(options, more...)
	}
	e, err := s.extractor.With(options...)
	return e, inFields(err)
}

// subjectOptions returns the options that say which adapter is asked for what.
func (s *Server) subjectOptions(f *nerFields) (options []ner.Option, err error) {
	if f.Model != nil {
		adapter, err := s.adapterOf(*f.Model)
		if err != nil {
			return nil, err
		}
		options = append(options, ner.WithAdapter(adapter))
	}
	if f.Profile != nil {
		if err := among("profile", *f.Profile, []ner.Profile{ner.Default, ner.SeedCompat}); err != nil {
			return nil, err
		}
		options = append(options, ner.WithProfile(ner.Profile(*f.Profile)))
	}
	if f.ProfileOption != nil && *f.ProfileOption != "" {
		if err := among("profile_option", *f.ProfileOption, []prompt.SeedRules{prompt.BioMistralRules}); err != nil {
			return nil, err
		}
		if f.Profile == nil || *f.Profile != string(ner.SeedCompat) {
			return nil, badField("profile_option", strconv.Quote(*f.ProfileOption), "profile seed-compat beside it")
		}
		options = append(options, ner.WithSeedRules(prompt.SeedRules(*f.ProfileOption)))
	}
	name, raw := "tasks", f.Tasks
	if len(raw) == 0 {
		name, raw = "task", f.Task
	}
	if list, ok, err := words(name, raw); err != nil {
		return nil, err
	} else if ok {
		var tasks []prompt.Task
		for _, task := range list {
			if err := among(name, task, prompt.Tasks()); err != nil {
				return nil, err
			}
			tasks = append(tasks, prompt.Task(task))
		}
		options = append(options, ner.WithTasks(tasks...))
	}
	if f.Terminology != nil && *f.Terminology != "" {
		index, err := s.terminologyOf(*f.Terminology)
		if err != nil {
			return nil, err
		}
		options = append(options, ner.WithTerminology(index))
	}
	return options, nil
}

// askOptions returns the options that say how the model is asked.
func askOptions(f *nerFields) (options []ner.Option, err error) {
	if f.Method != nil && *f.Method != "" {
		if err := among("method", *f.Method, []ner.Method{ner.Generate, ner.Tag, ner.Both}); err != nil {
			return nil, err
		}
		options = append(options, ner.WithMethod(ner.Method(*f.Method)))
	}
	if f.Prompt != nil {
		if err := among("prompt", *f.Prompt, prompt.Names()); err != nil {
			return nil, err
		}
		options = append(options, ner.WithPrompt(*f.Prompt))
	}
	list, ok, err := words("ensemble", f.Ensemble)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return options, nil
	case f.Prompt != nil:
		return nil, badField("ensemble", "prompts beside prompt", "one of the two")
	}
	for _, name := range list {
		if err := among("ensemble", name, prompt.Names()); err != nil {
			return nil, err
		}
	}
	rule := ner.Vote
	if f.EnsembleRule != nil {
		rule = ner.Ensemble(*f.EnsembleRule)
		if err := among("ensemble_rule", *f.EnsembleRule, []ner.Ensemble{ner.Union, ner.Intersection, ner.Vote}); err != nil {
			return nil, err
		}
	}
	return append(options, ner.WithEnsemble(rule, list...)), nil
}

// answerOptions returns the options that say how answers are written and read.
func answerOptions(f *nerFields) (options []ner.Option, err error) {
	if f.WholeWords != nil {
		options = append(options, ner.WithWholeWords(*f.WholeWords))
	}
	if f.Grounded != nil {
		options = append(options, ner.WithGrounded(*f.Grounded))
	}
	if f.OnUngrounded != nil {
		if err := among("on_ungrounded", *f.OnUngrounded, []ner.Ungrounded{ner.Flag, ner.Drop}); err != nil {
			return nil, err
		}
		options = append(options, ner.WithUngrounded(ner.Ungrounded(*f.OnUngrounded)))
	}
	if f.RepetitionPenalty != nil || f.PenaltySparesPrompt != nil {
		penalty := 1.0
		if f.RepetitionPenalty != nil {
			penalty = *f.RepetitionPenalty
		}
		if !(penalty > 0 && penalty <= math.MaxFloat32) {
			return nil, badField("repetition_penalty", fmt.Sprint(penalty), "a number above 0")
		}
		options = append(options, ner.WithRepetitionPenalty(float32(penalty), f.PenaltySparesPrompt != nil && *f.PenaltySparesPrompt))
	}
	if f.MaxNewTokens != nil {
		if n := *f.MaxNewTokens; n < 1 || n > maxAnswer {
			return nil, badField("max_new_tokens", fmt.Sprint(n), fmt.Sprintf("1 to %d", maxAnswer))
		}
		options = append(options, ner.WithMaxNewTokens(*f.MaxNewTokens))
	}
	if f.Alternatives != nil {
		options = append(options, ner.WithAlternatives(*f.Alternatives))
	}
	if f.ChunkTokens != nil {
		if n := *f.ChunkTokens; n < 0 || n > math.MaxInt32 {
			return nil, badField("chunk_tokens", fmt.Sprint(n), "0, which means as many as the context holds, or more")
		}
		options = append(options, ner.WithChunkTokens(*f.ChunkTokens))
	}
	return options, nil
}

// maxAnswer bounds the tokens of each answer of the model about a document.
const maxAnswer = 4096

// confidenceOptions returns the options about confidences.
func confidenceOptions(f *nerFields) (options []ner.Option, err error) {
	if f.MinConfidence != nil && f.TargetPrecision != nil {
		return nil, badField("target_precision", "a number beside min_confidence", "one of the two")
	}
	if f.MinConfidence != nil {
		options = append(options, ner.WithMinConfidence(*f.MinConfidence))
	}
	if f.TargetPrecision != nil {
		options = append(options, ner.WithTargetPrecision(*f.TargetPrecision))
	}
	return options, nil
}
