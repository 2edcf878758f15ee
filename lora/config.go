package lora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// Config holds the settings of adapter_config.json that an adapter's function
// depends on, under the names that they have there. Other settings either concern
// training only or are refused.
type Config struct {
	BaseModel         string  // base_model_name_or_path
	TaskType          string  // task_type: "CAUSAL_LM", "TOKEN_CLS", …; "": not said
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
	"loftq_config", "megatron_core", "peft_version", "qalora_group_size", "revision", "runtime_config",
	// PEFT turns fan_in_fan_out off where the base has torch.nn.Linear maps.
	"fan_in_fan_out",
}

// tokenClassification is the task type of adapters with a head that scores the
// labels of each token.
const tokenClassification = "TOKEN_CLS"

// otherHeads holds the task types whose heads mean something else than the scores
// of a token's labels.
var otherHeads = []string{"SEQ_CLS", "QUESTION_ANS"}

// neutralInits holds the initialisations that don't change the base's weights.
var neutralInits = []string{"gaussian", "eva", "orthogonal", "mica"}

// parseConfig reads adapter_config.json. The file names it in errors.
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
	p.read("peft_type", &peftType)
	p.read("base_model_name_or_path", &c.BaseModel)
	p.read("task_type", &c.TaskType)
	p.read("r", &c.R)
	p.read("lora_alpha", &c.LoraAlpha)
	p.read("use_rslora", &c.UseRSLoRA)
	p.read("use_dora", &c.UseDoRA)
	p.read("bias", &c.Bias)
	p.read("lora_bias", &c.LoraBias)
	p.read("modules_to_save", &c.ModulesToSave)
	p.read("ensure_weight_tying", &c.EnsureWeightTying)
	c.TargetModules = p.names("target_modules")
	c.ExcludeModules = p.names("exclude_modules")
	c.LayersToTransform = p.layers()
	c.LayersPattern = p.oneOrMany("layers_pattern")
	for _, e := range p.pairs("rank_pattern") {
		rank := Rank{Key: e.key}
		p.decode("rank_pattern: "+clip.Text(e.key), e.value, &rank.R)
		c.RankPattern = append(c.RankPattern, rank)
	}
	for _, e := range p.pairs("alpha_pattern") {
		alpha := Alpha{Key: e.key}
		p.decode("alpha_pattern: "+clip.Text(e.key), e.value, &alpha.LoraAlpha)
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
		p.fail(field, fmt.Sprintf("%q", clip.Text(name)), "an initialisation that leaves the base's weights as they are: true, false, "+strings.Join(neutralInits, ", "))
	}
}

// check refuses values that PEFT refuses or that no adapter has.
func (p *configParser) check(c *Config, peftType string) {
	if !strings.EqualFold(peftType, "LORA") {
		p.fail("peft_type", fmt.Sprintf("%q", clip.Text(peftType)), "LORA, the only kind supported")
	}
	if slices.Contains(otherHeads, c.TaskType) {
		p.fail("task_type", fmt.Sprintf("%q", clip.Text(c.TaskType)), "CAUSAL_LM or "+tokenClassification)
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
		checkRank("rank_pattern: "+clip.Text(e.Key), e.R)
	}
	for _, e := range c.AlphaPattern {
		checkAlpha("alpha_pattern: "+clip.Text(e.Key), e.LoraAlpha)
	}
	if !slices.Contains([]string{"none", "all", "lora_only"}, c.Bias) {
		p.fail("bias", fmt.Sprintf("%q", clip.Text(c.Bias)), "none, all or lora_only")
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
		p.fail(clip.Text(names[0]), clip.Text(p.fields[names[0]]), "null or false: this feature is not supported")
	}
}
