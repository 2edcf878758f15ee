package kernels

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// families are the kernels over packed weights that are chosen by themselves, as one
// instruction set may be the fastest for many tokens and another for one. All give the
// same bits.
var families = map[string]func(to, from *matrixOps){
	"column": func(to, from *matrixOps) { // few tokens
		to.vector, to.vectorTokens = from.vector, from.vectorTokens
		to.vectorFew, to.vectorTiles = from.vectorFew, from.vectorTiles
	},
	"block": func(to, from *matrixOps) { // many tokens
		to.expand, to.group, to.block, to.blockTokens = from.expand, from.group, from.block, from.blockTokens
	},
	"fastcolumn": func(to, from *matrixOps) { // few tokens, over integers
		to.fastVector, to.fastVectorTokens = from.fastVector, from.fastVectorTokens
		to.few4, to.few8 = from.few4, from.few8
	},
	"fastblock": func(to, from *matrixOps) { // many tokens, over integers
		to.fastExpand, to.masked, to.fastFew = from.fastExpand, from.masked, from.fastFew
		to.fastBlock4, to.fastBlock8 = from.fastBlock4, from.fastBlock8
		to.raised4, to.raised8 = from.raised4, from.raised8
	},
}

// familyNames returns the families' names in alphabetical order.
func familyNames() []string { return slices.Sorted(maps.Keys(families)) }

// picks are what is chosen by itself: the variants of families, and limits of tokens.
type picks struct {
	families map[string]*variant
	few      map[string]int
}

func (p picks) empty() bool { return len(p.families) == 0 && len(p.few) == 0 }

// with returns v with the kernels of some families taken from other variants, and then
// with some limits.
func (v *variant) with(p picks) *variant {
	ops := *v.matrix
	for name, from := range p.families {
		families[name](&ops, from.matrix)
	}
	for name, tokens := range p.few {
		fewLimits[name].set(&ops, tokens)
	}
	return &variant{name: v.name, vector: v.vector, matrix: &ops}
}

// String lists picks as MEDNER_CPU takes them: "column=avx2,fastcolumn=avx2,few4=4".
func (p picks) String() string {
	var all []string
	for _, name := range familyNames() {
		if v := p.families[name]; v != nil {
			all = append(all, name+"="+v.name)
		}
	}
	for _, name := range fewNames() {
		if tokens, ok := p.few[name]; ok {
			all = append(all, name+"="+strconv.Itoa(tokens))
		}
	}
	return strings.Join(all, ",")
}

// parseForced cuts what MEDNER_CPU says into the variant for all kernels, "" for the
// best, and what is picked beside it. A part that is neither, that is empty, or that
// names what was named before, is returned as bad, in quotes.
func parseForced(all []*variant, forced string) (whole string, p picks, bad string) {
	p = picks{map[string]*variant{}, map[string]int{}}
	if forced == "" {
		return "", p, ""
	}
	for i, part := range strings.Split(forced, ",") {
		family, name, isPick := strings.Cut(part, "=")
		if !isPick && i == 0 && part != "" {
			whole = part
			continue
		}
		limit, tokens, isLimit := parseFew(part)
		v := pickable(all, family, name)
		switch _, again := p.few[limit]; {
		case isLimit && !again:
			p.few[limit] = tokens
		case v != nil && p.families[family] == nil:
			p.families[family] = v
		default:
			return whole, p, strconv.Quote(part)
		}
	}
	return whole, p, ""
}

// pickable returns the variant of a name for a family; nil if there is no such family, or
// no such variant that can run.
func pickable(all []*variant, family, name string) *variant {
	at := slices.IndexFunc(all, func(v *variant) bool { return v.name == name })
	if families[family] == nil || at < 0 || all[at].unfit() != "" {
		return nil
	}
	return all[at]
}
