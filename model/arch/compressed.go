package arch

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/pyregexp"
)

// packQuantized is the format of compressed-tensors that holds 4-bit integers.
const packQuantized = "pack-quantized"

// linearClass is the class in torch of every module that may be quantised.
const linearClass = "Linear"

// parseCompressedTensors reads the configuration of compressed-tensors.
func (q *Quantization) parseCompressedTensors(f fields) {
	q.Format = packQuantized
	format := f.str("format")
	f.oneOf("format", format, packQuantized, "mixed-precision")
	if f.raw("quantization_status") != nil { // its first versions wrote "frozen" beside packed tensors
		f.oneOf("quantization_status", f.str("quantization_status"), "compressed", "frozen")
	}
	for _, name := range []string{"kv_cache_scheme", "moe_sparsity_config"} {
		f.empty(name)
	}
	sparsity, transform := f.object("sparsity_config"), f.object("transform_config")
	if len(sparsity.values) > 0 {
		sparsity.oneOf("format", sparsity.str("format"), "dense")
	}
	transform.only(nil) // it may hold an empty list of transforms
	f.get("ignore", &q.Ignore, "a list of strings")
	q.compile(f, "ignore", q.Ignore)
	f.only([]string{"quant_method", "format", "quantization_status", "sparsity_config", "transform_config", "ignore", "config_groups",
		"global_compression_ratio", "version"})

	groups := f.object("config_groups")
	if len(groups.values) == 0 {
		f.fail("config_groups", "none", "a group for the target Linear")
	}
	for _, name := range slices.Sorted(maps.Keys(groups.values)) {
		g := groups.object(name)
		if format != packQuantized || g.raw("format") != nil {
			g.oneOf("format", g.str("format"), packQuantized)
		}
		for _, activations := range []string{"input_activations", "output_activations"} {
			g.empty(activations)
		}
		g.only([]string{"format", "targets", "weights"})
		group := parseScheme(g.object("weights"))
		if g.get("targets", &group.Targets, "a list of strings"); len(group.Targets) == 0 {
			g.fail("targets", "none", "names of modules, patterns, or Linear")
		}
		q.compile(g, "targets", group.Targets)
		q.Groups = append(q.Groups, group)
	}
}

// parseScheme reads how the weights of a group are quantised.
func parseScheme(w fields) (g QuantizationGroup) {
	if n := w.integer("num_bits", 8); n != 4 {
		w.fail("num_bits", strconv.Itoa(n), "4")
	}
	w.equal("type", `"int"`)
	w.equal("dynamic", "false")
	w.empty("block_structure")
	g.Symmetric = w.raw("symmetric") == nil || w.boolean("symmetric")
	g.GroupSize = w.integer("group_size", -1)
	w.groupSize("group_size", g.GroupSize)
	strategy := "channel"
	if g.GroupSize != -1 {
		strategy = "group"
	}
	if w.raw("strategy") != nil || w.raw("group_size") == nil {
		w.oneOf("strategy", w.str("strategy"), strategy)
	}
	// Ordered by "weight" (or "static"), inputs are quantised in another order but
	// keep their places and their groups.
	if raw := w.raw("actorder"); raw != nil && string(raw) != "false" && string(raw) != `"weight"` && string(raw) != `"static"` {
		w.fail("actorder", clip.Text(raw), `null, "weight" or "static"`)
	}
	w.only([]string{"num_bits", "type", "dynamic", "symmetric", "group_size", "strategy", "actorder", "observer", "observer_kwargs",
		"scale_dtype", "zp_dtype"})
	return g
}

// compile compiles the patterns in a list that q refers to.
func (q *Quantization) compile(f fields, field string, list []string) {
	if q.patterns == nil {
		q.patterns = map[string]*regexp.Regexp{}
	}
	compiler := &pyregexp.Compiler{}
	for _, entry := range list {
		pattern, ok := strings.CutPrefix(entry, "re:")
		if !ok {
			continue // a name, or a class
		}
		re, err := compiler.Match(pattern)
		if err != nil {
			f.fail(field+": "+clip.Text(entry), err.Error(), "a pattern that Python and Go understand alike")
			return
		}
		q.patterns[entry] = re
	}
}

// matches says whether an entry names a module or has a pattern that fits its name.
func (q *Quantization) matches(entry, module string) bool {
	re := q.patterns[entry]
	return re == nil && entry == module || re != nil && re.MatchString(module)
}

// ignores returns the entry of Ignore that keeps a module plain.
func (q *Quantization) ignores(module string) (entry string, ok bool) {
	i := slices.IndexFunc(q.Ignore, func(entry string) bool {
		if q.Format != packQuantized {
			return strings.Contains("."+module+".", "."+strings.Trim(entry, ".")+".")
		}
		return entry == linearClass || q.matches(entry, module)
	})
	if i < 0 {
		return "", false
	}
	return q.Ignore[i], true
}

// Group returns the group that a linear map belongs to: the first whose targets name
// the map; if none does, the first with a pattern that fits its name; if none has one,
// the first with its class, Linear. It is false for a module that is ignored, or that no
// group has as a target.
func (q *Quantization) Group(module string) (QuantizationGroup, bool) {
	if _, ok := q.ignores(module); ok {
		return QuantizationGroup{}, false
	}
	for _, fits := range []func(entry string) bool{
		func(entry string) bool { return entry == module },
		func(entry string) bool { return q.matches(entry, module) },
		func(entry string) bool { return entry == linearClass },
	} {
		for _, g := range q.Groups {
			if slices.ContainsFunc(g.Targets, fits) {
				return g, true
			}
		}
	}
	return QuantizationGroup{}, false
}
