package cuda

import (
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
)

// workspace is the memory that steps compute in. Graphs hold its addresses, which stay
// the same until a step needs more room.
type workspace struct {
	arena
	tables tables

	x, norm, y        driver.Ptr // [rows][hidden]: residual stream, its norm, a product to which LowRankUp adds
	q, k, v, heads    driver.Ptr // [rows][heads·headDim]
	gate, up, inner   driver.Ptr // [rows][intermediate]
	angles            driver.Ptr // [rows][2·rotary]
	lowRank           driver.Ptr // [3][rows][rank]
	scores            driver.Ptr // scratch memory of attention
	scoresBytes       uint64
	askedX, askedNorm driver.Ptr // [asked][hidden]: the asked rows of x and norm
	askedAngles       driver.Ptr // [asked][2·rotary]
	logits            driver.Ptr // [headRows][vocab]
	found             driver.Ptr // of selection
	labelScores       driver.Ptr // [asked][labels]
	choices, probes   driver.Ptr // [asked]
	choicesHost       []byte
	probesHost        []byte
	vectorsHost       []byte // [own][hidden]
	logitsHost        []byte // [logits][vocab]
	labelScoresHost   []byte // [asked][labels]
}

// maxScores bounds the bytes of attention's scratch memory. Rows that need more take
// turns.
const maxScores = 256 << 20

// build allocates everything for steps within the limits. After an error, free frees
// what was allocated.
func (w *workspace) build(d *decoder, k *gpukernels.Kernels, l limits) (err error) {
	w.tables.lay(l)
	w.tables.queryHeads, w.tables.keyHeads = d.heads, d.kvHeads
	device := func(p *driver.Ptr, bytes int) {
		if err == nil {
			*p, err = w.alloc(bytes)
		}
	}
	host := func(p *[]byte, bytes int) {
		if *p = nil; err == nil && bytes > 0 {
			*p, err = w.pin(bytes)
		}
	}
	input := k.Precision().InputBytes()
	query, key := d.heads*d.headDim, d.kvHeads*d.headDim
	host(&w.tables.host, w.tables.bytes())
	device(&w.tables.device, w.tables.bytes())
	device(&w.x, 4*l.rows*d.hidden)
	device(&w.norm, input*l.rows*d.hidden)
	device(&w.y, 4*l.rows*d.hidden)
	device(&w.q, 4*l.rows*query)
	device(&w.k, 4*l.rows*key)
	device(&w.v, 4*l.rows*key)
	device(&w.heads, input*l.rows*query)
	device(&w.gate, 4*l.rows*d.intermediate)
	device(&w.up, 4*l.rows*d.intermediate)
	device(&w.inner, input*l.rows*d.intermediate)
	device(&w.angles, 4*l.rows*2*d.rotary)
	device(&w.lowRank, 4*3*l.rows*d.rank)
	one := k.AttentionBytes(gpukernels.Rows{Most: 1}, d.heads, d.headDim, l.keys)
	w.scoresBytes = max(one, min(k.AttentionBytes(gpukernels.Rows{Most: l.rows}, d.heads, d.headDim, l.keys), maxScores))
	device(&w.scores, int(w.scoresBytes))
	device(&w.askedX, 4*l.asked*d.hidden)
	device(&w.askedNorm, input*l.asked*d.hidden)
	device(&w.askedAngles, 4*l.asked*2*d.rotary)
	device(&w.logits, 4*min(headRows, l.asked)*d.vocab)
	device(&w.found, int(k.SelectBytes(gpukernels.Rows{Most: min(headRows, max(1, l.asked))}, d.vocab)))
	device(&w.choices, gpukernels.ChoiceBytes*l.asked)
	device(&w.probes, 4*l.asked*l.probes)
	host(&w.choicesHost, gpukernels.ChoiceBytes*l.asked)
	host(&w.probesHost, 4*l.asked*l.probes)
	host(&w.vectorsHost, 4*l.own*d.hidden)
	host(&w.logitsHost, 4*l.logits*d.vocab)
	device(&w.labelScores, 4*l.asked*l.labels)
	host(&w.labelScoresHost, 4*l.asked*l.labels)
	return err
}
