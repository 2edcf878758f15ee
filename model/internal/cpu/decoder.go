package cpu

import "context"

// decoder is the whole model (transformers' LlamaForCausalLM).
type decoder struct {
	embed  embedding
	norms  []norm // the input norm of each layer, then the norm before the head
	layers []layer
	head   linear
	// classifiers[0] is the classifier of the base, classifiers[1+a] that of adapter a. An
	// entry is nil where there is none.
	classifiers []*linear
	width       int // of the residual stream

	normalise stage // the input norm of the first layer
	finish    stage // the bias of the head
}

// bind makes the stages. All other parts must be in place.
func (d *decoder) bind() {
	d.normalise = d.norms[0].rows
	d.finish = func(s *step, lo, hi int) { d.head.finish(s, s.logits, lo, hi) }
	for i := range d.layers {
		d.layers[i].next = &d.norms[i+1]
		d.layers[i].bind()
	}
}

// forward computes a step that lay has begun.
func (d *decoder) forward(ctx context.Context, s *step) error {
	width := d.width
	s.x, s.norm, s.y = grow(s.x, s.rows*width), grow(s.norm, s.rows*width), grow(s.y, s.rows*width)
	if err := d.embed.forward(s, s.x); err != nil {
		return err
	}
	s.each(d.normalise, width)
	for i := range d.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		d.layers[i].forward(s, i == len(d.layers)-1)
	}
	return d.outcomes(ctx, s)
}

// headRows is the most rows of logits that are in memory at a time.
const headRows = 64

// outcomes fills in what is asked at each row. Only rows at which something is asked
// are left.
func (d *decoder) outcomes(ctx context.Context, s *step) error {
	s.asked = s.asked[:0]
	for _, p := range s.spans {
		s.asked = append(s.asked, p.ask...)
	}
	groups, norm := s.groups, s.norm
	defer func() { s.groups = groups }() // so that the next step doesn't lay its groups out in headGroups
	d.classify(s)
	groups = s.writing(d.width)
	if len(s.asked) == 0 {
		return nil
	}
	width, vocab := d.head.in(), d.head.out()
	for first := 0; first < len(s.asked); first += headRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.rows = min(headRows, len(s.asked)-first)
		s.groups = window(s.headGroups[:0], groups, first, s.rows)
		s.headGroups = s.groups
		s.logits = grow(s.logits, s.rows*vocab)
		x := norm[first*width:][:s.rows*width]
		s.input.Reset(x, s.rows, width)
		s.multiply(x, output{&d.head, s.logits})
		s.each(d.finish, vocab)
		s.answer = s.asked[first:][:s.rows]
		s.pool.Run(s.rows, 1, s.choose)
	}
	clear(s.asked)
	return nil
}

// window appends to dst the parts of groups that lie in the n rows from first on.
// Their rows are counted from first.
func window(dst, groups []group, first, n int) []group {
	for _, g := range groups {
		lo, hi := max(g.first, first), min(g.first+g.n, first+n)
		if lo < hi {
			dst = append(dst, group{g.adapter, lo - first, hi - lo})
		}
	}
	return dst
}
