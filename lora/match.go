package lora

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/pyregexp"
)

// Kind says what a module does.
type Kind uint8

// The kinds of modules with weights, and the shapes of these.
const (
	Linear    Kind = iota // a linear map, [out, in]
	Head                  // the linear map to the logits, [vocabulary, hidden]
	Embedding             // the token table, [vocabulary, hidden]
	Norm                  // the gains of a norm, [1, hidden]
	Scores                // the linear map to the scores of labels, [labels, hidden]
)

// Module is a part of a model that has weights.
type Module struct {
	Name       string // as transformers names it: "model.layers.0.self_attn.q_proj"
	Kind       Kind
	Rows, Cols int  // the shape of the weight
	Bias       bool // the module has a bias, of Rows numbers
}

// matcher decides by PEFT's rules what an adapter does to a module.
type matcher struct {
	config *Config
	tied   bool // the head is the embedding, and ensure_weight_tying is on

	target, exclude *regexp.Regexp   // nil: there is no such pattern
	saved           []*regexp.Regexp // modules_to_save, as PEFT's inject_adapter compares it
	layers          []*regexp.Regexp // each finds the number of a layer in a name
	ranks, alphas   []suffixPattern  // of config.RankPattern and config.AlphaPattern
}

// newMatcher compiles the patterns of c. The file names them in errors.
func newMatcher(file string, c *Config, tied bool) (*matcher, error) {
	m := &matcher{config: c, tied: tied && c.EnsureWeightTying}
	p := &pyregexp.Compiler{}
	var failed error
	compile := func(field, pattern string, how func(string) (*regexp.Regexp, error)) *regexp.Regexp {
		re, err := how(pattern)
		if err != nil && failed == nil {
			failed = badinput.New(file, field+": "+clip.Text(pattern), err.Error(), "a pattern that Python and Go understand alike")
		}
		return re
	}
	if pattern := c.TargetModules.Pattern; pattern != "" && pattern != allLinear {
		m.target = compile("target_modules", pattern, p.FullMatch)
	}
	if pattern := c.ExcludeModules.Pattern; pattern != "" {
		m.exclude = compile("exclude_modules", pattern, p.FullMatch)
	}
	for _, name := range c.ModulesToSave {
		m.saved = append(m.saved, compile("modules_to_save", `(^|.*\.)`+name+`($|\..*)`, p.Match))
	}
	layers := c.LayersPattern
	if len(layers) == 0 {
		layers = []string{""}
	}
	for _, name := range layers {
		pattern := `(?:^|.*?\.)` + name + `\.(?P<idx>\d+)\.`
		if name == "" {
			pattern = `.*?\.[^.]*\.(?P<idx>\d+)\.`
		}
		m.layers = append(m.layers, compile("layers_pattern", pattern, p.Match))
	}
	suffix := func(field, key string) suffixPattern {
		s, err := newSuffixPattern(p, key)
		if err != nil && failed == nil {
			failed = badinput.New(file, field+": "+clip.Text(key), err.Error(), "a pattern that Python and Go understand alike")
		}
		return s
	}
	for _, e := range c.RankPattern {
		m.ranks = append(m.ranks, suffix("rank_pattern", e.Key))
	}
	for _, e := range c.AlphaPattern {
		m.alphas = append(m.alphas, suffix("alpha_pattern", e.Key))
	}
	return m, failed
}

// targets reports whether a module gets factors.
func (m *matcher) targets(mod Module) bool {
	name := mod.Name
	if m.exclude != nil && m.exclude.MatchString(name) || endsIn(name, m.config.ExcludeModules.List) {
		return false
	}
	if slices.ContainsFunc(m.saved, func(re *regexp.Regexp) bool { return re.MatchString(name) }) {
		return false
	}
	if m.tiesTargets() && (mod.Kind == Head || mod.Kind == Embedding) {
		return true
	}
	switch {
	case m.config.TargetModules.Pattern == allLinear:
		return mod.Kind == Linear
	case m.target != nil:
		return m.target.MatchString(name)
	case slices.Contains(m.config.TargetModules.List, name):
		return true
	}
	return endsIn(name, m.config.TargetModules.List) && m.inLayers(name)
}

// tiesTargets reports whether head and embedding share their factors:
// ensure_weight_tying asks for that where either is a target.
func (m *matcher) tiesTargets() bool {
	if !m.tied || m.tiesSaved() {
		return false
	}
	if m.target != nil {
		return m.target.MatchString("embed_tokens") || m.target.MatchString("lm_head")
	}
	return slices.ContainsFunc(m.config.TargetModules.List, vocabularyModule)
}

// tiesSaved reports whether head and embedding share the weight that replaces
// them: ensure_weight_tying asks for that where modules_to_save has either.
func (m *matcher) tiesSaved() bool {
	return m.tied && slices.ContainsFunc(m.config.ModulesToSave, vocabularyModule)
}

// vocabularyModule reports whether a name's last part is one by which PEFT knows
// head and embedding.
func vocabularyModule(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last == "embed_tokens" || last == "lm_head"
}

// inLayers reports whether a module's layer is among layers_to_transform.
func (m *matcher) inLayers(name string) bool {
	if m.config.LayersToTransform == nil {
		return true
	}
	for _, re := range m.layers {
		found := re.FindStringSubmatch(name)
		if found == nil {
			continue
		}
		layer, err := strconv.Atoi(found[re.SubexpIndex("idx")])
		return err == nil && slices.Contains(m.config.LayersToTransform, layer)
	}
	return false
}

// saves reports whether modules_to_save replaces a module or one that contains
// it. Like PEFT it compares the ends of names, even in the middle of a word.
func (m *matcher) saves(mod Module) bool {
	if m.tiesSaved() && (mod.Kind == Head || mod.Kind == Embedding) {
		return true
	}
	for end := 0; end < len(mod.Name); {
		if dot := strings.IndexByte(mod.Name[end:], '.'); dot >= 0 {
			end += dot
		} else {
			end = len(mod.Name)
		}
		for _, name := range m.config.ModulesToSave {
			if strings.HasSuffix(mod.Name[:end], name) {
				return true
			}
		}
		end++
	}
	return false
}

// rank returns the rank of a module's factors.
func (m *matcher) rank(name string) int {
	for i, p := range m.ranks {
		if p.match(name) {
			return m.config.RankPattern[i].R
		}
	}
	return m.config.R
}

// scale returns α/r of a module, or α/√r with rsLoRA.
func (m *matcher) scale(name string) float32 {
	alpha := m.config.LoraAlpha
	for i, p := range m.alphas {
		if p.match(name) {
			alpha = m.config.AlphaPattern[i].LoraAlpha
			break
		}
	}
	r := float64(m.rank(name))
	if m.config.UseRSLoRA {
		r = math.Sqrt(r)
	}
	return float32(alpha / r)
}

// endsIn reports whether a name is in a list, or ends in an item of it behind a
// dot.
func endsIn(name string, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		rest, ok := strings.CutSuffix(name, s)
		return ok && (rest == "" || strings.HasSuffix(rest, "."))
	})
}

// describe returns a module's name and shape, for errors.
func (mod Module) describe() string {
	return fmt.Sprintf("%s of %d × %d", mod.Name, mod.Rows, mod.Cols)
}
