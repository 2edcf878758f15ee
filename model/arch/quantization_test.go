package arch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func quantization(t *testing.T, text string) *Quantization {
	t.Helper()
	c, err := ParseConfig("config.json", with(t, map[string]string{"quantization_config": text}))
	require.NoError(t, err)
	return c.Quantization
}

// TestQuantizationConfigs has configurations as their producers write them.
func TestQuantizationConfigs(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		format string
		groups []QuantizationGroup
		order  bool
	}{
		"AutoAWQ": {`{"bits":4,"group_size":128,"modules_to_not_convert":null,"quant_method":"awq","version":"gemm","zero_point":true}`,
			"gemm", []QuantizationGroup{{[]string{"Linear"}, 128, false}}, false},
		"AutoAWQ's own spelling": {`{"quant_method":"awq","w_bit":4,"q_group_size":-1,"version":"GEMV","zero_point":true}`,
			"gemv", []QuantizationGroup{{[]string{"Linear"}, -1, false}}, false},
		"transformers' defaults": {`{"quant_method":"awq"}`, "gemm", []QuantizationGroup{{[]string{"Linear"}, 128, false}}, false},
		"transformers": {`{"backend":"autoawq","bits":4,"do_fuse":false,"exllama_config":{"version":2},"fuse_max_seq_len":null,"group_size":32,
			"modules_to_fuse":null,"modules_to_not_convert":["lm_head"],"quant_method":"awq","version":"gemm","zero_point":true}`,
			"gemm", []QuantizationGroup{{[]string{"Linear"}, 32, false}}, false},
		"auto-round as AWQ": {`{"bits":4,"group_size":128,"sym":false,"data_type":"int","iters":0,"low_gpu_mem_usage":true,"autoround_version":"0.5.1",
			"provider":"auto-round","quant_method":"awq","zero_point":true,"version":"gemm","modules_to_not_convert":[],"act_bits":16}`,
			"gemm", []QuantizationGroup{{[]string{"Linear"}, 128, false}}, false},
		"AutoGPTQ": {`{"bits":4,"group_size":128,"damp_percent":0.1,"desc_act":false,"sym":true,"true_sequential":true,
			"model_name_or_path":null,"model_file_base_name":"model","quant_method":"gptq","checkpoint_format":"gptq"}`,
			"gptq", []QuantizationGroup{{[]string{"Linear"}, 128, false}}, false},
		"transformers' GPTQ": {`{"batch_size":1,"bits":4,"block_name_to_quantize":"model.layers","cache_block_outputs":true,"damp_percent":0.1,"dataset":null,
			"desc_act":true,"exllama_config":{"version":1},"group_size":64,"max_input_length":null,"model_seqlen":null,
			"module_name_preceding_first_block":null,"modules_in_block_to_quantize":null,"pad_token_id":null,"quant_method":"gptq","sym":true,
			"tokenizer":null,"true_sequential":true,"use_cuda_fp16":false,"use_exllama":true}`,
			"gptq", []QuantizationGroup{{[]string{"Linear"}, 64, false}}, true},
		"GPTQModel": {`{"bits":4,"dynamic":null,"group_size":128,"desc_act":false,"lm_head":false,"method":"gptq","quant_method":"gptq","format":"gptq_v2",
			"checkpoint_format":"gptq_v2","pack_dtype":"int32","sym":false,"meta":{"quantizer":["gptqmodel:4.0.0"],"static_groups":false}}`,
			"gptq_v2", []QuantizationGroup{{[]string{"Linear"}, 128, false}}, false},
		"llm-compressor": {`{"config_groups":{"group_0":{"input_activations":null,"output_activations":null,"targets":["Linear"],"weights":{"actorder":null,
			"block_structure":null,"dynamic":false,"group_size":128,"num_bits":4,"observer":"minmax","observer_kwargs":{},"strategy":"group","symmetric":true,
			"type":"int"}}},"format":"pack-quantized","global_compression_ratio":1.89,"ignore":["lm_head"],"kv_cache_scheme":null,
			"quant_method":"compressed-tensors","quantization_status":"compressed"}`,
			"pack-quantized", []QuantizationGroup{{[]string{"Linear"}, 128, true}}, false},
		"llm-compressor, newer": {`{"config_groups":{"a":{"format":"pack-quantized","input_activations":null,"output_activations":null,
			"targets":["re:.*mlp.*"],"weights":{"actorder":"weight","group_size":32,"num_bits":4,"scale_dtype":null,"strategy":"group","symmetric":false,
			"type":"int","zp_dtype":"torch.int8"}},"b":{"targets":["Linear"],"weights":{"num_bits":4,"strategy":"channel","symmetric":true,"type":"int",
			"group_size":null}}},"format":"pack-quantized","ignore":[],"kv_cache_scheme":null,"quant_method":"compressed-tensors",
			"quantization_status":"compressed","sparsity_config":{},"transform_config":{},"version":"0.12.2"}`,
			"pack-quantized", []QuantizationGroup{{[]string{"re:.*mlp.*"}, 32, false}, {[]string{"Linear"}, -1, true}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			q := quantization(t, test.text)
			require.Equal(t, test.format, q.Format)
			require.Equal(t, test.groups, q.Groups)
			require.Equal(t, test.order, q.ActOrder)
			require.NoError(t, q.Check("model.layers.0.mlp.up_proj"))
		})
	}
}

func TestFirstNameOfCompressedTensors(t *testing.T) {
	c, err := ParseConfig("config.json", with(t, map[string]string{"compression_config": `{"quant_method":"awq"}`}))
	require.NoError(t, err)
	require.Equal(t, "awq", c.Quantization.Method)
}

func TestQuantizationFileBesideTheConfig(t *testing.T) {
	q, err := ParseQuantization("quantize_config.json", []byte(`{"bits":4,"group_size":32,"desc_act":false}`), "gptq")
	require.NoError(t, err)
	require.Equal(t, []QuantizationGroup{{[]string{"Linear"}, 32, false}}, q.Groups)
	_, err = ParseQuantization("some/quantize_config.json", []byte(`{"bits":3,"group_size":32}`), "gptq")
	require.EqualError(t, err, "some/quantize_config.json: bits: found 3, expected 4")
	_, err = ParseQuantization("q.json", []byte(`[]`), "gptq")
	require.Error(t, err)
}

// TestGroups has two groups and exceptions: a name, a pattern and a class.
func TestGroups(t *testing.T) {
	weights := func(size int) string {
		return fmt.Sprintf(`"weights":{"num_bits":4,"type":"int","strategy":"group","group_size":%d,"symmetric":true}`, size)
	}
	text := func(ignore string) string {
		return `{"quant_method":"compressed-tensors","format":"pack-quantized","ignore":` + ignore + `,"config_groups":{
			"a":{"targets":["Linear"],` + weights(128) + `},
			"b":{"targets":["re:.*\\.(up|gate)_proj$"],` + weights(64) + `},
			"c":{"targets":["model.layers.1.mlp.up_proj"],` + weights(32) + `}}}`
	}
	q := quantization(t, text(`["lm_head","re:.*layers\\.7\\..*","model.layers.8"]`))
	for module, size := range map[string]int{
		"model.layers.0.self_attn.q_proj": 128, "model.layers.0.mlp.up_proj": 64, "model.layers.1.mlp.up_proj": 32,
		"model.layers.8.mlp.up_proj": 64, // compressed-tensors compares whole names
		"lm_head":                    0, "model.layers.7.mlp.up_proj": 0,
	} {
		g, ok := q.Group(module)
		require.Equal(t, size > 0, ok, module)
		require.Equal(t, size, g.GroupSize, module)
		require.Equal(t, size == 0, q.Check(module) != nil, module)
	}
	require.Error(t, quantization(t, text(`["Linear"]`)).Check("model.layers.0.mlp.up_proj"))
	q = quantization(t, `{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"a":{"targets":["re:nothing"],`+weights(32)+`}}}`)
	require.ErrorContains(t, q.Check("lm_head"), "no group of quantization_config has it as a target")
}

func TestModulesToNotConvert(t *testing.T) {
	q := quantization(t, `{"quant_method":"awq","modules_to_not_convert":["lm_head","self_attn","model.layers.1","gate"]}`)
	for module, plain := range map[string]bool{
		"lm_head": true, "model.layers.0.self_attn.q_proj": true, "model.layers.1.mlp.up_proj": true, "model.layers.0.mlp.up_proj": false,
		"model.layers.10.mlp.up_proj": false, "model.layers.0.mlp.gate_proj": false,
	} {
		require.Equal(t, plain, q.Check(module) != nil, module)
	}
}

// TestHostileQuantization has a field wrong in each line; awq, gptq and group stand
// for configurations that are right, and what follows replaces a field of them.
func TestHostileQuantization(t *testing.T) {
	awq := `{"quant_method":"awq","bits":4,"group_size":128,"version":"gemm","zero_point":true`
	gptq := `{"quant_method":"gptq","bits":4,"group_size":128,"sym":true,"desc_act":false`
	compressed := func(top, group, weights string) string {
		return `{"quant_method":"compressed-tensors","format":"pack-quantized","quantization_status":"compressed"` + top + `,"config_groups":{"g":{"targets":["Linear"]` +
			group + `,"weights":{"num_bits":4,"type":"int","strategy":"group","group_size":64,"symmetric":true` + weights + `}}}}`
	}
	for _, text := range []string{awq + "}", gptq + "}", compressed("", "", ""), compressed(`,"quantization_status":"frozen"`, "", "")} {
		quantization(t, text)
	}
	for _, test := range []struct{ text, field, found string }{
		{awq + `,"bits":3}`, "bits", "3"},
		{awq + `,"bits":8}`, "bits", "8"},
		{awq + `,"bits":"4"}`, "bits", `"4"`},
		{awq + `,"w_bit":4}`, "bits", "it beside w_bit"},
		{awq + `,"group_size":0}`, "group_size", "0"},
		{awq + `,"group_size":-2}`, "group_size", "-2"},
		{awq + `,"version":"gemv_fast"}`, "version", "gemv_fast"},
		{awq + `,"version":"GEMVFast"}`, "version", "gemvfast"},
		{awq + `,"version":"marlin"}`, "version", "marlin"},
		{awq + `,"version":"exllama"}`, "version", "exllama"},
		{awq + `,"version":"ipex"}`, "version", "ipex"},
		{awq + `,"format":"gemv"}`, "format", "gemv"},
		{awq + `,"backend":"llm-awq"}`, "backend", "llm-awq"},
		{awq + `,"zero_point":"yes"}`, "zero_point", "yes"},
		{awq + `,"modules_to_not_convert":"lm_head"}`, "modules_to_not_convert", "lm_head"},
		{awq + `,"desc_act":true}`, "desc_act", "true"},
		{awq + `,"pack_dtype":"int16"}`, "pack_dtype", "int16"},
		{awq + `,"super_bits":6}`, "super_bits", "6"},
		{awq + `,"act_bits":8}`, "act_bits", "8"},
		{awq + `,"novelty":{"x":1}}`, "novelty", `{"x":1}`},
		{gptq + `,"bits":2}`, "bits", "2"},
		{`{"quant_method":"gptq","group_size":128}`, "bits", "none"},
		{gptq + `,"checkpoint_format":"marlin"}`, "checkpoint_format", "marlin"},
		{gptq + `,"checkpoint_format":"gptq","format":"gptq_v2"}`, "checkpoint_format", "gptq"},
		{gptq + `,"is_marlin_format":true}`, "is_marlin_format", "true"},
		{gptq + `,"sym":"maybe"}`, "sym", "maybe"},
		{gptq + `,"desc_act":1}`, "desc_act", "1"},
		{gptq + `,"dynamic":{"-:lm_head":{}}}`, "dynamic", "lm_head"},
		{gptq + `,"adapter":{"name":"lora"}}`, "adapter", "lora"},
		{gptq + `,"method":"qqq"}`, "method", "qqq"},
		{`{"quant_method":"auto-round","bits":4,"packing_format":"auto_round:auto_gptq"}`, "quant_method", "auto-round"},
		{`{"quant_method":"intel/auto-round"}`, "quant_method", "intel/auto-round"},
		{`{"quant_method":"marlin"}`, "quant_method", "marlin"},
		{compressed(`,"format":"int-quantized"`, "", ""), "format", "int-quantized"},
		{compressed(`,"format":"marlin-24"`, "", ""), "format", "marlin-24"},
		{compressed(`,"quantization_status":"calibration"`, "", ""), "quantization_status", "calibration"},
		{compressed(`,"kv_cache_scheme":{"num_bits":8}`, "", ""), "kv_cache_scheme", "num_bits"},
		{compressed(`,"sparsity_config":{"format":"sparse-24-bitmask"}`, "", ""), "format", "sparse-24-bitmask"},
		{compressed(`,"transform_config":{"config_groups":{"u":{"type":"hadamard"}}}`, "", ""), "config_groups", "hadamard"},
		{compressed(`,"ignore":"lm_head"`, "", ""), "ignore", "lm_head"},
		{compressed(`,"ignore":["re:(?!x)"]`, "", ""), "ignore", "(?!"},
		{compressed(`,"novelty":1`, "", ""), "novelty", "1"},
		{compressed("", `,"format":"int-quantized"`, ""), "format", "int-quantized"},
		{compressed("", `,"input_activations":{"num_bits":8}`, ""), "input_activations", "num_bits"},
		{compressed("", `,"output_activations":{"num_bits":8}`, ""), "output_activations", "num_bits"},
		{compressed("", `,"targets":[]`, ""), "targets", "none"},
		{compressed("", `,"targets":["re:("]`, ""), "targets", "missing closing"},
		{compressed("", `,"novelty":1`, ""), "novelty", "1"},
		{compressed("", "", `,"num_bits":8`), "num_bits", "8"},
		{compressed("", "", `,"num_bits":3`), "num_bits", "3"},
		{compressed("", "", `,"type":"float"`), "type", "float"},
		{compressed("", "", `,"dynamic":true`), "dynamic", "true"},
		{compressed("", "", `,"block_structure":[128,128]`), "block_structure", "128"},
		{compressed("", "", `,"strategy":"tensor"`), "strategy", "tensor"},
		{compressed("", "", `,"strategy":"channel"`), "strategy", "channel"},
		{compressed("", "", `,"strategy":"channel","group_size":null,"strategy":"group"`), "strategy", "group"},
		{compressed("", "", `,"strategy":null,"group_size":null`), "strategy", `""`},
		{compressed("", "", `,"group_size":0`), "group_size", "0"},
		{compressed("", "", `,"symmetric":"no"`), "symmetric", "no"},
		{compressed("", "", `,"actorder":"group"`), "actorder", "group"},
		{compressed("", "", `,"actorder":true`), "actorder", "true"},
		{compressed("", "", `,"novelty":1`), "novelty", "1"},
		{`{"quant_method":"compressed-tensors","format":"pack-quantized"}`, "config_groups", "none"},
		{`{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"W4A16":["Linear"]}}`, "W4A16", "Linear"},
		{`{"quant_method":"compressed-tensors","config_groups":{}}`, "format", `""`},
	} {
		_, err := ParseConfig("some/config.json", with(t, map[string]string{"quantization_config": test.text}))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, test.text)
		require.Equal(t, "some/config.json", bad.File)
		require.True(t, strings.HasPrefix(bad.Field, "quantization_config: "), bad.Field)
		require.Contains(t, bad.Field, test.field, test.text)
		require.Contains(t, bad.Field+bad.Found, test.found, test.text)
	}
}
