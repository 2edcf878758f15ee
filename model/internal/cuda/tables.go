package cuda

import (
	"unsafe"

	"github.com/medner/medner/internal/choice"
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/model/internal/backend"
)

// tables is what differs from step to step, written into pinned memory and
// copied to the device at once: at fixed offsets what kernels are pointed to,
// then what that points to.
type tables struct {
	host   []byte
	device driver.Ptr
	limits limits
	at     struct {
		counts, ids                int
		positions, slots, adapters int // of rows
		from, askedPositions       int // of asked rows
		askedSlots, askedAdapters  int
		queryAdapters, keyAdapters int // of heads
		askedQueryAdapters         int
		rules, pages, end          int
	}
	queryHeads, keyHeads int // of a row
	used                 int // of host
}

// limits are the sizes that tables and workspace have room for.
type limits struct {
	rows   int // of a step
	asked  int // rows that an outcome is asked of
	slots  int // sequences
	stride int // pages of a sequence
	own    int // token vectors from the host
	heads  int // heads of all rows, where an adapter changes the norms of heads
	extra  int // bytes of masks and lists
	probes int // ids whose probability is asked, a row
	keys   int // positions that attention sees
	logits int // rows of logits copied to the host at a time
}

// grow raises the limits to what is needed, and says whether that changed any.
// A limit grows by half at least, so that it seldom does.
func (l *limits) grow(need limits) (grown bool) {
	for _, p := range []struct {
		has  *int
		need int
	}{
		{&l.rows, need.rows}, {&l.asked, need.asked}, {&l.slots, need.slots}, {&l.stride, need.stride}, {&l.own, need.own}, {&l.heads, need.heads},
		{&l.extra, need.extra}, {&l.probes, need.probes}, {&l.keys, need.keys}, {&l.logits, need.logits},
	} {
		if p.need > *p.has {
			*p.has, grown = roundUp(max(p.need, *p.has+*p.has/2), 16), true
		}
	}
	return grown
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// Counts in device memory: rows, asked rows, the heads of both, then the asked
// rows of each window of logits, in steps that a graph may be made of.
const (
	rowCount = iota
	askedCount
	queryHeadCount
	keyHeadCount
	askedHeadCount
	windowCount
	allCounts = windowCount + maxGraphRows/headRows
)

// lay decides the offsets.
func (t *tables) lay(l limits) {
	t.limits = l
	end := 0
	place := func(bytes int) int {
		at := end
		end = roundUp(end+bytes, 256)
		return at
	}
	a := &t.at
	a.counts = place(4 * allCounts)
	a.ids, a.positions, a.slots, a.adapters = place(4*l.rows), place(4*l.rows), place(4*l.rows), place(4*l.rows)
	a.from, a.askedPositions, a.askedSlots, a.askedAdapters = place(4*l.asked), place(4*l.asked), place(4*l.asked), place(4*l.asked)
	a.queryAdapters, a.keyAdapters, a.askedQueryAdapters = place(4*l.heads), place(4*l.heads), place(4*l.heads)
	a.rules = place(gpukernels.RuleBytes * l.asked)
	a.pages = place(8 * l.slots * l.stride)
	a.end = end
}

// bytes is the size of the tables.
func (t *tables) bytes() int { return t.at.end + t.limits.extra }

// ints are n numbers at an offset.
func (t *tables) ints(at, n int) []int32 { return viewOf[int32](t.host[at:], n) }

// ptr is the address of an offset on the device.
func (t *tables) ptr(at int) driver.Ptr { return t.device + driver.Ptr(at) }

// extraBytes is the room that the bitmaps and lists of rules take at most.
func extraBytes(asked []backend.Row) int {
	n := 0
	for _, r := range asked {
		if c := r.Rule; c != nil && !drawn(r) {
			n += 8*(len(c.Penalised)+len(c.Allowed)) + 4*(len(c.Drafted)+len(c.Probes)) + 4*16
		}
	}
	return n
}

// list names a list that was copied: rules of one sequence share some.
type list struct {
	data   *byte
	length int
}

// put copies a list behind the tables, unless it is there, and returns its
// address; 0 of an empty one.
func put[T number](t *tables, shared map[list]driver.Ptr, x []T) driver.Ptr {
	data := bytesOf(x)
	if len(data) == 0 {
		return 0
	}
	key := list{unsafe.SliceData(data), len(data)}
	if p, ok := shared[key]; ok {
		return p
	}
	p := t.ptr(t.used)
	copy(t.host[t.used:], data)
	t.used = roundUp(t.used+len(data), 16)
	shared[key] = p
	return p
}

// write fills in all tables of a step.
func (t *tables) write(s *step) {
	n, asked := s.rows, len(s.asked)
	counts := t.ints(t.at.counts, allCounts)
	counts[rowCount], counts[askedCount] = int32(n), int32(asked)
	counts[queryHeadCount], counts[keyHeadCount] = int32(n*t.queryHeads), int32(n*t.keyHeads)
	counts[askedHeadCount] = int32(asked * t.queryHeads)
	for i := windowCount; i < allCounts; i++ {
		counts[i] = int32(min(headRows, max(0, asked-(i-windowCount)*headRows)))
	}
	ids, positions := t.ints(t.at.ids, n), t.ints(t.at.positions, n)
	slots, adapters := t.ints(t.at.slots, n), t.ints(t.at.adapters, n)
	from, askedPositions := t.ints(t.at.from, asked), t.ints(t.at.askedPositions, asked)
	askedSlots, askedAdapters := t.ints(t.at.askedSlots, asked), t.ints(t.at.askedAdapters, asked)
	pages := viewOf[uint64](t.host[t.at.pages:], len(s.spans)*t.limits.stride)
	row, want := 0, 0
	for slot, p := range s.spans {
		for i, id := range p.tokens {
			ids[row+i], positions[row+i], slots[row+i], adapters[row+i] = id, int32(p.pos+i), int32(slot), int32(p.adapter)
		}
		row += len(p.tokens)
		first := row - len(p.ask)
		for i := range p.ask {
			from[want], askedPositions[want] = int32(first+i), positions[first+i]
			askedSlots[want], askedAdapters[want] = int32(slot), int32(p.adapter)
			want++
		}
		for i := range p.cache.Pages() {
			pages[slot*t.limits.stride+i] = uint64(p.cache.At(i))
		}
	}
	if s.heads {
		repeat(t.ints(t.at.queryAdapters, n*t.queryHeads), adapters)
		repeat(t.ints(t.at.keyAdapters, n*t.keyHeads), adapters)
		repeat(t.ints(t.at.askedQueryAdapters, asked*t.queryHeads), askedAdapters)
	}
	t.used = t.at.end
	shared := map[list]driver.Ptr{}
	for i, r := range s.asked {
		rule := r.Rule
		if rule == nil || drawn(r) {
			rule = &unasked
		}
		gpukernels.PutRule(t.host[t.at.rules+i*gpukernels.RuleBytes:], i%headRows, rule, gpukernels.Lists{
			Penalised: put(t, shared, rule.Penalised), Allowed: put(t, shared, rule.Allowed),
			Drafted: put(t, shared, rule.Drafted), Probes: put(t, shared, rule.Probes),
		})
	}
}

// unasked is the rule of rows at which the device need not choose: the kernels
// choose at all rows of a step.
var unasked choice.Rule

// repeat fills dst with the numbers of x, each equally often in turn.
func repeat(dst, x []int32) {
	for i := range dst {
		dst[i] = x[i*len(x)/len(dst)]
	}
}
