package arch

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/internal/clip"
)

const (
	ropeDefault = "default"
	ropeLinear  = "linear"
	ropeLlama3  = "llama3"
)

// parseRope reads rope_parameters, or the older rope_scaling, which transformers
// prefers if a file has both. rope_theta may be inside that object or beside it.
func parseRope(f fields, c *Config) Rope {
	name := "rope_parameters"
	if raw := f.raw("rope_scaling"); raw != nil && strings.Trim(string(raw), " \t\r\n") != "{}" {
		name = "rope_scaling"
	}
	p := f.object(name)
	for _, key := range slices.Sorted(maps.Keys(p.values)) {
		if p.values[key][0] == '{' {
			p.fail(clip.Text(key), "an object", "the same rotary embedding in every layer")
		}
	}
	typ := p.str("rope_type")
	if typ == "" {
		typ = p.str("type")
	}
	if typ == "" {
		typ = ropeDefault
	}
	r := Rope{Type: typ}
	r.Theta = p.number("rope_theta", f.number("rope_theta", 10000))
	p.positive("rope_theta", r.Theta)
	for _, f := range []fields{f, p} {
		if part := f.number("partial_rotary_factor", 1); part != 1 {
			f.fail("partial_rotary_factor", fmt.Sprint(part), "1: every dimension of a head rotated")
		}
	}
	switch typ {
	case ropeDefault:
	case ropeLinear:
		r.Factor = p.number("factor", 0)
		p.positive("factor", r.Factor)
	case ropeLlama3:
		r.Factor = p.number("factor", 0)
		r.LowFreqFactor = p.number("low_freq_factor", 0)
		r.HighFreqFactor = p.number("high_freq_factor", 0)
		r.OriginalMaxPositionEmbeddings = f.integer("original_max_position_embeddings",
			p.integer("original_max_position_embeddings", c.MaxPositionEmbeddings))
		p.positive("factor", r.Factor)
		p.positive("low_freq_factor", r.LowFreqFactor)
		p.positive("high_freq_factor", r.HighFreqFactor)
		p.within("original_max_position_embeddings", r.OriginalMaxPositionEmbeddings, maxLength)
		if r.HighFreqFactor <= r.LowFreqFactor {
			p.fail("high_freq_factor", fmt.Sprint(r.HighFreqFactor), fmt.Sprintf("more than low_freq_factor, %v", r.LowFreqFactor))
		}
	default:
		p.fail("rope_type", quoted(typ), `"default", "linear" or "llama3"`)
	}
	return r
}

// InvFreq returns by how many radians each of the headDim/2 pairs of a head turns
// from one position to the next, scaling included. The arithmetic is that of
// transformers' functions, in f32 and in their order, except that powers are
// computed exactly and rounded once: vector libraries round them in various ways.
func (r *Rope) InvFreq(headDim int) []float32 {
	inv := make([]float32, headDim/2)
	for i := range inv {
		exponent := float32(2*i) / float32(headDim)
		inv[i] = 1 / float32(math.Pow(float64(float32(r.Theta)), float64(exponent)))
	}
	switch r.Type {
	case ropeLinear:
		for i := range inv {
			inv[i] /= float32(r.Factor)
		}
	case ropeLlama3:
		for i, f := range inv {
			inv[i] = r.llama3(f)
		}
	}
	for i, f := range r.Factors {
		if i < len(inv) {
			inv[i] /= f
		}
	}
	return inv
}

// llama3 scales the frequency f by its wavelength. It multiplies by reciprocals
// where it could divide, since torch computes number / tensor in that way.
func (r *Rope) llama3(f float32) float32 {
	original := float64(r.OriginalMaxPositionEmbeddings)
	longest, shortest := float32(original/r.LowFreqFactor), float32(original/r.HighFreqFactor)
	factor := float32(r.Factor)
	wavelength := (1 / f) * float32(2*math.Pi)
	switch {
	case wavelength < shortest:
		return f
	case wavelength > longest:
		return f / factor
	}
	turns := (1 / wavelength) * float32(original)
	smooth := (turns - float32(r.LowFreqFactor)) / float32(r.HighFreqFactor-r.LowFreqFactor)
	stretched := float32((1-smooth)*f) / factor
	return stretched + float32(smooth*f)
}

// AsLlama3 returns the llama3 scaling that Factors were computed from, if there is
// one. Converters of Llama 3.1 and later store the quotients of the plain and the
// scaled frequencies. low_freq_factor and high_freq_factor are 1 and 4 in all those
// models; the factor is the largest quotient, and the original length is searched
// for among powers of two.
func (r *Rope) AsLlama3(headDim int) (Rope, bool) {
	if len(r.Factors) != headDim/2 || r.Type != ropeDefault {
		return Rope{}, false
	}
	plain := Rope{Type: ropeDefault, Theta: r.Theta}
	frequencies := plain.InvFreq(headDim)
	scaled := Rope{Type: ropeLlama3, Theta: r.Theta, LowFreqFactor: 1, HighFreqFactor: 4}
	for _, f := range r.Factors {
		scaled.Factor = max(scaled.Factor, float64(f))
	}
	const shortest, longest = 1 << 6, 1 << 20
	for n := shortest; n <= longest; n *= 2 {
		scaled.OriginalMaxPositionEmbeddings = n
		same := true
		for i, f := range scaled.InvFreq(headDim) {
			quotient := float64(frequencies[i]) / float64(f)
			same = same && math.Abs(quotient/float64(r.Factors[i])-1) < 1e-5
		}
		if same {
			return scaled, true
		}
	}
	return Rope{}, false
}
