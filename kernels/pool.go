package kernels

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Pool is a fixed set of goroutines that share out rows. Its caller is one of
// them: NewPool(1) starts none.
//
// Between two calls of Run the workers wait awake for a moment, as the next
// matrix usually follows within microseconds, and then sleep, so that an idle
// pool, or two busy ones on the same cores, take nothing from each other.
type Pool struct {
	threads int
	serial  sync.Mutex // one Run at a time

	// The work of the Run that goes on. Storing state makes it known to workers.
	fn    func(lo, hi int)
	n     int64        // rows
	grain int64        // pieces are multiples of it, but for the last
	parts int64        // a piece is this part of the rows left, see sharing
	next  atomic.Int64 // the first row not taken yet

	state  atomic.Uint64 // epoch<<epochShift | open | workers inside
	closed atomic.Bool
	fault  atomic.Pointer[fault]

	done    sleeper // the caller, waiting for the workers inside
	workers []*sleeper
	exited  sync.WaitGroup
}

// The parts of Pool.state. A worker may enter an epoch while it is open, and
// Run ends when it is not and nobody is inside: nobody waits for a worker
// that wakes too late to be of use.
const (
	epochShift = 32
	open       = 1 << 31
	inside     = open - 1
)

// fault is a panic in a share of work, carried to the caller of Run.
type fault struct{ value any }

// sleeper is one goroutine that waits for a condition.
type sleeper struct {
	spin   time.Duration // how long it stays awake
	asleep atomic.Bool
	wake   chan struct{}
}

// spinTime is how long a waiting goroutine stays awake. It covers the gaps
// within a decoding step; a sleeper takes 5 to 50 µs to wake.
const spinTime = 60 * time.Microsecond

// A sharing sets the size of a piece: of the rows that are left, a thread takes
// 1/(sharing·threads). Of 600 rows on 2 threads, in multiples of 1:
//
//	          left    600  500  417  …  6
//	even      taken   100   83   69  …  1
//	          left    600  300  150  …  2
//	coarse    taken   300  150   75  …  1
//
// Pieces become smaller towards the end, so that all threads end together, also
// one that the machine holds up (Polychronopoulos and Kuck, "Guided
// self-scheduling", 1987).
type sharing int64

const (
	even   sharing = 3
	coarse sharing = 1 // for short work, where beginning a piece costs as much as an uneven end
)

// NewPool starts a pool of the given number of threads; 0 stands for the
// physical cores that this process may use, by affinity and cgroup quota.
func NewPool(threads int) *Pool {
	if threads <= 0 {
		threads = DefaultThreads()
	}
	spin := spinTime
	if threads > runtime.GOMAXPROCS(0) {
		spin = 0
	}
	p := &Pool{threads: threads, done: sleeper{spin: spin, wake: make(chan struct{}, 1)}}
	for range threads - 1 {
		p.workers = append(p.workers, &sleeper{spin: spin, wake: make(chan struct{}, 1)})
	}
	p.exited.Add(len(p.workers))
	for _, s := range p.workers {
		go p.work(s)
	}
	return p
}

// Threads is the number of goroutines that compute, the caller included.
func (p *Pool) Threads() int { return p.threads }

// Run calls fn on ranges [lo, hi) that together are [0, n), each beginning at
// a multiple of grain, on all threads, and returns when all are done. A panic
// in fn is raised again here. Concurrent calls take turns; fn must not call
// Run of the same pool.
func (p *Pool) Run(n, grain int, fn func(lo, hi int)) { p.run(n, grain, even, fn) }

// run is Run with pieces of a size of one's own.
func (p *Pool) run(n, grain int, by sharing, fn func(lo, hi int)) {
	if n <= 0 {
		return
	}
	if grain < 1 {
		panic(fmt.Sprintf("kernels: pool run with a grain of %d", grain))
	}
	p.serial.Lock()
	defer p.serial.Unlock()
	if p.closed.Load() {
		panic("kernels: pool run after close")
	}
	if p.threads == 1 || n <= grain {
		fn(0, n)
		return
	}
	p.fn, p.n, p.grain = fn, int64(n), int64(grain)
	p.parts = int64(by) * int64(p.threads)
	p.next.Store(0)
	p.state.Store((p.state.Load()>>epochShift+1)<<epochShift | open)
	for _, s := range p.workers {
		s.rouse()
	}
	p.share()
	p.state.And(^uint64(open))
	p.done.wait(func() bool { return p.state.Load()&inside == 0 })
	p.fn = nil
	if f := p.fault.Swap(nil); f != nil {
		panic(f.value)
	}
}

// Close ends the goroutines. Run must not be called afterwards.
func (p *Pool) Close() {
	p.serial.Lock()
	defer p.serial.Unlock()
	if p.closed.Swap(true) {
		return
	}
	for _, s := range p.workers {
		s.rouse()
	}
	p.exited.Wait()
}

// work is the life of a worker: each open epoch once.
func (p *Pool) work(s *sleeper) {
	defer p.exited.Done()
	last := uint64(0)
	for {
		s.wait(func() bool {
			state := p.state.Load()
			return state&open != 0 && state>>epochShift != last || p.closed.Load()
		})
		if p.closed.Load() {
			return
		}
		state := p.state.Load()
		if state&open == 0 || !p.state.CompareAndSwap(state, state+1) {
			continue
		}
		last = state >> epochShift
		p.share()
		if p.state.Add(^uint64(0))&(open|inside) == 0 {
			p.done.rouse()
		}
	}
}

// share takes pieces of the rows until none is left.
func (p *Pool) share() {
	defer func() {
		if r := recover(); r != nil {
			p.fault.Store(&fault{r})
			p.next.Store(p.n)
		}
	}()
	for {
		lo := p.next.Load()
		if lo >= p.n {
			return
		}
		grains := (p.n - lo) / p.grain / p.parts
		hi := lo + max(1, grains)*p.grain
		if p.next.CompareAndSwap(lo, hi) {
			p.fn(int(lo), int(min(hi, p.n)))
		}
	}
}

// wait returns once ready is true: it looks for a moment, then sleeps until
// roused.
func (s *sleeper) wait(ready func() bool) {
	for start := time.Now(); ; {
		for range 16 {
			if ready() {
				return
			}
			pause()
		}
		if time.Since(start) > s.spin {
			break
		}
	}
	for {
		s.asleep.Store(true)
		if ready() {
			// A rouser that saw asleep sends; one that did not, never will.
			if !s.asleep.Swap(false) {
				<-s.wake
			}
			return
		}
		<-s.wake
	}
}

// rouse wakes s if it sleeps. What it waits for must be true already.
func (s *sleeper) rouse() {
	if s.asleep.Swap(false) {
		s.wake <- struct{}{}
	}
}
