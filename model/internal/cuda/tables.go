package cuda

import (
	"unsafe"

	"github.com/medner/medner/internal/choice"
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/model/internal/backend"
)

// tables has everything that differs from step to step. It is written into pinned
// memory and copied to the device at once: first the tables, at offsets that
// captured launches know, then the bitmaps and lists that rules point to.
type tables struct {
	host   []byte
	device driver.Ptr
	limits limits
	at     struct { // offsets in bytes
		counts, ids                int
		positions, slots, adapters int // of rows
		from, askedPositions       int // of asked rows
		askedSlots, askedAdapters  int
		queryAdapters, keyAdapters int // of heads
		askedQueryAdapters         int
		rules, pages, end          int
	}
	queryHeads, keyHeads int // heads of a row
	used                 int // bytes of host that are written
}

// limits are the sizes that tables and workspace have room for.
type limits struct {
	rows   int // of a step
	asked  int // rows at which the step asks for something
	slots  int // sequences of a step
	stride int // pages of a sequence
	own    int // rows whose token vectors come from the host
	heads  int // heads of all rows, where an adapter changes the norms of heads
	extra  int // bytes of bitmaps and lists
	probes int // ids whose log-probability is asked at a row
	keys   int // positions that attention sees
	logits int // rows of logits that are copied to the host
	labels int // scored at an asked row
}

// grow raises the limits to those of need, and says whether any was too low. Such a
// limit grows by half at least, so that limits seldom grow.
func (l *limits) grow(need limits) (grown bool) {
	for _, p := range []struct {
		has  *int
		need int
	}{
		{&l.rows, need.rows}, {&l.asked, need.asked}, {&l.slots, need.slots}, {&l.stride, need.stride}, {&l.own, need.own}, {&l.heads, need.heads},
		{&l.extra, need.extra}, {&l.probes, need.probes}, {&l.keys, need.keys}, {&l.logits, need.logits}, {&l.labels, need.labels},
	} {
		if p.need > *p.has {
			*p.has, grown = roundUp(max(p.need, *p.has+*p.has/2), 16), true
		}
	}
	return grown
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// The counts in device memory: rows, asked rows, the heads of both, and the asked rows
// of each window of logits, of which a step that is captured has few.
const (
	rowCount = iota
	askedCount
	queryHeadCount
	keyHeadCount
	askedHeadCount
	windowCount
	allCounts = windowCount + maxGraphRows/headRows
)

// lay places the tables for steps within the limits l.
func (t *tables) lay(l limits) {
	t.limits = l
	end := 0
	place := func(bytes int, tables ...*int) {
		for _, at := range tables {
			*at = end
			end = roundUp(end+bytes, 256)
		}
	}
	a := &t.at
	place(4*allCounts, &a.counts)
	place(4*l.rows, &a.ids, &a.positions, &a.slots, &a.adapters)
	place(4*l.asked, &a.from, &a.askedPositions, &a.askedSlots, &a.askedAdapters)
	place(4*l.heads, &a.queryAdapters, &a.keyAdapters, &a.askedQueryAdapters)
	place(gpukernels.RuleBytes*l.asked, &a.rules)
	place(8*l.slots*l.stride, &a.pages)
	a.end = end
}

// bytes returns the bytes of the tables, bitmaps and lists.
func (t *tables) bytes() int { return t.at.end + t.limits.extra }

// ints returns the n numbers at an offset.
func (t *tables) ints(at, n int) []int32 { return viewOf[int32](t.host[at:], n) }

// ptr returns the address of an offset in device memory.
func (t *tables) ptr(at int) driver.Ptr { return t.device + driver.Ptr(at) }

// extraBytes returns the bytes that the bitmaps and lists of rules take at most.
func extraBytes(asked []backend.Row) int {
	n := 0
	for _, r := range asked {
		if c := r.Rule; c != nil && !drawn(r) {
			n += 8*(len(c.Penalised)+len(c.Allowed)) + 4*(len(c.Drafted)+len(c.Probes)) + 4*16
		}
	}
	return n
}

// list identifies a list that was copied: the rules of one sequence share lists.
type list struct {
	data   *byte
	length int
}

// put copies a list behind the tables, unless it is there already, and returns its
// address in device memory, 0 for an empty list.
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

// write fills in everything of a step.
func (t *tables) write(s *step) {
	t.writeCounts(s)
	t.writeRows(s)
	t.writeRules(s)
}

func (t *tables) writeCounts(s *step) {
	rows, asked := s.rows, len(s.asked)
	counts := t.ints(t.at.counts, allCounts)
	counts[rowCount], counts[askedCount] = int32(rows), int32(asked)
	counts[queryHeadCount], counts[keyHeadCount] = int32(rows*t.queryHeads), int32(rows*t.keyHeads)
	counts[askedHeadCount] = int32(asked * t.queryHeads)
	for i := windowCount; i < allCounts; i++ {
		counts[i] = int32(min(headRows, max(0, asked-(i-windowCount)*headRows)))
	}
}

// writeRows fills in the tables of rows and of asked rows, and the addresses of pages.
func (t *tables) writeRows(s *step) {
	rows, asked := s.rows, len(s.asked)
	ids, positions := t.ints(t.at.ids, rows), t.ints(t.at.positions, rows)
	slots, adapters := t.ints(t.at.slots, rows), t.ints(t.at.adapters, rows)
	from, askedPositions := t.ints(t.at.from, asked), t.ints(t.at.askedPositions, asked)
	askedSlots, askedAdapters := t.ints(t.at.askedSlots, asked), t.ints(t.at.askedAdapters, asked)
	pages := viewOf[uint64](t.host[t.at.pages:], len(s.spans)*t.limits.stride)
	row, askedRow := 0, 0
	for slot, p := range s.spans {
		for i, id := range p.tokens {
			ids[row+i], positions[row+i] = id, int32(p.pos+i)
			slots[row+i], adapters[row+i] = int32(slot), int32(p.adapter)
		}
		row += len(p.tokens)
		for i := row - len(p.ask); i < row; i++ {
			from[askedRow], askedPositions[askedRow] = int32(i), positions[i]
			askedSlots[askedRow], askedAdapters[askedRow] = int32(slot), int32(p.adapter)
			askedRow++
		}
		for i := range p.cache.Pages() {
			pages[slot*t.limits.stride+i] = uint64(p.cache.At(i))
		}
	}
	if s.heads {
		repeat(t.ints(t.at.queryAdapters, rows*t.queryHeads), adapters)
		repeat(t.ints(t.at.keyAdapters, rows*t.keyHeads), adapters)
		repeat(t.ints(t.at.askedQueryAdapters, asked*t.queryHeads), askedAdapters)
	}
}

// writeRules fills in the rules of asked rows, and the bitmaps and lists of rules.
func (t *tables) writeRules(s *step) {
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

// unasked is the rule of rows at which no choice is asked of the device: its kernels
// choose at all asked rows.
var unasked choice.Rule

// repeat fills dst with the numbers of x, each of them len(dst)/len(x) times in turn.
func repeat(dst, x []int32) {
	for i := range dst {
		dst[i] = x[i*len(x)/len(dst)]
	}
}
