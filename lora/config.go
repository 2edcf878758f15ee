package lora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// Config holds the settings of adapter_config.json that an adapter's function
// depends on, under the names that they have there. Other settings either concern
// training only or are refused.
type Config struct {
	BaseModel         string  // base_model_name_or_path
	R                 int     // the rank
	LoraAlpha         float64 // α of the scale
	UseRSLoRA         bool
	UseDoRA           bool
	Bias              string // "none", "all", "lora_only"
	LoraBias          bool
	TargetModules     Names // which modules get factors; the pattern "all-linear" means all linear maps but the head
	ExcludeModules    Names
	ModulesToSave     []string // which modules are replaced
	LayersToTransform []int    // nil: all
	LayersPattern     []string // nil: any
	RankPattern       []Rank   // the first that matches a module replaces R
	AlphaPattern      []Alpha  // the first that matches a module replaces LoraAlpha
	EnsureWeightTying bool
}

// Names chooses modules by their names.
type Names struct {
	List    []string // the names, or what names end in behind a dot
	Pattern string   // a Python regular expression for the whole name; "": List counts
}

// Rank is an entry of rank_pattern.
type Rank struct {
	Key string
	R   int
}

// Alpha is an entry of alpha_pattern.
type Alpha struct {
	Key       string
	LoraAlpha float64
}

const (
	allLinear = "all-linear"
	maxRank   = 1 << 14
	maxConfig = 16 << 20 // bytes
	maxList   = 10_000   // entries of a list or dictionary
)

// ignored holds the settings that the function of a loaded adapter doesn't depend
// on.
var ignored = []string{
	"auto_mapping", "corda_config", "eva_config", "inference_mode", "lora_dropout", "lora_ga_config",
	"loftq_config", "megatron_core", "peft_version", "qalora_group_size", "revision", "runtime_config", "task_type",
	// PEFT turns fan_in_fan_out off where the base has torch.nn.Linear maps.
	"fan_in_fan_out",
}

// neutralInits holds the initialisations that don't change the base's weights.
var neutralInits = []string{"gaussian", "eva", "orthogonal", "mica", "lora_ga"}

// configParser reads adapter_config.json. Its err is the first error.
type configParser struct {
	file   string
	fields map[string]json.RawMessage
	err    error
}

func parseConfig(file string, data []byte) (*Config, error) {
	p := &configParser{file: file}
	if len(data) > maxConfig {
		return nil, p.bad("size", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("at most %d", maxConfig))
	}
	if err := json.Unmarshal(data, &p.fields); err != nil {
		return nil, badinput.Wrap(file, "", err)
	}
	if p.fields == nil {
		return nil, p.bad("", "null", "a JSON object")
	}
	// PEFT's defaults for what the file doesn't have.
	c := &Config{R: 8, LoraAlpha: 8, Bias: "none"}
	peftType := ""
	for name, into := range map[string]any{
		"peft_type":               &peftType,
		"base_model_name_or_path": &c.BaseModel,
		"r":                       &c.R,
		"lora_alpha":              &c.LoraAlpha,
		"use_rslora":              &c.UseRSLoRA,
		"use_dora":                &c.UseDoRA,
		"bias":                    &c.Bias,
		"lora_bias":               &c.LoraBias,
		"modules_to_save":         &c.ModulesToSave,
		"ensure_weight_tying":     &c.EnsureWeightTying,
	} {
		p.read(name, into)
	}
	c.TargetModules = p.names("target_modules")
	c.ExcludeModules = p.names("exclude_modules")
	c.LayersToTransform = p.layers()
	c.LayersPattern = p.oneOrMany("layers_pattern")
	for _, e := range p.pairs("rank_pattern") {
		rank := Rank{Key: e.key}
		p.decode("rank_pattern: "+clip(e.key), e.value, &rank.R)
		c.RankPattern = append(c.RankPattern, rank)
	}
	for _, e := range p.pairs("alpha_pattern") {
		alpha := Alpha{Key: e.key}
		p.decode("alpha_pattern: "+clip(e.key), e.value, &alpha.LoraAlpha)
		c.AlphaPattern = append(c.AlphaPattern, alpha)
	}
	p.initialisation()
	p.check(c, peftType)
	p.unsupported()
	if p.err != nil {
		return nil, p.err
	}
	return c, nil
}

func (p *configParser) bad(field, found, want string) error {
	return badinput.New(p.file, field, found, want)
}

func (p *configParser) fail(field, found, want string) {
	if p.err == nil {
		p.err = p.bad(field, found, want)
	}
}

// take returns the value of a field, nil if it is missing or null, and removes
// the field, so that unsupported sees the others only.
func (p *configParser) take(name string) json.RawMessage {
	raw := p.fields[name]
	delete(p.fields, name)
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// read decodes a field into a variable, which keeps its value if the field is
// missing.
func (p *configParser) read(name string, into any) {
	if raw := p.take(name); raw != nil {
		p.decode(name, raw, into)
	}
}

func (p *configParser) decode(field string, raw json.RawMessage, into any) {
	if err := json.Unmarshal(raw, into); err != nil && p.err == nil {
		p.err = badinput.Wrap(p.file, field, err)
	}
	if list, ok := into.(*[]string); ok {
		p.checkList(field, *list)
	}
}

func (p *configParser) checkList(field string, list []string) {
	if len(list) > maxList {
		p.fail(field, fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", maxList))
	}
	if slices.Contains(list, "") {
		p.fail(field, `""`, "names of modules")
	}
}

// names reads a list of suffixes or one pattern.
func (p *configParser) names(field string) (n Names) {
	raw := p.take(field)
	if len(raw) > 0 && raw[0] == '"' {
		p.decode(field, raw, &n.Pattern)
		if strings.EqualFold(n.Pattern, allLinear) {
			n.Pattern = allLinear
		}
	} else if raw != nil {
		p.decode(field, raw, &n.List)
	}
	return n
}

// oneOrMany reads a string or a list of strings.
func (p *configParser) oneOrMany(field string) (list []string) {
	raw := p.take(field)
	if len(raw) > 0 && raw[0] == '"' {
		list = make([]string, 1)
		p.decode(field, raw, &list[0])
		if list[0] == "" {
			return nil
		}
	} else if raw != nil {
		p.decode(field, raw, &list)
	}
	return list
}

// layers reads layers_to_transform, a number or a list. It returns nil for all
// layers, which an empty list means too.
func (p *configParser) layers() (list []int) {
	const field = "layers_to_transform"
	raw := p.take(field)
	if len(raw) > 0 && raw[0] != '[' {
		list = make([]int, 1)
		p.decode(field, raw, &list[0])
	} else if raw != nil {
		p.decode(field, raw, &list)
	}
	if len(list) == 0 {
		return nil
	}
	if len(list) > maxList {
		p.fail(field, fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", maxList))
	}
	return list
}

// pair is a key of a JSON object and its value.
type pair struct {
	key   string
	value json.RawMessage
}

// pairs reads an object in the order of its keys, on which it depends what PEFT
// matches first.
func (p *configParser) pairs(field string) (list []pair) {
	raw := p.take(field)
	if raw == nil {
		return nil
	}
	var values map[string]json.RawMessage
	p.decode(field, raw, &values)
	if len(values) > maxList {
		p.fail(field, fmt.Sprintf("%d entries", len(values)), fmt.Sprintf("at most %d", maxList))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token() // the brace; the syntax is known to be right
	for p.err == nil && dec.More() {
		key, _ := dec.Token()
		name, _ := key.(string)
		if _, first := values[name]; !first {
			p.fail(field, "the key "+clip(name)+" twice", "it once")
		}
		e := pair{key: name}
		_ = dec.Decode(&e.value)
		delete(values, name)
		if e.key == "" {
			p.fail(field, `the key ""`, "names of modules")
		}
		list = append(list, e)
	}
	return list
}

// initialisation refuses adapters whose training began by changing the base:
// their factors belong to weights that the base's files don't hold.
func (p *configParser) initialisation() {
	const field = "init_lora_weights"
	raw := p.take(field)
	if raw == nil || string(raw) == "true" || string(raw) == "false" {
		return
	}
	var name string
	p.decode(field, raw, &name)
	if !slices.Contains(neutralInits, name) {
		p.fail(field, fmt.Sprintf("%q", clip(name)), "an initialisation that leaves the base's weights as they are: true, false, "+strings.Join(neutralInits, ", "))
	}
}

// check refuses values that PEFT refuses or that no adapter has.
func (p *configParser) check(c *Config, peftType string) {
	if !strings.EqualFold(peftType, "LORA") {
		p.fail("peft_type", fmt.Sprintf("%q", clip(peftType)), "LORA, the only kind supported")
	}
	checkRank := func(field string, r int) {
		if r < 1 || r > maxRank {
			p.fail(field, fmt.Sprint(r), fmt.Sprintf("a rank from 1 to %d", maxRank))
		}
	}
	checkAlpha := func(field string, alpha float64) {
		if math.Abs(alpha) > math.MaxFloat32 {
			p.fail(field, fmt.Sprint(alpha), "a finite float32")
		}
	}
	checkRank("r", c.R)
	checkAlpha("lora_alpha", c.LoraAlpha)
	for _, e := range c.RankPattern {
		checkRank("rank_pattern: "+clip(e.Key), e.R)
	}
	for _, e := range c.AlphaPattern {
		checkAlpha("alpha_pattern: "+clip(e.Key), e.LoraAlpha)
	}
	if !slices.Contains([]string{"none", "all", "lora_only"}, c.Bias) {
		p.fail("bias", fmt.Sprintf("%q", clip(c.Bias)), "none, all or lora_only")
	}
	if c.LoraBias && c.UseDoRA {
		p.fail("lora_bias", "true with use_dora", "one of them")
	}
	pattern := c.TargetModules.Pattern
	if pattern != "" && pattern != allLinear && c.LayersToTransform != nil {
		p.fail("layers_to_transform", "a list beside a pattern in target_modules", "one of them")
	}
	if len(c.LayersPattern) > 0 && c.LayersToTransform == nil {
		p.fail("layers_pattern", "a pattern without layers_to_transform", "both")
	}
	if pattern == "" && c.TargetModules.List == nil {
		// What PEFT takes for the model types llama and mistral.
		c.TargetModules.List = []string{"q_proj", "v_proj"}
	}
}

// unsupported refuses every other setting that is on, since the function may
// depend on it.
func (p *configParser) unsupported() {
	for _, name := range ignored {
		delete(p.fields, name)
	}
	var names []string
	for name, raw := range p.fields {
		var b bytes.Buffer
		_ = json.Compact(&b, raw) // the syntax is known to be right
		if !slices.Contains([]string{"null", "false", "{}", "[]", `""`}, b.String()) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		p.fail(clip(names[0]), clip(string(p.fields[names[0]])), "null or false: this feature is not supported")
	}
}

// clip shortens a text from a file for an error.
func clip(s string) string {
	const limit = 120
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
