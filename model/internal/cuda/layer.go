package cuda

import "github.com/medner/medner/model/arch"

// layer turns the residual stream x into the next layer's. It starts with x's norm
// in p.norm, and leaves there the norm by next. In the last layer, narrow tells
// whether some rows end once their keys and values are stored.
func (p *pass) layer(l *layer, next *norm, narrow bool) error {
	if !narrow {
		if err := p.project(l); err != nil {
			return err
		}
		return p.finish(l, next)
	}
	if err := p.projectKeys(l); err != nil || p.shape.asked == 0 {
		return err
	}
	if err := p.narrow(); err != nil {
		return err
	}
	if err := p.projectQueries(l); err != nil {
		return err
	}
	return p.finish(l, next)
}

// project computes queries, keys and values, and stores keys and values in the
// caches.
func (p *pass) project(l *layer) error {
	w, d := p.w, p.d
	err := p.multiply(p.norm, output{&l.linears[arch.Query], w.q, 0},
		output{&l.linears[arch.Key], w.k, 0}, output{&l.linears[arch.Value], w.v, 0})
	if err != nil {
		return err
	}
	if err := p.normaliseHeads(&l.norms[arch.KeyNorm], w.k, p.keyHeads); err != nil {
		return err
	}
	if err := p.normaliseHeads(&l.norms[arch.QueryNorm], w.q, p.queryHeads); err != nil {
		return err
	}
	return p.k.Rope(p.stream, w.q, w.k, w.v, p.angles, p.rows, d.heads, d.rotary, p.places, p.cache)
}

// projectKeys does what project does for keys and values only.
func (p *pass) projectKeys(l *layer) error {
	w := p.w
	if err := p.multiply(p.norm, output{&l.linears[arch.Key], w.k, 0}, output{&l.linears[arch.Value], w.v, 0}); err != nil {
		return err
	}
	if err := p.normaliseHeads(&l.norms[arch.KeyNorm], w.k, p.keyHeads); err != nil {
		return err
	}
	return p.k.Rope(p.stream, 0, w.k, w.v, p.angles, p.rows, 0, p.d.rotary, p.places, p.cache)
}

// projectQueries does what project does for queries only.
func (p *pass) projectQueries(l *layer) error {
	w, d := p.w, p.d
	if err := p.multiply(p.norm, output{&l.linears[arch.Query], w.q, 0}); err != nil {
		return err
	}
	if err := p.normaliseHeads(&l.norms[arch.QueryNorm], w.q, p.queryHeads); err != nil {
		return err
	}
	queries := p.cache
	queries.Shape.Heads = 0 // no keys
	return p.k.Rope(p.stream, w.q, 0, 0, p.angles, p.rows, d.heads, d.rotary, p.places, queries)
}

// finish computes everything of a layer that comes after the projections.
func (p *pass) finish(l *layer, next *norm) error {
	w := p.w
	if err := p.attend(); err != nil {
		return err
	}
	if err := p.multiply(w.heads, output{&l.linears[arch.Output], w.y, p.x}); err != nil {
		return err
	}
	if err := p.normalise(&l.norms[arch.PostAttentionNorm]); err != nil {
		return err
	}
	if err := p.multiply(p.norm, output{&l.linears[arch.Gate], w.gate, 0}, output{&l.linears[arch.Up], w.up, 0}); err != nil {
		return err
	}
	if err := p.k.SiLUMul(p.stream, w.inner, w.gate, w.up, p.rows, p.d.intermediate); err != nil {
		return err
	}
	if err := p.multiply(w.inner, output{&l.linears[arch.Down], w.y, p.x}); err != nil {
		return err
	}
	return p.normalise(next)
}
