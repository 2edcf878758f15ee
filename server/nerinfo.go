package server

import (
	"math"
	"net/http"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/format"
	"github.com/medner/medner/ner/prompt"
)

// The answer to GET /v1/ner/options: what requests to annotate and to convert may ask for,
// from which a page can build its controls.
type (
	nerInfo struct {
		Models       []string          `json:"models"` // for "model"; the first is the default
		Tasks        []prompt.Task     `json:"tasks"`
		Methods      []methodInfo      `json:"methods"`
		Profiles     []ner.Profile     `json:"profiles"`
		Prompts      []string          `json:"prompts"`
		Rules        []ner.Ensemble    `json:"ensemble_rules"`
		OnUngrounded []ner.Ungrounded  `json:"on_ungrounded"`
		Inputs       []formatInfo      `json:"inputs"`
		AnyInput     []string          `json:"detected_media_types"` // of bodies whose format is found out
		Outputs      []formatInfo      `json:"outputs"`
		Terminology  []terminologyInfo `json:"terminologies"`
		Defaults     map[string]any    `json:"defaults"` // by the name of the field; what isn't here is off or the profile's
		Limits       map[string]int64  `json:"limits"`
		Calibration  *calibrationInfo  `json:"calibration"`           // of the defaults; null: confidences are scores, not probabilities
		Unavailable  string            `json:"unavailable,omitempty"` // why the server can't annotate
	}
	methodInfo struct {
		Name      ner.Method `json:"name"`
		Available bool       `json:"available"`
		Reason    string     `json:"reason,omitempty"` // why it isn't
	}
	formatInfo struct {
		Name       format.Format `json:"name"` // for "format" and ?input=
		MediaTypes []string      `json:"media_types"`
		Streams    bool          `json:"streams,omitempty"` // documents are sent as they are done
	}
	terminologyInfo struct {
		Name    string `json:"name"` // for "terminology"
		Title   string `json:"title"`
		Release string `json:"release"`
		Licence string `json:"licence"`
	}
	calibrationInfo struct {
		Key   confidence.Key       `json:"key"`
		Data  string               `json:"data"` // what it was fitted to
		Tasks map[string][]binInfo `json:"tasks"`
	}
	// binInfo is a range of the model's own probabilities, From to To, and what became of
	// the Count items in it that the calibration was fitted to: Observed is the share that
	// was right, which is the confidence that items in the range get.
	binInfo struct {
		From      float64 `json:"from"`
		To        float64 `json:"to"`
		Predicted float64 `json:"predicted"` // the middle of the range
		Observed  float64 `json:"observed"`
		Count     float64 `json:"count"`
	}
)

// nerOptions answers GET /v1/ner/options.
func (s *Server) nerOptions(w http.ResponseWriter, _ *http.Request) error {
	info := nerInfo{
		Models: s.modelNames(), Tasks: prompt.Tasks(), Methods: s.methods(), Prompts: prompt.Names(),
		Profiles: []ner.Profile{ner.Default, ner.SeedCompat}, Rules: []ner.Ensemble{ner.Union, ner.Intersection, ner.Vote},
		OnUngrounded: []ner.Ungrounded{ner.Flag, ner.Drop},
		AnyInput:     detectedTypes, Terminology: []terminologyInfo{},
		Defaults: map[string]any{
			"tasks": prompt.Tasks(), "profile": ner.Default, "grounded": true, "whole_words": true, "on_ungrounded": ner.Flag,
			"repetition_penalty": 1, "max_new_tokens": 256, "chunk_tokens": 640, "ensemble_rule": ner.Vote, "with_text": false,
		},
		Limits: map[string]int64{
			"body_bytes": s.limits.Body, "documents": int64(s.limits.Documents), "characters": int64(s.limits.Characters),
			"queued_characters": int64(s.limits.Queued), "max_new_tokens": maxAnswer, "words": maxWords,
		},
	}
	for _, f := range format.Inputs() {
		if f != format.Brat { // its annotations and texts are files of their own
			info.Inputs = append(info.Inputs, formatInfo{Name: f, MediaTypes: typesOf(f)})
		}
	}
	for _, f := range format.Outputs() {
		info.Outputs = append(info.Outputs, formatInfo{Name: f, MediaTypes: typesOf(f), Streams: f == format.JSONL})
	}
	for _, t := range s.terminologies {
		about := t.index.Info()
		info.Terminology = append(info.Terminology, terminologyInfo{t.name, about.Name, about.Release, about.Licence})
	}
	if s.extractor == nil {
		info.Unavailable = asAPIError(s.noExtractor).Message
	} else {
		info.Defaults["method"] = s.extractor.Method()
		info.Defaults["prompts"] = s.extractor.Prompts()
		info.Calibration = describeCalibration(s.extractor.Calibration())
	}
	return writeJSON(w, http.StatusOK, info)
}

// methods says which methods the default adapter has.
func (s *Server) methods() (list []methodInfo) {
	for _, m := range []ner.Method{ner.Generate, ner.Tag, ner.Both} {
		info := methodInfo{Name: m}
		if s.extractor != nil {
			_, err := s.extractor.With(ner.WithMethod(m))
			if info.Available = err == nil; err != nil {
				info.Reason = asAPIError(inFields(err)).Message
			}
		}
		list = append(list, info)
	}
	return list
}

// describeCalibration returns the reliability of confidences by task; nil for no
// calibration.
func describeCalibration(c *confidence.Calibration) *calibrationInfo {
	if c == nil {
		return nil
	}
	info := &calibrationInfo{Key: c.Key, Data: c.Data, Tasks: map[string][]binInfo{}}
	for task, curve := range c.Tasks {
		for _, b := range curve.Blocks {
			info.Tasks[task] = append(info.Tasks[task], binInfo{
				From: sigmoid(b.Low), To: sigmoid(b.High), Predicted: (sigmoid(b.Low) + sigmoid(b.High)) / 2, Observed: b.Value, Count: b.Count,
			})
		}
	}
	return info
}

// sigmoid returns the probability of a logarithm of odds.
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
