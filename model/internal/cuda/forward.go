package cuda

import (
	"context"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
)

// pass queues the launches of a step. Its fields hold what the launches are pointed
// to: at first all rows, after the last layer's keys and values are stored only the
// asked rows, those at which the step asks for something.
type pass struct {
	d       *decoder
	k       *gpukernels.Kernels
	w       *workspace
	stream  driver.Stream
	cache   gpukernels.Cache
	layerKV int // bytes that a layer takes of a page

	shape    shape
	groups   []int // adapters that rows of the step are under
	rows     gpukernels.Rows
	places   gpukernels.Places
	adapters driver.Ptr // the adapter of each row; 0: all rows are under the base
	x, norm  driver.Ptr
	angles   driver.Ptr

	queryHeads, keyHeads heads
	// window is called once the logits of n asked rows from first on are queued. nil:
	// nobody waits for them.
	window func(first, n int) error
	// scores queues the scores of the rows that want them, and writes reports whether
	// any of n asked rows from first on wants logits or a choice. Both are nil where no
	// row wants scores: then all want logits or a choice.
	scores func() error
	writes func(first, n int) bool
}

// count returns a number of rows: most, or the count number which in device memory,
// which is not above most, if the step's shape has its counts there.
func (p *pass) count(most, which int) gpukernels.Rows {
	r := gpukernels.Rows{Most: most}
	if p.shape.counted {
		r.Count = p.w.tables.ptr(p.w.tables.at.counts + 4*which)
	}
	return r
}

// heads are the heads of the queries, or of the keys, of all rows.
type heads struct {
	rows     gpukernels.Rows // their number
	adapters driver.Ptr      // the adapter of each; filled in only if an adapter of the step changes norms of heads
}

// heads returns n heads at most, whose number is the count which. at is the offset of
// their adapters in the tables.
func (p *pass) heads(n, which, at int) heads {
	return heads{p.count(n, which), p.w.tables.ptr(at)}
}

// begin points the launches to all rows.
func (p *pass) begin() {
	t := &p.w.tables
	p.rows = p.count(p.shape.rows, rowCount)
	p.places = gpukernels.Places{Positions: t.ptr(t.at.positions), Slots: t.ptr(t.at.slots)}
	if p.adapters = 0; len(p.groups) > 0 {
		p.adapters = t.ptr(t.at.adapters)
	}
	p.x, p.norm, p.angles = p.w.x, p.w.norm, p.w.angles
	p.queryHeads = p.heads(p.shape.rows*p.d.heads, queryHeadCount, t.at.queryAdapters)
	p.keyHeads = p.heads(p.shape.rows*p.d.kvHeads, keyHeadCount, t.at.keyAdapters)
	p.cache.Tables, p.cache.Stride = t.ptr(t.at.pages), t.limits.stride
}

// narrow gathers the asked rows and points the launches to them. Once the last
// layer's keys and values are stored, nothing depends on the other rows.
func (p *pass) narrow() error {
	t, input := &p.w.tables, p.k.Precision().InputBytes()
	from := t.ptr(t.at.from)
	p.rows = p.count(p.shape.asked, askedCount)
	p.places = gpukernels.Places{Positions: t.ptr(t.at.askedPositions), Slots: t.ptr(t.at.askedSlots)}
	if p.adapters != 0 {
		p.adapters = t.ptr(t.at.askedAdapters)
	}
	if err := p.k.Gather(p.stream, p.w.askedX, p.x, from, p.rows, 4*p.d.hidden); err != nil {
		return err
	}
	if err := p.k.Gather(p.stream, p.w.askedNorm, p.norm, from, p.rows, input*p.d.hidden); err != nil {
		return err
	}
	p.x, p.norm, p.angles = p.w.askedX, p.w.askedNorm, p.w.askedAngles
	p.queryHeads = p.heads(p.shape.asked*p.d.heads, askedHeadCount, t.at.askedQueryAdapters)
	return p.k.Angles(p.stream, p.angles, p.d.invFreq, p.rows, p.d.rotary, p.places)
}

// forward queues all launches of the step.
func (p *pass) forward(ctx context.Context) error {
	p.begin()
	t := &p.w.tables
	if !p.shape.own {
		if err := p.k.Embed(p.stream, p.x, t.ptr(t.at.ids), p.rows, p.d.embed, gpukernels.Under{}); err != nil {
			return err
		}
	}
	if err := p.k.Angles(p.stream, p.angles, p.d.invFreq, p.rows, p.d.rotary, p.places); err != nil {
		return err
	}
	if err := p.normalise(&p.d.norms[0]); err != nil {
		return err
	}
	for i := range p.d.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.cache.Layer, p.cache.Window = uint64(i*p.layerKV), p.d.layers[i].window
		last := i == len(p.d.layers)-1
		if err := p.layer(&p.d.layers[i], &p.d.norms[i+1], last && p.shape.narrow); err != nil {
			return err
		}
	}
	return p.outcomes(ctx)
}

// normalise sets p.norm to the RMSNorm of p.x.
func (p *pass) normalise(n *norm) error {
	g := gpukernels.Gains{Base: n.base}
	if under(n.adapted, p.groups) {
		g.Own, g.Adapters = n.own, p.adapters
	}
	return p.k.RMSNorm(p.stream, p.norm, p.x, p.rows, p.d.hidden, p.d.eps, g)
}

// normaliseHeads replaces each of the heads h in x by its RMSNorm. It does nothing in
// families without norms of heads.
func (p *pass) normaliseHeads(n *norm, x driver.Ptr, h heads) error {
	if n.base == 0 {
		return nil
	}
	g := gpukernels.Gains{Base: n.base}
	if under(n.adapted, p.groups) {
		g.Own, g.Adapters = n.own, h.adapters
	}
	return p.k.NormHeads(p.stream, x, h.rows, p.d.headDim, p.d.eps, g)
}

// attend sets w.heads to the attention of the queries w.q. It takes some rows at a time
// if the scratch memory isn't enough for all.
func (p *pass) attend() error {
	d, w := p.d, p.w
	n := p.rows.Most
	for n > 4 && p.k.AttentionBytes(gpukernels.Rows{Most: n}, d.heads, d.headDim, p.shape.keys) > w.scoresBytes {
		n = roundUp(n/2, 4)
	}
	if n < p.rows.Most && p.k.AttentionBytes(gpukernels.Rows{Most: n}, d.heads, d.headDim, p.shape.keys) > w.scoresBytes {
		n = 1
	}
	width := d.heads * d.headDim
	for first := 0; first < p.rows.Most; first += n {
		rows, places := p.rows, p.places
		if n < p.rows.Most {
			rows = gpukernels.Rows{Most: min(n, p.rows.Most-first)}
			places.Positions += driver.Ptr(4 * first)
			places.Slots += driver.Ptr(4 * first)
		}
		out := w.heads + driver.Ptr(first*width*p.k.Precision().InputBytes())
		q := w.q + driver.Ptr(4*first*width)
		if err := p.k.Attention(p.stream, out, q, w.scores, rows, d.heads, p.shape.keys, places, p.cache); err != nil {
			return err
		}
	}
	return nil
}

// output is a linear map and where it writes. If residual is 0 it sets y,
// [rows][outputs]. If not, it adds its outputs to residual, and may use y in between.
type output struct {
	*linear
	y, residual driver.Ptr
}

// multiply applies linear maps to the rows of x, [rows][inputs]. One pass over the
// weights serves all rows. Then come, for the rows under adapters that change a map,
// the adapters' weights, low-rank paths and biases.
func (p *pass) multiply(x driver.Ptr, maps ...output) error {
	var products []gpukernels.Product
	var paths []driver.Ptr // the tables of maps with low-rank paths in the step
	for _, m := range maps {
		switch {
		case under(m.adapted, p.groups):
			products = append(products, gpukernels.Product{W: m.weights, Y: m.y})
			if under(m.lowRank, p.groups) {
				paths = append(paths, m.table)
			}
		case m.residual != 0:
			products = append(products, gpukernels.Product{W: m.weights, Y: m.residual, Bias: m.bias, Residual: m.residual})
		default:
			products = append(products, gpukernels.Product{W: m.weights, Y: m.y, Bias: m.bias})
		}
	}
	if err := p.k.MatMul(p.stream, x, p.rows, gpukernels.Under{}, products...); err != nil {
		return err
	}
	for _, a := range p.groups {
		products = products[:0]
		for _, m := range maps {
			if a < len(m.replaced) && m.replaced[a] != nil {
				products = append(products, gpukernels.Product{W: m.replaced[a], Y: m.y})
			}
		}
		if err := p.k.MatMul(p.stream, x, p.rows, gpukernels.Under{Adapters: p.adapters, Adapter: a}, products...); err != nil {
			return err
		}
	}
	if len(paths) > 0 {
		if err := p.k.LowRankDown(p.stream, p.w.lowRank, x, p.adapters, p.rows, maps[0].weights.Cols, p.d.rank, paths...); err != nil {
			return err
		}
	}
	which := 0
	for _, m := range maps {
		if !under(m.adapted, p.groups) {
			continue
		}
		out, hidden := m.y, driver.Ptr(0)
		if m.residual != 0 {
			out = m.residual
		}
		if under(m.lowRank, p.groups) {
			hidden = gpukernels.LowRankHidden(p.w.lowRank, p.rows, p.d.rank, which)
			which++
		}
		if err := p.k.LowRankUp(p.stream, out, hidden, m.table, p.adapters, p.rows, m.weights.Rows, p.d.rank,
			gpukernels.Product{Y: m.y, Bias: m.bias, Residual: m.residual}); err != nil {
			return err
		}
	}
	return nil
}

// outcomes queues the logits of the asked rows and the choices from them, headRows rows
// at a time.
func (p *pass) outcomes(ctx context.Context) error {
	w, d, t := p.w, p.d, &p.w.tables
	norm, adapters := p.norm, p.adapters
	if p.scores != nil {
		if err := p.scores(); err != nil {
			return err
		}
	}
	for first := 0; first < p.shape.asked; first += headRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.writes != nil && !p.writes(first, min(headRows, p.shape.asked-first)) {
			continue
		}
		p.rows = p.count(min(headRows, p.shape.asked-first), windowCount+first/headRows)
		p.adapters = adapters
		if adapters != 0 {
			p.adapters += driver.Ptr(4 * first)
		}
		x := norm + driver.Ptr(first*d.hidden*p.k.Precision().InputBytes())
		if err := p.multiply(x, output{&d.head, w.logits, 0}); err != nil {
			return err
		}
		if p.shape.choose {
			err := p.k.Select(p.stream, w.choices+driver.Ptr(first*gpukernels.ChoiceBytes), w.probes+driver.Ptr(4*first*p.shape.probes),
				t.ptr(t.at.rules+first*gpukernels.RuleBytes), w.logits, w.found, p.rows, p.shape.probes, d.vocab)
			if err != nil {
				return err
			}
		}
		if p.window != nil {
			if err := p.window(first, p.rows.Most); err != nil {
				return err
			}
		}
	}
	return nil
}
