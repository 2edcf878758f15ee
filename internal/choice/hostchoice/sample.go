package hostchoice

import (
	"math"
	"math/bits"
	"slices"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/kernels"
)

// sampler draws an id from penalised logits, as transformers' warpers leave
// them, in this order:
//
//  1. The ids that are allowed are the candidates.
//  2. Temperature T: the weight of a candidate is e^((logit - greatest)/T), by
//     the kernels' exponential, in units of 2⁻⁴⁰, rounded down. What rounds to 0
//     is no candidate.
//  3. Top-k: candidates whose logit is below the k-th greatest are dropped.
//     Those equal to it stay, however many there are.
//  4. Top-p: in ascending order of logits, equal ones in ascending order of
//     ids, candidates are dropped as long as the sum of their weights is at most
//     (1-p) of the sum of all. The last one stays.
//  5. The candidates left, in ascending order of ids, share [0, 1) in
//     proportion to their weights; the one whose part has the number of the
//     token's seed and position is drawn.
//
// Weights are integers, so that sums are exact in any order.
type sampler struct {
	terms      []float32 // e^((logit - greatest)/T), by id
	candidates []candidate
	group      []candidate // scratch of threshold
}

type candidate struct {
	id     int32
	key    uint32 // keyOf(its logit)
	weight uint64
}

// unit is the weight of the likeliest candidate. A vocabulary of 2²³ of them
// sums to less than 2⁶⁴.
const unit = 1 << 40

// draw returns the id drawn under r from logits whose greatest allowed one is
// given. At least one is allowed.
func (s *sampler) draw(logits []float32, greatest float32, r *choice.Rule) int {
	s.keep(logits, greatest, r)
	hi, lo := bits.Mul64(uniform(r.Seed, r.Position), s.sum())
	target := hi<<(64-uniformBits) | lo>>uniformBits // below the sum
	at := 0
	for target >= s.candidates[at].weight {
		target -= s.candidates[at].weight
		at++
	}
	return int(s.candidates[at].id)
}

// keep leaves in s.candidates those that are drawn from.
func (s *sampler) keep(logits []float32, greatest float32, r *choice.Rule) {
	temperature := float32(min(max(r.Temperature, math.SmallestNonzeroFloat32), math.MaxFloat32))
	s.terms = slices.Grow(s.terms[:0], len(logits))[:len(logits)]
	kernels.SoftmaxWeights(s.terms, logits, greatest, temperature)
	s.candidates = s.candidates[:0]
	if r.Allowed == nil {
		for id, l := range logits {
			s.add(id, l)
		}
	}
	for i, word := range r.Allowed {
		for ; word != 0; word &= word - 1 {
			if id := 64*i + bits.TrailingZeros64(word); id < len(logits) {
				s.add(id, logits[id])
			}
		}
	}
	if r.TopK > 0 && r.TopK < len(s.candidates) {
		s.topK(r.TopK)
	}
	if r.TopP > 0 && r.TopP < 1 {
		s.topP(r.TopP)
	}
}

// add makes an id a candidate unless its weight is 0.
func (s *sampler) add(id int, logit float32) {
	if w := uint64(s.terms[id] * unit); w > 0 {
		s.candidates = append(s.candidates, candidate{int32(id), keyOf(logit), w})
	}
}

// sum adds the candidates' weights.
func (s *sampler) sum() (sum uint64) {
	for i := range s.candidates {
		sum += s.candidates[i].weight
	}
	return sum
}

// topK drops the candidates below the k-th greatest of more than k.
func (s *sampler) topK(k int) {
	least, _ := s.threshold(uint64(len(s.candidates)-k), func(*candidate) uint64 { return 1 })
	s.candidates = slices.DeleteFunc(s.candidates, func(c candidate) bool { return c.key < least })
}

// topP drops the least likely candidates, whose share is at most 1-p.
func (s *sampler) topP(p float64) {
	total := s.sum()
	drop := min(uint64((1-p)*float64(total)), total-1)
	least, dropped := s.threshold(drop, func(c *candidate) uint64 { return c.weight })
	s.candidates = slices.DeleteFunc(s.candidates, func(c candidate) bool {
		if c.key == least && dropped+c.weight <= drop {
			dropped += c.weight
			return true
		}
		return c.key < least
	})
}

// digits are the parts of a key, from the highest: 11, 11 and 10 bits.
var digits = [...]struct{ shift, bits int }{{21, 11}, {10, 11}, {0, 10}}

// threshold returns the greatest key such that the candidates with smaller keys
// weigh limit at most together, and what they weigh. All candidates together
// weigh more than limit. It finds the key's highest digit first, then the next
// one among the candidates that share it.
func (s *sampler) threshold(limit uint64, weight func(*candidate) uint64) (key uint32, below uint64) {
	s.group = append(s.group[:0], s.candidates...)
	for _, d := range digits {
		var sums [1 << 11]uint64
		digit := func(c *candidate) uint32 { return c.key >> d.shift & (1<<d.bits - 1) }
		for i := range s.group {
			sums[digit(&s.group[i])] += weight(&s.group[i])
		}
		found := uint32(0)
		for ; below+sums[found] <= limit; found++ {
			below += sums[found]
		}
		key |= found << d.shift
		s.group = slices.DeleteFunc(s.group, func(c candidate) bool { return digit(&c) != found })
	}
	return key, below
}

// keyOf maps finite numbers to integers in the same order; 0 and -0 are one.
func keyOf(x float32) uint32 {
	b := math.Float32bits(x + 0)
	if b>>31 == 1 {
		return ^b
	}
	return b | 1<<31
}

// uniformBits is how many bits a number of uniform has.
const uniformBits = 53

// uniform returns a number of uniformBits bits for the token at a position: the
// position-th of a SplitMix64 generator that starts at the mixed seed, cut to
// its highest bits. It depends on nothing else, so that no schedule can change
// what is drawn.
func uniform(seed uint64, position int) uint64 {
	const step = 0x9e3779b97f4a7c15
	return mix(mix(seed+step)+uint64(position)*step) >> (64 - uniformBits)
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
