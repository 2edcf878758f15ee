package lora

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// folder writes an adapter, changed by edit, from a sound one of rank 2 for
// the q_proj of a model with one layer of 4 → 6.
func folder(t testing.TB, edit func(config map[string]any, tensors map[string]safetensors.Source)) string {
	dir := t.TempDir()
	config := map[string]any{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": []string{"q_proj"}}
	const module = "base_model.model.model.layers.0.self_attn.q_proj"
	tensors := map[string]safetensors.Source{
		module + ".lora_A.weight": source(module+".lora_A.weight", 2, 4),
		module + ".lora_B.weight": source(module+".lora_B.weight", 6, 2),
	}
	edit(config, tensors)
	text, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ConfigName), text, 0o600))
	var list []safetensors.Source
	for s := range maps.Values(tensors) {
		list = append(list, s)
	}
	require.NoError(t, safetensors.WriteFile(filepath.Join(dir, WeightsName), list, nil))
	return dir
}

func source(name string, shape ...int) safetensors.Source {
	n := 1
	for _, d := range shape {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%7) - 3
	}
	data := make([]byte, 4*n)
	quant.Encode(quant.F32, data, v)
	return safetensors.Bytes(name, safetensors.F32, shape, data)
}

var smallModel = []Module{
	{Name: "model.embed_tokens", Kind: Embedding, Rows: 9, Cols: 4},
	{Name: "model.layers.0.self_attn.q_proj", Rows: 6, Cols: 4},
	{Name: "model.layers.0.self_attn.v_proj", Rows: 6, Cols: 4},
	{Name: "model.norm", Kind: Norm, Rows: 1, Cols: 4},
	{Name: "lm_head", Kind: Head, Rows: 9, Cols: 4},
}

type settings = map[string]any
type tensorMap = map[string]safetensors.Source

// promptly is far more than a busy machine needs, and far less than a search
// without bound.
const promptly = time.Minute

func TestHostileAdapters(t *testing.T) {
	const q = "base_model.model.model.layers.0.self_attn.q_proj"
	add := func(m tensorMap, name string, shape ...int) { m[name] = source(name, shape...) }
	set := func(key string, value any) func(settings, tensorMap) {
		return func(c settings, _ tensorMap) { c[key] = value }
	}
	notFinite := func(v float64) func(settings, tensorMap) {
		return func(_ settings, m tensorMap) {
			data := make([]byte, 4*8)
			quant.Encode(quant.F32, data, []float32{1, 1, 1, float32(v), 1, 1, 1, 1})
			m[q+".lora_A.weight"] = safetensors.Bytes(q+".lora_A.weight", safetensors.F32, []int{2, 4}, data)
		}
	}
	for _, c := range []struct {
		name string
		edit func(settings, tensorMap)
		want string
	}{
		{"rank 0", set("r", 0), "r: found 0"},
		{"rank -1", set("r", -1), "r: found -1"},
		{"rank 10^6", set("r", 1_000_000), "r: found 1000000"},
		{"rank 2^70", set("r", json.Number("1180591620717411303424")), "r"},
		{"rank 1.5", set("r", 1.5), "r"},
		{"rank as text", set("r", "8"), "r"},
		{"another rank than the tensors'", set("r", 3), "found [2 4], expected [3 4]"},
		{"rank_pattern 0", set("rank_pattern", settings{"q_proj": 0}), "rank_pattern: q_proj"},
		{"rank_pattern of another rank", set("rank_pattern", settings{"q_proj": 5}), "expected [5 4]"},
		{"alpha as text", set("lora_alpha", "NaN"), "lora_alpha"},
		{"alpha 1e39", set("lora_alpha", 1e39), "lora_alpha"},
		{"alpha_pattern null", set("alpha_pattern", settings{"q_proj": "x"}), "alpha_pattern: q_proj"},
		{"peft_type", set("peft_type", "ADALORA"), `peft_type: found "ADALORA"`},
		{"no peft_type", set("peft_type", nil), "peft_type"},
		{"bias", set("bias", "some"), "bias"},
		{"target_modules of numbers", set("target_modules", []int{1}), "target_modules"},
		{"target_modules with an empty name", set("target_modules", []string{""}), "target_modules"},
		{"target_modules not in the base", set("target_modules", []string{"c_attn"}), "no match"},
		{"target_modules empty", set("target_modules", []string{}), "no match"},
		{"target_modules match a norm", set("target_modules", []string{"q_proj", "norm"}), "model.norm"},
		{"regex bomb", set("target_modules", `((a{100}){100}){100}`), "target_modules"},
		{"lookahead", set("target_modules", `(?!lm_head).*q_proj`), "(?!"},
		{"lookbehind in exclude_modules", set("exclude_modules", `.*(?<=v)_proj`), "(?<="},
		{"backreference in rank_pattern", set("rank_pattern", settings{`(q)\1`: 2}), `\1`},
		{"bad modules_to_save", set("modules_to_save", []string{"(lm_head"}), "modules_to_save"},
		{"layers_pattern alone", set("layers_pattern", "layers"), "layers_to_transform"},
		{"layers_to_transform with a regex", func(c settings, _ tensorMap) {
			c["target_modules"], c["layers_to_transform"] = ".*q_proj", []int{0}
		}, "layers_to_transform"},
		{"no layer chosen", set("layers_to_transform", []int{7}), "no match"},
		{"lora_bias with dora", func(c settings, _ tensorMap) { c["lora_bias"], c["use_dora"] = true, true }, "lora_bias"},
		{"lora_bias of an embedding", func(c settings, m tensorMap) {
			c["lora_bias"], c["target_modules"] = true, []string{"embed_tokens"}
			clear(m)
			add(m, "base_model.model.model.embed_tokens.lora_embedding_A", 2, 9)
			add(m, "base_model.model.model.embed_tokens.lora_embedding_B", 4, 2)
		}, "lora_bias"},
		{"LoRA-GA", set("init_lora_weights", "lora_ga"), "init_lora_weights"},
		{"pissa", set("init_lora_weights", "pissa_niter_4"), "init_lora_weights"},
		{"olora", set("init_lora_weights", "olora"), "olora"},
		{"loftq", set("init_lora_weights", "loftq"), "loftq"},
		{"aLoRA", set("alora_invocation_tokens", []int{1, 2}), "alora_invocation_tokens"},
		{"arrow", set("arrow_config", settings{"top_k": 3}), "arrow_config"},
		{"BD-LoRA", set("use_bdlora", settings{"nblocks": 2}), "use_bdlora"},
		{"QALoRA", set("use_qalora", true), "use_qalora"},
		{"KaSA", set("kasa_config", settings{"beta": 1}), "kasa_config"},
		{"Monte Carlo", set("monteclora_config", settings{"num_samples": 8}), "monteclora_config"},
		{"VeLoRA", set("velora_config", settings{"num_groups": 64}), "velora_config"},
		{"layer replication", set("layer_replication", [][]int{{0, 1}}), "layer_replication"},
		{"trainable tokens", set("trainable_token_indices", []int{1}), "trainable_token_indices"},
		{"target parameters", set("target_parameters", []string{"x"}), "target_parameters"},
		{"megatron", set("megatron_config", settings{"x": 1}), "megatron_config"},
		{"a setting of the future", set("use_new_thing", 0.5), "use_new_thing"},
		{"dummy target", set("target_modules", "dummy-target-modules"), "no match"},
		{"no lora_A", func(_ settings, m tensorMap) { delete(m, q+".lora_A.weight") }, "q_proj.lora_A.weight: found no such tensor"},
		{"no lora_B", func(_ settings, m tensorMap) { delete(m, q+".lora_B.weight") }, "q_proj.lora_B.weight: found no such tensor"},
		{"no tensors at all", func(_ settings, m tensorMap) { clear(m) }, "lora_A.weight: found no such tensor"},
		{"no magnitude", set("use_dora", true), "lora_magnitude_vector"},
		{"magnitude without dora", func(_ settings, m tensorMap) { add(m, q+".lora_magnitude_vector", 6) }, "no use"},
		{"magnitude of another length", func(c settings, m tensorMap) {
			c["use_dora"] = true
			add(m, q+".lora_magnitude_vector", 4)
		}, "found [4], expected [6]"},
		{"lora_bias without its tensor", set("lora_bias", true), "lora_B.bias"},
		{"modules_to_save without its tensor", set("modules_to_save", []string{"lm_head"}), "lm_head.weight: found no such tensor"},
		{"modules_to_save of another vocabulary", func(c settings, m tensorMap) {
			c["modules_to_save"] = []string{"lm_head"}
			add(m, "base_model.model.lm_head.weight", 10, 4)
		}, "found [10 4], expected [9 4]"},
		{"modules_to_save and target", func(c settings, _ tensorMap) { c["modules_to_save"] = []string{"proj"} }, "modules_to_save"},
		{"another base's shapes", func(_ settings, m tensorMap) { add(m, q+".lora_A.weight", 2, 5) }, "found [2 5], expected [2 4]"},
		{"transposed", func(_ settings, m tensorMap) { add(m, q+".lora_B.weight", 2, 6) }, "found [2 6], expected [6 2]"},
		{"three dimensions", func(_ settings, m tensorMap) { add(m, q+".lora_A.weight", 1, 2, 4) }, "found [1 2 4]"},
		{"another base's layers", func(_ settings, m tensorMap) {
			add(m, "base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight", 2, 4)
		}, "does not have"},
		{"a tensor that is not targeted", func(_ settings, m tensorMap) {
			add(m, "base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight", 2, 4)
		}, "no use"},
		{"a bias that the base lacks", func(_ settings, m tensorMap) { add(m, q+".base_layer.bias", 6) }, "without one"},
		{"../ in a name", func(_ settings, m tensorMap) { add(m, "base_model.model.../../etc/passwd.lora_A.weight", 2, 4) }, "etc/passwd"},
		{"an absolute name", func(_ settings, m tensorMap) { add(m, "/etc/passwd", 2) }, "no part of a LoRA adapter"},
		{"an empty module", func(_ settings, m tensorMap) { add(m, "base_model.model..lora_A.weight", 2) }, "base_model.model."},
		{"an unknown part", func(_ settings, m tensorMap) { add(m, q+".lora_C.weight", 2) }, "lora_C"},
		{"a part twice", func(_ settings, m tensorMap) {
			add(m, q+".lora_A.other.weight", 2, 4)
			add(m, q+".lora_A.weight", 4, 2)
		}, "one tensor for each part"},
		{"NaN", notFinite(math.NaN()), "NaN or infinity"},
		{"infinity", notFinite(math.Inf(-1)), "NaN or infinity"},
		{"factors of bytes", func(_ settings, m tensorMap) {
			m[q+".lora_A.weight"] = safetensors.Bytes(q+".lora_A.weight", safetensors.U8, []int{2, 4}, make([]byte, 8))
		}, "U8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.edit)
			start := time.Now()
			err := openAndResolve(dir)
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, c.want)
			require.Contains(t, err.Error(), dir)
			require.Less(t, time.Since(start), promptly)
		})
	}
	require.NoError(t, openAndResolve(folder(t, func(settings, tensorMap) {})))
}

func openAndResolve(dir string) error {
	a, err := Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	_, err = a.Resolve(smallModel, false)
	return err
}

func TestHostileConfigText(t *testing.T) {
	for text, want := range map[string]string{
		``:     "unexpected end",
		`null`: "null",
		`[]`:   "array",
		`{"peft_type": "LORA", "lora_alpha": NaN}`:                                             "invalid character 'N'",
		`{"peft_type": "LORA", "lora_alpha": 1e999}`:                                           "lora_alpha",
		`{"peft_type": "LORA", "rank_pattern": {"a": 1, "a": 2}}`:                              "twice",
		`{"peft_type": "LORA", "rank_pattern": {"": 1}}`:                                       "rank_pattern",
		`{"peft_type": "LORA", "rank_pattern": []}`:                                            "rank_pattern",
		`{"peft_type": "LORA", "x": ` + strings.Repeat("[", 20_000):                            "depth",
		`{"peft_type": "LORA", "x": "` + strings.Repeat("y", 1<<20) + `"}`:                     "x: found",
		`{"peft_type": "LORA", "target_modules": [` + strings.Repeat(`"a",`, 20_000) + `"a"]}`: "20001 entries",
	} {
		_, err := parseConfig("adapter_config.json", []byte(text))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, want)
		require.Less(t, len(err.Error()), 1000)
	}
	_, err := parseConfig("x", make([]byte, maxConfig+1))
	require.ErrorContains(t, err, "size")
}

func TestFilesThatAreMissing(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ConfigName), []byte(`{"peft_type":"LORA"}`), 0o600))
	var bad *badinput.Error
	_, err = Open(dir)
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, WeightsName)
	require.NoError(t, os.WriteFile(filepath.Join(dir, pickleName), []byte("x"), 0o600))
	_, err = Open(dir)
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "pickle")
}

// Defaults and settings that don't matter to a loaded adapter.
func TestConfigDefaults(t *testing.T) {
	c, err := parseConfig("x", []byte(`{"peft_type": "LORA", "unknown": null, "other": [ ], "loftq_config": {"loftq_bits": 4},
		"init_lora_weights": "gaussian", "lora_dropout": 0.1, "layers_to_transform": [], "fan_in_fan_out": true}`))
	require.NoError(t, err)
	require.Equal(t, &Config{R: 8, LoraAlpha: 8, Bias: "none", TargetModules: Names{List: []string{"q_proj", "v_proj"}}}, c)
}

// The first pattern that matches counts, in the file's order.
func TestPatternOrder(t *testing.T) {
	c, err := parseConfig("x", []byte(`{"peft_type": "LORA", "r": 2, "rank_pattern": {"z_proj": 3, ".*_proj": 4, "a_proj": 5, "z": 6}}`))
	require.NoError(t, err)
	m, err := newMatcher("x", c, false)
	require.NoError(t, err)
	require.Equal(t, 3, m.rank("model.z_proj"))
	require.Equal(t, 4, m.rank("model.a_proj"))
	require.Equal(t, 2, m.rank("model.other"))
}

func FuzzConfig(f *testing.F) {
	text, err := os.ReadFile("testdata/patterns/adapter_config.json")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"peft_type":"LORA","target_modules":"all-linear","layers_to_transform":3}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseConfig("x", text)
		if err != nil {
			return
		}
		m, err := newMatcher("x", c, true)
		if err != nil {
			return
		}
		for _, mod := range smallModel {
			m.targets(mod)
			m.saves(mod)
			if s := m.scale(mod.Name); s != s || math.IsInf(float64(s), 0) {
				t.Fatalf("scale %v", s)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"suffixes", "old-names", "f16"} {
		config, err := os.ReadFile(filepath.Join("testdata", name, ConfigName))
		require.NoError(f, err)
		weights, err := os.ReadFile(filepath.Join("testdata", name, WeightsName))
		require.NoError(f, err)
		f.Add(config, weights)
	}
	modules := openBase(f, "testdata/base-0-0").modules
	f.Fuzz(func(t *testing.T, config, weights []byte) {
		a, err := Parse("x", config, weights)
		if err != nil {
			return
		}
		plan, err := a.Resolve(modules, false)
		if err != nil {
			return
		}
		for _, name := range plan.Names() {
			d := plan.Delta(name)
			w := quant.NewF32(d.Module.Rows, d.Module.Cols, make([]float32, d.Module.Rows*d.Module.Cols))
			if _, err := d.Merge(w); err != nil {
				continue
			}
		}
	})
}

// Of several faults, the error names the same one each time.
func TestErrorsOfAConfigDoNotVary(t *testing.T) {
	text := `{"peft_type": "LORA", "lora_bias": 1, "bias": 1, "use_dora": 1, "use_rslora": 1, "modules_to_save": 1, "task_type": 1, "r": "x"}`
	for range 20 {
		_, err := parseConfig("adapter_config.json", []byte(text))
		require.ErrorContains(t, err, "adapter_config.json: task_type: ")
	}
}
