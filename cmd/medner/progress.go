package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

// lineEvery is how often a run without a terminal says how far it is.
const lineEvery = time.Minute

// progress shows on a terminal how far a long run is and when it will end. On
// anything else it prints errors, and a line each minute.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil: w is no terminal, or the run has ended
	total int64                    // bytes of the input; -1: unknown
	bytes atomic.Int64             // bytes read of the input
	end   func()                   // ends the lines of each minute; nil: there are none
	begin time.Time                // of the run

	mu                sync.Mutex // for what follows, and w
	documents, failed int        // done, and of those failed
	// The time that is left is estimated from what was read since the first document
	// of this run was done, at the time since, when bytesThen bytes had been read:
	// documents that an earlier run has done are read much faster.
	since     time.Time
	bytesThen int64
}

func newProgress(w io.Writer, inputs []string) *progress {
	p := &progress{w: w, begin: time.Now()}
	if len(inputs) == 0 {
		p.total = -1
	}
	for _, path := range inputs {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			p.total = -1 // a spinner is shown in place of a bar
			break
		}
		p.total += info.Size()
	}
	if !isTerminal(w) {
		p.end = p.lines()
		return p
	}
	p.bar = progressbar.NewOptions64(p.total,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("reading"), progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return p
}

// lines prints a line each minute until the function that it returns is called.
func (p *progress) lines() (end func()) {
	ticker, ended, gone := time.NewTicker(lineEvery), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-ticker.C:
				p.print(fmt.Sprintf("medner: %s after %s", p.status(), time.Since(p.begin).Round(time.Second)))
			case <-ended:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		ticker.Stop()
		close(ended)
		<-gone
	})
}

// status says how far the run is.
func (p *progress) status() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []string
	if p.documents > 0 {
		parts = append(parts, fmt.Sprintf("%d documents", p.documents))
	}
	if p.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", p.failed))
	}
	read := p.bytes.Load()
	switch {
	case p.documents == 0 && read == 0:
		parts = append(parts, "working")
	case p.total > 0:
		parts = append(parts, fmt.Sprintf("%d%% of the input read", min(100, 100*read/p.total)))
	case p.documents == 0:
		parts = append(parts, fmt.Sprintf("%d bytes read", read))
	}
	if !p.since.IsZero() {
		if left, ok := timeLeft(time.Since(p.since), read-p.bytesThen, p.total-read); ok {
			parts = append(parts, fmt.Sprintf("%s left", left))
		}
	}
	return strings.Join(parts, ", ")
}

// read adds bytes that were read of the input.
func (p *progress) read(n int) {
	p.bytes.Add(int64(n))
	if p.bar != nil {
		_ = p.bar.Add(n)
	}
}

// Failed implements job.Progress: it prints the error.
func (p *progress) Failed(err error) { p.print(fmt.Sprintf("medner: %v", err)) }

// Done implements job.Progress: it shows the number of documents annotated, and
// how long the rest will take.
func (p *progress) Done(total, failed int) {
	p.mu.Lock()
	p.documents, p.failed = total, failed
	if p.since.IsZero() {
		p.since, p.bytesThen = time.Now(), p.bytes.Load()
	}
	p.mu.Unlock()
	if p.bar != nil {
		p.bar.Describe(p.status())
	}
}

// timeLeft returns how long the rest of the bytes will take if they are read as
// fast as the bytes that were read in elapsed. ok is false as long as too little
// was read to say.
func timeLeft(elapsed time.Duration, read, rest int64) (left time.Duration, ok bool) {
	if read <= 0 || rest < 0 || elapsed < time.Second {
		return 0, false
	}
	left = time.Duration(float64(elapsed) * float64(rest) / float64(read))
	return left.Round(time.Second), true
}

// print writes a line above the bar.
func (p *progress) print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.w, printable(line))
}

// stop removes the bar, and ends the lines of each minute.
func (p *progress) stop() {
	if p.end != nil {
		p.end()
	}
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
