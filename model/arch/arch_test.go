package arch

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
)

// llama is Llama-3.2-1B's config.json in the older spelling.
const llama = `{"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":128000,
"eos_token_id":[128001,128008,128009],"head_dim":64,"hidden_act":"silu","hidden_size":2048,
"intermediate_size":8192,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama",
"num_attention_heads":32,"num_hidden_layers":16,"num_key_value_heads":8,"rms_norm_eps":1e-05,
"rope_scaling":{"factor":32.0,"high_freq_factor":4.0,"low_freq_factor":1.0,
"original_max_position_embeddings":8192,"rope_type":"llama3"},"rope_theta":500000.0,
"tie_word_embeddings":true,"torch_dtype":"bfloat16","vocab_size":128256}`

// with returns llama's JSON with fields set to raw values; "" removes one.
func with(t testing.TB, set map[string]string) []byte {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(llama), &fields))
	for name, value := range set {
		if value == "" {
			delete(fields, name)
			continue
		}
		fields[name] = json.RawMessage(value)
	}
	parts := make([]string, 0, len(fields))
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return []byte("{" + strings.Join(parts, ",") + "}")
}

func TestOlderSpelling(t *testing.T) {
	c, err := ParseConfig("config.json", []byte(llama))
	require.NoError(t, err)
	require.Equal(t, &Config{
		ModelType: "llama", VocabSize: 128256, HiddenSize: 2048, IntermediateSize: 8192, NumHiddenLayers: 16,
		NumAttentionHeads: 32, NumKeyValueHeads: 8, HeadDim: 64, MaxPositionEmbeddings: 131072, RMSNormEps: 1e-5,
		TieWordEmbeddings: true, BosTokenID: 128000, EosTokenIDs: []int32{128001, 128008, 128009}, DType: "bfloat16",
		Rope: Rope{Theta: 500000, Type: "llama3", Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalMaxPositionEmbeddings: 8192},
	}, c)
}

func TestSpellings(t *testing.T) {
	for name, test := range map[string]struct {
		set   map[string]string
		check func(t *testing.T, c *Config)
	}{
		"rope_parameters": {
			map[string]string{"rope_scaling": "", "rope_theta": "", "rope_parameters": `{"rope_type":"llama3","rope_theta":7.5,"factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":100}`},
			func(t *testing.T, c *Config) {
				require.Equal(t, Rope{Theta: 7.5, Type: "llama3", Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalMaxPositionEmbeddings: 100}, c.Rope)
			},
		},
		"type, as the first versions had it": {
			map[string]string{"rope_scaling": `{"type":"linear","factor":2}`},
			func(t *testing.T, c *Config) {
				require.Equal(t, Rope{Theta: 500000, Type: "linear", Factor: 2}, c.Rope)
			},
		},
		"no rope at all": {
			map[string]string{"rope_scaling": "null", "rope_theta": ""},
			func(t *testing.T, c *Config) { require.Equal(t, Rope{Theta: 10000, Type: "default"}, c.Rope) },
		},
		"original length falls back to the longest": {
			map[string]string{"rope_scaling": `{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4}`},
			func(t *testing.T, c *Config) { require.Equal(t, 131072, c.Rope.OriginalMaxPositionEmbeddings) },
		},
		"dtype": {
			map[string]string{"dtype": `"float16"`, "torch_dtype": ""},
			func(t *testing.T, c *Config) { require.Equal(t, "float16", c.DType) },
		},
		"one eos": {
			map[string]string{"eos_token_id": "7"},
			func(t *testing.T, c *Config) { require.Equal(t, []int32{7}, c.EosTokenIDs) },
		},
		"null ids": {
			map[string]string{"eos_token_id": "null", "bos_token_id": "null"},
			func(t *testing.T, c *Config) {
				require.Empty(t, c.EosTokenIDs)
				require.Equal(t, int32(-1), c.BosTokenID)
			},
		},
		"no ids": {
			map[string]string{"eos_token_id": "", "bos_token_id": ""},
			func(t *testing.T, c *Config) {
				require.Equal(t, []int32{2}, c.EosTokenIDs)
				require.Equal(t, int32(1), c.BosTokenID)
			},
		},
		"derived head size, as many key heads": {
			map[string]string{"head_dim": "", "num_key_value_heads": "", "hidden_size": "4096"},
			func(t *testing.T, c *Config) {
				require.Equal(t, 128, c.HeadDim)
				require.Equal(t, 32, c.NumKeyValueHeads)
			},
		},
		"biases": {
			map[string]string{"attention_bias": "true", "mlp_bias": "true"},
			func(t *testing.T, c *Config) { require.True(t, c.AttentionBias && c.MLPBias) },
		},
		"architecture alone": {
			map[string]string{"model_type": ""},
			func(t *testing.T, c *Config) { require.Equal(t, "llama", c.ModelType) },
		},
		"model type alone": {
			map[string]string{"architectures": "", "model_type": `"mistral"`},
			func(t *testing.T, c *Config) {
				require.Equal(t, "mistral", c.ModelType)
				require.Equal(t, 4096, c.Window(15), "MistralConfig's default")
				require.Equal(t, 131072, c.MaxPositionEmbeddings)
			},
		},
		"mistral's wide window": {
			map[string]string{"architectures": `["MistralForCausalLM"]`, "model_type": "", "sliding_window": "200000"},
			func(t *testing.T, c *Config) {
				require.Equal(t, 131072, c.MaxPositionEmbeddings)
				require.Equal(t, 200000, c.SlidingWindow)
			},
		},
		"mistral without window": {
			map[string]string{"architectures": `["MistralForCausalLM"]`, "model_type": "", "sliding_window": "null", "num_key_value_heads": "", "hidden_size": "2080", "attention_bias": "true"},
			func(t *testing.T, c *Config) {
				require.Equal(t, 131072, c.MaxPositionEmbeddings)
				require.Zero(t, c.SlidingWindow)
				require.Equal(t, 8, c.NumKeyValueHeads)
				require.False(t, c.AttentionBias, "its class has none")
			},
		},
		"qwen2": {
			map[string]string{"architectures": `["Qwen2ForCausalLM"]`, "model_type": `"qwen2"`, "num_key_value_heads": "", "max_position_embeddings": "",
				"bos_token_id": "", "eos_token_id": "", "sliding_window": "4096", "use_sliding_window": "false", "max_window_layers": "0", "attention_bias": "true"},
			func(t *testing.T, c *Config) {
				require.Equal(t, 32, c.NumKeyValueHeads)
				require.Equal(t, 32768, c.MaxPositionEmbeddings)
				require.Equal(t, int32(-1), c.BosTokenID)
				require.Empty(t, c.EosTokenIDs)
				require.Zero(t, c.SlidingWindow, "it isn't used")
				for l := range Linears {
					require.Equal(t, l <= Value, c.HasBias(l), l)
				}
			},
		},
		"qwen2's window": {
			map[string]string{"architectures": "", "model_type": `"qwen2"`, "use_sliding_window": "true", "max_window_layers": "15"},
			func(t *testing.T, c *Config) {
				require.Equal(t, []int{0, 0, 4096}, []int{c.Window(0), c.Window(14), c.Window(15)})
			},
		},
		"qwen2's window in no layer": {
			map[string]string{"architectures": "", "model_type": `"qwen2"`, "use_sliding_window": "true", "max_window_layers": "16"},
			func(t *testing.T, c *Config) { require.Zero(t, c.SlidingWindow) },
		},
		"qwen2's window by layer": {
			map[string]string{"architectures": "", "model_type": `"qwen2"`, "use_sliding_window": "true", "max_window_layers": "16", "num_hidden_layers": "2",
				"layer_types": `["full_attention","sliding_attention"]`},
			func(t *testing.T, c *Config) { require.Equal(t, []int{0, 4096}, []int{c.Window(0), c.Window(1)}) },
		},
		"qwen2's full layers": {
			map[string]string{"architectures": "", "model_type": `"qwen2"`, "use_sliding_window": "true", "max_window_layers": "0", "num_hidden_layers": "2",
				"layer_types": `["full_attention","full_attention"]`},
			func(t *testing.T, c *Config) { require.Zero(t, c.SlidingWindow) },
		},
		"qwen3": {
			map[string]string{"architectures": "", "model_type": `"qwen3"`, "head_dim": "", "hidden_size": "1000", "attention_bias": ""},
			func(t *testing.T, c *Config) {
				require.Equal(t, 128, c.HeadDim, "Qwen3Config's default, whatever hidden_size is")
				for l := range Linears {
					require.False(t, c.HasBias(l), l)
				}
				for n := range Norms {
					require.True(t, c.HasNorm(n), n)
				}
				require.Equal(t, 128, KeyNorm.Width(c))
			},
		},
		"qwen3's biases": {
			map[string]string{"architectures": "", "model_type": `"qwen3"`, "attention_bias": "true", "mlp_bias": "true"},
			func(t *testing.T, c *Config) {
				for l := range Linears {
					require.Equal(t, l <= Output, c.HasBias(l), l)
				}
			},
		},
		"bitsandbytes": {
			map[string]string{"quantization_config": `{"load_in_4bit":true,"bnb_4bit_quant_type":"nf4","bnb_4bit_use_double_quant":true,"llm_int8_skip_modules":["lm_head"],"quant_method":"bitsandbytes"}`},
			func(t *testing.T, c *Config) {
				require.Equal(t, &Quantization{Method: "bitsandbytes", QuantType: "nf4", DoubleQuant: true, SkipModules: []string{"lm_head"}}, c.Quantization)
			},
		},
		"bitsandbytes without its name": {
			map[string]string{"quantization_config": `{"load_in_4bit":true}`},
			func(t *testing.T, c *Config) {
				require.Equal(t, &Quantization{Method: "bitsandbytes", QuantType: "fp4"}, c.Quantization)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := ParseConfig("config.json", with(t, test.set))
			require.NoError(t, err)
			test.check(t, c)
		})
	}
}

func TestGoldenConfigs(t *testing.T) {
	for _, name := range []string{"tiny-llama", "tiny-llama-nf4", "tiny-llama-nf4-bf16", "tiny-mistral"} {
		path := golden.Path(t, name, "config.json")
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		c, err := ParseConfig(path, data)
		require.NoError(t, err)
		require.Equal(t, 64, c.HeadDim, name)
		require.Equal(t, strings.Contains(name, "nf4"), c.Quantization != nil, name)

		path = golden.Path(t, name, "generation_config.json")
		data, err = os.ReadFile(path)
		require.NoError(t, err)
		g, err := ParseGeneration(path, data)
		require.NoError(t, err)
		require.Equal(t, c.EosTokenIDs, g.EosTokenIDs, name)
	}
}

// hostile are fields of config.json that must be refused, naming the field.
var hostile = map[string]struct {
	field string
	set   map[string]string
}{
	"zero heads":             {"num_attention_heads", map[string]string{"num_attention_heads": "0"}},
	"negative heads":         {"num_attention_heads", map[string]string{"num_attention_heads": "-32"}},
	"huge heads":             {"num_attention_heads", map[string]string{"num_attention_heads": "1000000000"}},
	"beyond int64":           {"num_attention_heads", map[string]string{"num_attention_heads": "99999999999999999999"}},
	"heads as text":          {"num_attention_heads", map[string]string{"num_attention_heads": `"32"`}},
	"half a head":            {"num_attention_heads", map[string]string{"num_attention_heads": "31.5"}},
	"no heads":               {"num_attention_heads", map[string]string{"num_attention_heads": ""}},
	"zero key heads":         {"num_key_value_heads", map[string]string{"num_key_value_heads": "0"}},
	"key heads not dividing": {"num_key_value_heads", map[string]string{"num_key_value_heads": "5"}},
	"more key heads":         {"num_key_value_heads", map[string]string{"num_key_value_heads": "64"}},
	"hidden not divisible":   {"hidden_size", map[string]string{"hidden_size": "2047"}},
	"zero hidden":            {"hidden_size", map[string]string{"hidden_size": "0"}},
	"huge hidden":            {"hidden_size", map[string]string{"hidden_size": "4611686018427387904"}},
	"zero head size":         {"head_dim", map[string]string{"head_dim": "0"}},
	"odd head size":          {"head_dim", map[string]string{"head_dim": "63"}},
	"derived odd head size":  {"head_dim", map[string]string{"head_dim": "", "hidden_size": "96"}},
	"negative intermediate":  {"intermediate_size", map[string]string{"intermediate_size": "-1"}},
	"10^9 layers":            {"num_hidden_layers", map[string]string{"num_hidden_layers": "1000000000"}},
	"no layers":              {"num_hidden_layers", map[string]string{"num_hidden_layers": "0"}},
	"zero vocabulary":        {"vocab_size", map[string]string{"vocab_size": "0"}},
	"no positions":           {"max_position_embeddings", map[string]string{"max_position_embeddings": "0"}},
	"zero eps":               {"rms_norm_eps", map[string]string{"rms_norm_eps": "0"}},
	"negative eps":           {"rms_norm_eps", map[string]string{"rms_norm_eps": "-1e-5"}},
	"eps below f32":          {"rms_norm_eps", map[string]string{"rms_norm_eps": "1e-60"}},
	"eps beyond f32":         {"rms_norm_eps", map[string]string{"rms_norm_eps": "1e300"}},
	"eps beyond f64":         {"rms_norm_eps", map[string]string{"rms_norm_eps": "1e999"}},
	"NaN eps":                {"", map[string]string{"rms_norm_eps": "NaN"}},
	"infinite eps":           {"", map[string]string{"rms_norm_eps": "Infinity"}},
	"text as tie":            {"tie_word_embeddings", map[string]string{"tie_word_embeddings": `"yes"`}},
	"activation":             {"hidden_act", map[string]string{"hidden_act": `"gelu"`}},
	"architecture":           {"architectures", map[string]string{"architectures": `["Qwen2MoeForCausalLM"]`}},
	"two families":           {"architectures", map[string]string{"architectures": `["LlamaForCausalLM","MistralForCausalLM"]`}},
	"two, without a type":    {"architectures", map[string]string{"architectures": `["MistralForCausalLM","LlamaForCausalLM"]`, "model_type": ""}},
	"classifier":             {"architectures", map[string]string{"architectures": `["LlamaForSequenceClassification"]`}},
	"architectures as text":  {"architectures", map[string]string{"architectures": `"LlamaForCausalLM"`}},
	"model type":             {"model_type", map[string]string{"architectures": "", "model_type": `"gemma"`}},
	"model type at odds":     {"model_type", map[string]string{"model_type": `"mistral"`}},
	"no architecture":        {"architectures", map[string]string{"architectures": "", "model_type": ""}},
	"negative eos":           {"eos_token_id", map[string]string{"eos_token_id": "[1,-2]"}},
	"null eos in a list":     {"eos_token_id", map[string]string{"eos_token_id": "[null]"}},
	"huge eos":               {"eos_token_id", map[string]string{"eos_token_id": "4294967296"}},
	"negative bos":           {"bos_token_id", map[string]string{"bos_token_id": "-2"}},
	"zero window":            {"sliding_window", map[string]string{"architectures": "", "model_type": `"mistral"`, "sliding_window": "0"}},
	"a layer without window": {"layer_types", map[string]string{"architectures": "", "model_type": `"qwen2"`, "num_hidden_layers": "1", "layer_types": `["sliding_attention"]`}},
	"layers of too few":      {"layer_types", map[string]string{"architectures": "", "model_type": `"qwen2"`, "layer_types": `["full_attention"]`}},
	"another attention":      {"layer_types", map[string]string{"architectures": "", "model_type": `"qwen2"`, "num_hidden_layers": "1", "layer_types": `["linear_attention"]`}},
	"vision":                 {"model_type", map[string]string{"architectures": "", "model_type": `"qwen2_vl"`}},
	"experts":                {"model_type", map[string]string{"architectures": "", "model_type": `"qwen3_moe"`}},
	"rope type":              {"rope_type", map[string]string{"rope_scaling": `{"rope_type":"spiral"}`}},
	"dynamic":                {"rope_type", map[string]string{"rope_scaling": `{"type":"dynamic","factor":2}`}},
	"yarn":                   {"rope_type", map[string]string{"rope_scaling": `{"rope_type":"yarn","factor":2}`}},
	"longrope":               {"rope_type", map[string]string{"rope_scaling": `{"rope_type":"longrope"}`}},
	"rope as list":           {"rope_scaling", map[string]string{"rope_scaling": `[1]`}},
	"rope by layer":          {"full_attention", map[string]string{"rope_scaling": "", "rope_parameters": `{"full_attention":{"rope_theta":1}}`}},
	"zero theta":             {"rope_theta", map[string]string{"rope_theta": "0"}},
	"no factor":              {"factor", map[string]string{"rope_scaling": `{"rope_type":"linear"}`}},
	"negative factor":        {"factor", map[string]string{"rope_scaling": `{"rope_type":"linear","factor":-1}`}},
	"equal factors":          {"high_freq_factor", map[string]string{"rope_scaling": `{"rope_type":"llama3","factor":2,"low_freq_factor":4,"high_freq_factor":4}`}},
	"partial rotation":       {"partial_rotary_factor", map[string]string{"partial_rotary_factor": "0.5"}},
	"fp8":                    {"quant_method", map[string]string{"quantization_config": `{"quant_method":"fp8"}`}},
	"no quant_method":        {"quant_method", map[string]string{"quantization_config": `{"bits":4}`}},
	"8 bits":                 {"quant_method", map[string]string{"quantization_config": `{"quant_method":"bitsandbytes","load_in_8bit":true}`}},
	"unknown 4 bits":         {"bnb_4bit_quant_type", map[string]string{"quantization_config": `{"quant_method":"bitsandbytes","load_in_4bit":true,"bnb_4bit_quant_type":"nf5"}`}},
	"quantization as text":   {"quantization_config", map[string]string{"quantization_config": `"awq"`}},
}

func TestHostileConfigs(t *testing.T) {
	for name, test := range hostile {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig("some/config.json", with(t, test.set))
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "some/config.json", bad.File)
			require.Contains(t, bad.Field, test.field)
		})
	}
	deep := strings.Repeat(`{"a":`, 1_000_000) + "1" + strings.Repeat("}", 1_000_000)
	for name, text := range map[string]string{
		"empty": "", "null": "null", "list": "[]", "cut": llama[:len(llama)-1], "two": llama + llama, "deep": deep, "binary": "\x00\xff",
		"deep inside": `{"rope_scaling":` + deep + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, parse := range []func() error{
				func() error { _, err := ParseConfig("c", []byte(text)); return err },
				func() error { _, err := ParseGeneration("c", []byte(text)); return err },
			} {
				var bad *badinput.Error
				require.ErrorAs(t, parse(), &bad)
			}
		})
	}
}

func TestGeneration(t *testing.T) {
	g, err := ParseGeneration("g", []byte(`{"eos_token_id":[1,2],"bos_token_id":0,"repetition_penalty":1.15,"max_new_tokens":9,"top_p":0.9}`))
	require.NoError(t, err)
	require.Equal(t, &Generation{EosTokenIDs: []int32{1, 2}, BosTokenID: 0, RepetitionPenalty: 1.15, MaxNewTokens: 9}, g)
	g, err = ParseGeneration("g", []byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, &Generation{BosTokenID: -1, RepetitionPenalty: 1}, g)
	g, err = ParseGeneration("g", []byte(`{"do_sample":true,"temperature":0.6,"top_p":0.9}`))
	require.NoError(t, err)
	require.Equal(t, &Sampling{Temperature: 0.6, TopP: 0.9}, g.Sampling)
	g, err = ParseGeneration("g", []byte(`{"do_sample":true,"top_k":40}`))
	require.NoError(t, err)
	require.Equal(t, &Sampling{Temperature: 1, TopK: 40, TopP: 1}, g.Sampling)
	for field, text := range map[string]string{
		"temperature": `{"do_sample":true,"temperature":0}`, "top_k": `{"do_sample":true,"top_k":-1}`, "top_p": `{"do_sample":true,"top_p":1.5}`,
		"do_sample": `{"do_sample":"yes"}`, "repetition_penalty": `{"repetition_penalty":0}`, "max_new_tokens": `{"max_new_tokens":-4}`, "eos_token_id": `{"eos_token_id":"</s>"}`,
	} {
		_, err := ParseGeneration("g", []byte(text))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.Equal(t, field, bad.Field)
	}
}

func TestInvFreqAsTransformers(t *testing.T) {
	var file struct {
		Cases map[string]struct {
			HeadDim int             `json:"head_dim"`
			Params  json.RawMessage `json:"rope_parameters"`
			Bits    []uint32        `json:"bits"`
		} `json:"cases"`
	}
	data, err := os.ReadFile("testdata/inv_freq.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Cases)
	// Bases whose powers torch's vector library rounds the wrong way somewhere.
	inexact := map[string]int{"mistral-0.3": 1, "odd-llama3": 1, "linear": 1}
	for name, test := range file.Cases {
		c, err := ParseConfig("config.json", with(t, map[string]string{"rope_scaling": "", "rope_theta": "", "rope_parameters": string(test.Params)}))
		require.NoError(t, err)
		inv := c.Rope.InvFreq(test.HeadDim)
		require.Len(t, test.Bits, len(inv))
		others := 0
		for i, f := range inv {
			diff := int64(math.Float32bits(f)) - int64(test.Bits[i])
			if diff < -2 || diff > 2 {
				t.Fatalf("%s: frequency %d: %v, transformers has %v", name, i, f, math.Float32frombits(test.Bits[i]))
			}
			if diff != 0 {
				others++
			}
		}
		require.Equal(t, inexact[name], others, "%s: frequencies that differ in the last bits", name)
	}
}

func TestFactorsDivide(t *testing.T) {
	plain := Rope{Theta: 500000, Type: "default"}
	scaled := plain
	scaled.Factors = []float32{1, 2, 32}
	want := plain.InvFreq(6)
	for i, f := range scaled.Factors {
		want[i] /= f
	}
	require.Equal(t, want, scaled.InvFreq(6))
}

func TestFactorsAreNamedLlama3(t *testing.T) {
	plain := Rope{Theta: 500000, Type: "default"}
	for name, want := range map[string]Rope{
		"Llama 3.1":     {Theta: 500000, Type: "llama3", Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalMaxPositionEmbeddings: 8192},
		"Llama 3.2":     {Theta: 500000, Type: "llama3", Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalMaxPositionEmbeddings: 8192},
		"short context": {Theta: 500000, Type: "llama3", Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalMaxPositionEmbeddings: 256},
	} {
		for _, dim := range []int{64, 80, 128} {
			factored := plain
			for i, f := range want.InvFreq(dim) {
				factored.Factors = append(factored.Factors, plain.InvFreq(dim)[i]/f)
			}
			got, ok := factored.AsLlama3(dim)
			require.True(t, ok, name)
			require.Equal(t, want, got, name)
			factored.Factors[dim/4] *= 1.01
			_, ok = factored.AsLlama3(dim)
			require.False(t, ok, name)
		}
	}
	_, ok := plain.AsLlama3(64)
	require.False(t, ok)
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(llama))
	for _, test := range hostile {
		f.Add(with(f, test.set))
	}
	for _, text := range []string{
		`{"quant_method":"awq","w_bit":4,"version":"GEMV","modules_to_not_convert":["lm_head"]}`,
		`{"quant_method":"gptq","bits":4,"desc_act":true,"checkpoint_format":"gptq_v2","dynamic":{}}`,
		`{"quant_method":"compressed-tensors","format":"pack-quantized","ignore":["re:a"],"config_groups":{"g":{"targets":["Linear"],"weights":{"num_bits":4,"strategy":"channel"}}}}`,
	} {
		f.Add(with(f, map[string]string{"quantization_config": text}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var bad *badinput.Error
		c, err := ParseConfig("config.json", data)
		if err != nil {
			if !errors.As(err, &bad) {
				t.Fatalf("untyped error %v", err)
			}
		} else {
			if c.NumAttentionHeads%c.NumKeyValueHeads != 0 || c.HeadDim < 2 || c.NumHiddenLayers < 1 || !(c.RMSNormEps > 0) {
				t.Fatalf("accepted %+v", c)
			}
			if c.Quantization != nil {
				c.Quantization.Group("model.layers.0.mlp.up_proj")
			}
			for _, f := range c.Rope.InvFreq(c.HeadDim) {
				if math.IsNaN(float64(f)) {
					t.Fatalf("NaN frequency of %+v", c.Rope)
				}
			}
		}
		if _, err := ParseGeneration("generation_config.json", data); err != nil && !errors.As(err, &bad) {
			t.Fatalf("untyped error %v", err)
		}
	})
}

func TestFamiliesAreNamedOnce(t *testing.T) {
	types, classes := map[string]bool{}, map[string]bool{}
	for _, f := range families {
		types[f.ModelType], classes[f.Class] = true, true
	}
	require.Len(t, types, len(families))
	require.Len(t, classes, len(families))
}

// Of several faults, the error names the same one each time.
func TestErrorsOfAConfigDoNotVary(t *testing.T) {
	data := with(t, map[string]string{"rope_scaling": `{"c":{},"a":{},"b":{}}`})
	for range 20 {
		_, err := ParseConfig("c", data)
		require.ErrorContains(t, err, "c: rope_scaling: a: found an object")
	}
}
