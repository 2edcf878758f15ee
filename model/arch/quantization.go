package arch

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// Quantization holds the quantization_config of a checkpoint.
type Quantization struct {
	Method string // "bitsandbytes", "awq", "gptq", "compressed-tensors"

	// Of bitsandbytes.
	QuantType   string // "nf4", "fp4"
	DoubleQuant bool
	SkipModules []string

	// Of the other methods, whose weights are 4-bit integers.
	Format string // how tensors are packed: "gemm" or "gemv", "gptq" or "gptq_v2", "pack-quantized"
	// Ignore lists what stays plain: of AWQ modules_to_not_convert, parts of names;
	// of compressed-tensors names, the class "Linear", and patterns after "re:".
	Ignore []string
	Groups []QuantizationGroup
	// ActOrder says that groups of inputs may be in another order than the inputs
	// (desc_act), which each weight's g_idx then tells.
	ActOrder bool

	patterns map[string]*regexp.Regexp // by the entries of Ignore and of Targets that are patterns
}

// QuantizationGroup describes how some modules are quantised.
type QuantizationGroup struct {
	Targets   []string // as Ignore
	GroupSize int      // inputs that share a scale; -1: all
	Symmetric bool     // of compressed-tensors: whether weights have no tensor of zeros
}

// ParseQuantization reads a file beside config.json that holds what its
// quantization_config should: quantize_config.json of GPTQ, or quant_config.json of
// AWQ. method is the quant_method where the file has none.
func ParseQuantization(file string, data []byte, method string) (*Quantization, error) {
	f, err := parseFields(file, data)
	if err != nil {
		return nil, err
	}
	q := parseQuantization(f, method)
	return q, *f.err
}

// parseQuantization reads a quantization_config, whose quant_method is method if it has
// none.
func parseQuantization(f fields, method string) *Quantization {
	if f.raw("quant_method") != nil {
		method = f.str("quant_method")
	}
	if method == "" && (f.boolean("load_in_4bit") || f.boolean("load_in_8bit")) {
		method = "bitsandbytes" // the first versions left quant_method out
	}
	q := &Quantization{Method: method}
	switch method {
	case "bitsandbytes":
		q.parseBitsandbytes(f)
	case "awq":
		q.parseAWQ(f)
	case "gptq":
		q.parseGPTQ(f)
	case "compressed-tensors":
		q.parseCompressedTensors(f)
	default:
		f.fail("quant_method", quoted(method), `"bitsandbytes", "awq", "gptq" or "compressed-tensors", with 4 bits`)
	}
	return q
}

func (q *Quantization) parseBitsandbytes(f fields) {
	if !f.boolean("load_in_4bit") {
		found := "no load_in_4bit"
		if f.boolean("load_in_8bit") {
			found = "load_in_8bit"
		}
		f.fail("quant_method", "bitsandbytes with "+found, "bitsandbytes with load_in_4bit")
	}
	q.QuantType = "fp4" // BitsAndBytesConfig's default
	q.DoubleQuant = f.boolean("bnb_4bit_use_double_quant")
	if f.raw("bnb_4bit_quant_type") != nil {
		q.QuantType = strings.ToLower(f.str("bnb_4bit_quant_type"))
	}
	f.oneOf("bnb_4bit_quant_type", q.QuantType, "nf4", "fp4")
	f.get("llm_int8_skip_modules", &q.SkipModules, "a list of strings")
}

// common lists the fields of AWQ and GPTQ that are read by functions for both, and
// those that tell how weights were found, or how another program is to compute with
// them, which doesn't change what tensors mean.
var common = []string{
	"act_bits", "act_data_type", "act_dynamic", "act_group_aware", "act_group_size", "act_sym", "amp", "auto_mixed_precision", "autoround_version", "batch_size", "block_name_to_quantize",
	"cache_block_outputs", "checkpoint_format", "damp_auto_increment", "damp_percent", "data_type", "dataset",
	"disable_exllama", "do_fuse", "enable_alg_ext", "enable_minmax_tuning", "enable_norm_bias_tuning", "enable_quanted_input",
	"enable_torch_compile", "exllama_config", "format", "fuse_max_seq_len", "gradient_accumulate_steps", "iters", "lm_head",
	"low_cpu_mem_usage", "low_gpu_mem_usage", "lr", "max_input_length", "meta", "method", "minmax_lr", "model_file_base_name",
	"model_name_or_path", "model_seqlen", "module_name_preceding_first_block", "modules_in_block_to_quantize",
	"modules_to_fuse", "mse", "nsamples", "offload_to_disk", "offload_to_disk_path", "pack_dtype", "pad_token_id", "provider",
	"quant_method", "scale_dtype", "seqlen", "static_groups", "tokenizer", "true_sequential",
	"use_cuda_fp16", "use_exllama", "version",
}

// parseGroup reads what AWQ and GPTQ have in common. Each field is looked for under
// its names in turn.
func (q *Quantization) parseGroup(f fields, bits, groupSize string) {
	if n := f.integer(bits, 4); n != 4 {
		f.fail(bits, strconv.Itoa(n), "4")
	}
	g := QuantizationGroup{Targets: []string{linearClass}, GroupSize: f.integer(groupSize, 128)} // 128 is the default of transformers
	f.groupSize(groupSize, g.GroupSize)
	q.Groups = []QuantizationGroup{g}
	f.equal("pack_dtype", `"int32"`)
	f.equal("data_type", `"int"`)
	f.equal("act_bits", "16")
}

func (q *Quantization) parseAWQ(f fields) {
	bits, size := f.either("bits", "w_bit"), f.either("group_size", "q_group_size")
	q.parseGroup(f, bits, size)
	f.boolean("zero_point") // qzeros are there and used either way
	f.boolean("sym")
	q.parseFormat(f, "gemm", "gemm", "gemv")
	if f.raw("backend") != nil {
		f.oneOf("backend", strings.ToLower(f.str("backend")), "autoawq", "auto")
	}
	f.get("modules_to_not_convert", &q.Ignore, "a list of strings")
	f.equal("desc_act", "false")
	f.only(common, bits, size, "zero_point", "sym", "backend", "modules_to_not_convert", "desc_act")
}

func (q *Quantization) parseGPTQ(f fields) {
	bits, size := f.either("bits", "wbits"), f.either("group_size", "groupsize")
	if f.raw(bits) == nil {
		f.fail("bits", "none", "4")
	}
	q.parseGroup(f, bits, size)
	f.boolean("sym") // qzeros are there and used either way
	q.ActOrder = f.boolean("desc_act")
	if f.boolean("is_marlin_format") {
		f.fail("is_marlin_format", "true", "false")
	}
	q.parseFormat(f, "gptq", "gptq", "gptq_v2")
	f.get("modules_to_not_convert", &q.Ignore, "a list of strings")
	f.only(common, bits, size, "sym", "desc_act", "is_marlin_format", "backend", "modules_to_not_convert")
}

// parseFormat reads how tensors are packed, for which producers have used three names.
func (q *Quantization) parseFormat(f fields, absent string, allowed ...string) {
	q.Format = absent
	first := ""
	for _, name := range []string{"version", "format", "checkpoint_format"} {
		if f.raw(name) == nil {
			continue
		}
		found := strings.ToLower(f.str(name))
		f.oneOf(name, found, allowed...)
		if first != "" && found != q.Format {
			f.fail(name, quoted(found), quoted(q.Format)+", as "+first+" says")
		}
		first, q.Format = name, found
	}
	if f.raw("method") != nil {
		f.oneOf("method", f.str("method"), q.Method)
	}
}

// either returns the first of two names that the object has, and the first if it has
// neither. Both of them is an error.
func (f fields) either(name, other string) string {
	if f.raw(other) == nil {
		return name
	}
	if f.raw(name) != nil {
		f.fail(name, "it beside "+other, "one of them")
	}
	return other
}

func (f fields) oneOf(name, found string, allowed ...string) {
	if slices.Contains(allowed, found) {
		return
	}
	want := make([]string, len(allowed))
	for i, a := range allowed {
		want[i] = strconv.Quote(a)
	}
	f.fail(name, quoted(found), strings.Join(want, " or "))
}

// equal checks that a field, if it is there, is this JSON.
func (f fields) equal(name, want string) {
	if raw := f.raw(name); raw != nil && string(raw) != want {
		f.fail(name, clip.Text(raw), want)
	}
}

// empty checks that a field is absent, null, or a list or object without content.
func (f fields) empty(name string) {
	if raw := f.raw(name); raw != nil && !isEmpty(raw) {
		f.fail(name, clip.Text(raw), "nothing: medner doesn't know what it does to weights")
	}
}

func isEmpty(raw json.RawMessage) bool {
	var list []json.RawMessage
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return len(list) == 0
	}
	return json.Unmarshal(raw, &object) == nil && len(object) == 0
}

// only refuses fields that aren't listed, unless they are empty.
func (f fields) only(list []string, more ...string) {
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !slices.Contains(list, name) && !slices.Contains(more, name) {
			f.empty(name)
		}
	}
}

func (f fields) groupSize(name string, n int) {
	if n != -1 && (n < 1 || n > maxHidden) {
		f.fail(name, strconv.Itoa(n), fmt.Sprintf("-1, or a whole number from 1 to %d", maxHidden))
	}
}

// Check returns an error that names the module unless the files may hold it
// quantised: a *badinput.Error whose File is empty.
func (q *Quantization) Check(module string) error {
	if name, ok := q.ignores(module); ok {
		return badinput.New("", module, "a quantised weight", "a plain one: quantization_config leaves out "+quoted(name))
	}
	if _, ok := q.Group(module); !ok {
		return badinput.New("", module, "a quantised weight", "a plain one: no group of quantization_config has it as a target")
	}
	return nil
}
