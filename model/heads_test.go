package model

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// tensorMap holds the tensors of a file by name.
type tensorMap map[string]safetensors.Source

// set replaces a tensor by one of float32.
func (m tensorMap) set(name string, shape []int, v ...float32) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	numbers := slices.Repeat([]float32{0.5}, n)
	copy(numbers, v)
	data := make([]byte, 4*n)
	quant.Encode(quant.F32, data, numbers)
	m[name] = safetensors.Bytes(name, safetensors.F32, shape, data)
}

// changed copies a folder of testdata/goldens-tags with its JSON file and its tensors
// changed by edit.
func changed(t *testing.T, folder, jsonName, weights string, edit func(config map[string]any, tensors tensorMap)) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), filepath.Base(folder))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	var config map[string]any
	readJSON(t, tags(folder, jsonName), &config)
	reader, err := safetensors.Open(tags(folder, weights))
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	tensors := tensorMap{}
	for _, name := range reader.Names() {
		tensor, _ := reader.Tensor(name)
		tensors[name] = safetensors.Bytes(name, tensor.DType, tensor.Shape, slices.Clone(tensor.Data))
	}
	edit(config, tensors)
	text, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, jsonName), text, 0o600))
	require.NoError(t, safetensors.WriteFile(filepath.Join(dir, weights), slices.Collect(maps.Values(tensors)), nil))
	return dir
}

// nan and inf are not finite.
var nan, inf = float32(math.NaN()), float32(math.Inf(1))

func TestBadHeads(t *testing.T) {
	type config = map[string]any
	for name, c := range map[string]struct {
		edit func(config, tensorMap)
		want string
	}{
		"another width": {func(_ config, m tensorMap) { m.set("score.weight", []int{3, 32}) }, "score.weight: shape: found [3 32], expected labels × 64 numbers"},
		"no classes":    {func(_ config, m tensorMap) { m.set("score.weight", []int{0, 64}) }, "score.weight: shape: found [0 64]"},
		"a vector":      {func(_ config, m tensorMap) { m.set("score.weight", []int{64}) }, "score.weight: shape: found [64]"},
		"no head":       {func(_ config, m tensorMap) { delete(m, "score.weight"); delete(m, "score.bias") }, "score.weight: found no such tensor"},
		"a bias alone":  {func(_ config, m tensorMap) { delete(m, "score.weight") }, "score.weight: found no such tensor"},
		"two heads":     {func(_ config, m tensorMap) { m.set("classifier.weight", []int{3, 64}) }, "classifier.weight: found a second head"},
		"bias too long": {func(_ config, m tensorMap) { m.set("score.bias", []int{4}) }, "score.bias: shape: found [4], expected 3 numbers"},
		"NaN":           {func(_ config, m tensorMap) { m.set("score.weight", []int{3, 64}, 1, nan) }, "score.weight: found NaN in row 0"},
		"infinity":      {func(_ config, m tensorMap) { m.set("score.bias", []int{3}, 1, 2, inf) }, "score.bias: found +Inf in row 0"},
		"integers": {func(_ config, m tensorMap) {
			m["score.weight"] = safetensors.Bytes("score.weight", safetensors.I8, []int{3, 64}, make([]byte, 192))
		}, "score.weight: dtype"},
		"too few labels":      {func(c config, _ tensorMap) { c["id2label"] = config{"0": "O", "1": "X"} }, "2 labels, expected 3"},
		"too many labels":     {func(c config, _ tensorMap) { c["id2label"] = config{"0": "O", "1": "X", "2": "Y", "3": "Z"} }, "4 labels, expected 3"},
		"more said":           {func(c config, _ tensorMap) { c["num_labels"] = 4 }, "num_labels: found 4, expected 3"},
		"none said":           {func(c config, _ tensorMap) { delete(c, "id2label"); delete(c, "label2id") }, "labels: found none for the 3 classes"},
		"a gap":               {func(c config, _ tensorMap) { c["id2label"] = config{"0": "O", "1": "X", "3": "Z"} }, `id2label: found the class "3"`},
		"no number":           {func(c config, _ tensorMap) { c["id2label"] = config{"0": "O", "1": "X", "Z": "2"} }, `id2label: found the class "Z"`},
		"one twice":           {func(c config, _ tensorMap) { c["id2label"] = config{"0": "O", "1": "X", "2": "X"} }, `the label "X" for the classes 1 and 2`},
		"sequences":           {func(c config, _ tensorMap) { c["architectures"] = []string{"Qwen2ForSequenceClassification"} }, "Qwen2ForSequenceClassification"},
		"questions":           {func(c config, _ tensorMap) { c["architectures"] = []string{"Qwen2ForQuestionAnswering"} }, "Qwen2ForQuestionAnswering"},
		"another family":      {func(c config, _ tensorMap) { c["architectures"] = []string{"LlamaForTokenClassification"} }, "model_type"},
		"a model that writes": {func(c config, _ tensorMap) { c["architectures"] = []string{"Qwen2ForCausalLM"} }, "score.bias: found a tensor that the configuration does not ask for"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := changed(t, "models/qwen2", "config.json", "model.safetensors", c.edit)
			_, err := Open(t.Context(), dir, Options{})
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir)
			_, described := Describe(t.Context(), dir, Options{})
			require.EqualError(t, described, err.Error())
		})
	}
}

func TestBadHeadsOfAdapters(t *testing.T) {
	type config = map[string]any
	const weight, bias = "base_model.model.score.weight", "base_model.model.score.bias"
	for name, c := range map[string]struct {
		edit   func(config, tensorMap)
		labels string // labels.json; "": none
		want   string
	}{
		"another width":  {func(_ config, m tensorMap) { m.set(weight, []int{5, 32}) }, `["O"]`, "score.weight: shape: found [5 32], expected [5 64]"},
		"a vector":       {func(_ config, m tensorMap) { m.set(weight, []int{64}) }, "", "score.weight: shape: found [64]"},
		"no head":        {func(_ config, m tensorMap) { delete(m, weight); delete(m, bias) }, "", "score.weight: found no such tensor, expected the head of an adapter whose task_type is TOKEN_CLS"},
		"bias too long":  {func(_ config, m tensorMap) { m.set(bias, []int{6}) }, "", "score.bias: shape: found [6], expected [5]"},
		"NaN":            {func(_ config, m tensorMap) { m.set(weight, []int{5, 64}, nan) }, "", "score.weight: found NaN or infinity"},
		"infinity":       {func(_ config, m tensorMap) { m.set(bias, []int{5}, inf) }, "", "score.bias: found NaN or infinity"},
		"sequences":      {func(c config, _ tensorMap) { c["task_type"] = "SEQ_CLS" }, "", `task_type: found "SEQ_CLS", expected CAUSAL_LM or TOKEN_CLS`},
		"questions":      {func(c config, _ tensorMap) { c["task_type"] = "QUESTION_ANS" }, "", "QUESTION_ANS"},
		"two heads":      {func(_ config, m tensorMap) { m.set("base_model.model.classifier.weight", []int{5, 64}) }, "", "classifier.weight: found a tensor of a module that the base does not have"},
		"too few labels": {func(config, tensorMap) {}, `["O", "X"]`, "2 labels, expected 5"},
		"broken labels":  {func(config, tensorMap) {}, `["O", "X"`, "labels.json"},
		"a gap":          {func(config, tensorMap) {}, `{"id2label": {"0": "O", "2": "X"}}`, "labels.json: id2label"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := changed(t, "adapters/lora", lora.ConfigName, lora.WeightsName, c.edit)
			if c.labels != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "labels.json"), []byte(c.labels), 0o600))
			}
			_, err := Open(t.Context(), tags("models/llama-base"), Options{Adapters: []string{dir}})
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir)
		})
	}
}

// TestLabelsOfHeads: labels come from the adapter's folder, the options, or the base;
// where there are none, or no head, the error says what would name them.
func TestLabelsOfHeads(t *testing.T) {
	nothing := func(map[string]any, tensorMap) {}
	unnamed := changed(t, "adapters/lora", lora.ConfigName, lora.WeightsName, nothing)
	configured := changed(t, "adapters/dora", lora.ConfigName, lora.WeightsName, nothing)
	require.NoError(t, os.WriteFile(filepath.Join(configured, "config.json"), []byte(`{"id2label": {"0": "a", "1": "b", "2": "c"}}`), 0o600))
	m, err := Open(t.Context(), tags("models/llama-base"), Options{Adapters: []string{unnamed, configured}, Active: "lora"})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	names, err := m.Labels("dora")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, names)
	tokens := ClassifyRequest{Tokens: []int32{5}}
	for adapter, want := range map[string]string{
		"":     "labels: found none for the 5 classes of the token classification head, expected labels.json beside the adapter",
		"lora": unnamed,
		Base:   `adapter: found "base", without a token classification head, expected one of ["lora" "dora"]`,
		"x":    `adapter: found "x"`,
	} {
		tokens.Adapter = adapter
		for range 2 {
			_, err = m.Classify(t.Context(), tokens)
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, want)
			_, err = m.Labels(adapter)
			require.ErrorContains(t, err, want)
		}
	}
	_, err = m.Generate(t.Context(), Request{Tokens: []int32{5}, MaxNewTokens: 1})
	require.NoError(t, err, "an adapter without labels writes all the same")

	// The base's labels, for an adapter that changes its head, and for one whose head
	// has as many.
	for adapter, base := range map[string]string{"inherits": "nf4-qwen2", "rslora": "mistral"} {
		m, err := Open(t.Context(), tags("models", base), Options{Adapters: []string{tags("adapters", adapter)}, LoRA: Unmerged})
		require.NoError(t, err)
		own, err := m.Labels(Base)
		require.NoError(t, err)
		names, err := m.Labels(adapter)
		require.NoError(t, err)
		require.Equal(t, own, names)
		require.NoError(t, m.Close())
	}
	_, err = Open(t.Context(), tags("models/llama-base"), Options{Adapters: []string{unnamed}, Labels: []string{"O"}})
	require.ErrorContains(t, err, "Options.Labels: found 1 labels, expected 5")
}

// TestHeadForOtherLabels: an adapter brings a head along for more or fewer labels than
// the base's, whose labels then aren't its own.
func TestHeadForOtherLabels(t *testing.T) {
	base := tags("models/llama") // of the shapes of llama-base, but for the vocabulary
	o := Options{Adapters: []string{tags("adapters/dora"), tags("adapters/lora")}}
	m, err := Open(t.Context(), base, o)
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	for adapter, want := range map[string]int{"dora": 3, "lora": 5, Base: 5} {
		found, err := m.Classify(t.Context(), ClassifyRequest{Tokens: []int32{7, 8, 9}, From: 1, Adapter: adapter})
		require.NoError(t, err)
		require.Len(t, found.Labels, want)
		require.Len(t, found.Scores, 2)
		require.Len(t, found.Scores[1], want)
	}
	d, err := Describe(t.Context(), base, o)
	require.NoError(t, err)
	require.Equal(t, 5, d.Head.Classes)
	require.Equal(t, 3, d.Adapters[0].Head.Classes)
	require.False(t, d.Writes)

	unnamed := changed(t, "adapters/dora", lora.ConfigName, lora.WeightsName, func(map[string]any, tensorMap) {})
	m, err = Open(t.Context(), base, Options{Adapters: []string{unnamed}, LoRA: Unmerged})
	require.NoError(t, err)
	_, err = m.Labels("")
	require.ErrorContains(t, err, "none for the 3 classes")
	require.NoError(t, m.Close())

	// Labels of the options are the adapter's; the base's head has its own.
	m, err = Open(t.Context(), base, Options{Adapters: []string{unnamed}, LoRA: Unmerged, Labels: []string{"O", "a", "b"}})
	require.NoError(t, err)
	for adapter, want := range map[string][]string{"dora": {"O", "a", "b"}, Base: nil} {
		a, err := m.Adapter(adapter)
		require.NoError(t, err)
		require.Equal(t, want, a.Relabelled)
	}
	names, err := m.Labels(Base)
	require.NoError(t, err)
	require.Len(t, names, 5)
	require.NoError(t, m.Close())
}

// TestBadClassifyRequests: positions that there are not, and texts that the context
// doesn't hold.
func TestBadClassifyRequests(t *testing.T) {
	m, err := Open(t.Context(), tags("models/qwen2"), Options{Context: 10})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	for _, r := range []ClassifyRequest{
		{}, {Tokens: []int32{1, 2}, From: 2}, {Tokens: []int32{1, 2}, From: -1}, {Tokens: []int32{1, 1000}}, {Tokens: []int32{-1}},
	} {
		_, err := m.Classify(t.Context(), r)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, "%+v", r)
	}
	_, err = m.Classify(t.Context(), ClassifyRequest{Tokens: make([]int32, 11)})
	var long *ContextError
	require.ErrorAs(t, err, &long)
	require.Equal(t, ContextError{PromptTokens: 11, Limit: 10}, *long)
	found, err := m.Classify(t.Context(), ClassifyRequest{Tokens: make([]int32, 10)})
	require.NoError(t, err)
	require.Len(t, found.Scores, 10)
}
