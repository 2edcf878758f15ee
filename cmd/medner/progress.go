package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows on a terminal how far a long run is and when it will end. On
// anything else it only prints errors.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil: w is no terminal, or the run has ended
	total int64                    // bytes of the input; -1: unknown
	bytes atomic.Int64             // bytes read of the input
	// The time that is left is estimated from what was read since the first document
	// of this run was done, at the time since, when bytesThen bytes had been read:
	// documents that an earlier run has done are read much faster.
	since     time.Time
	bytesThen int64
}

func newProgress(w io.Writer, inputs []string) *progress {
	p := &progress{w: w}
	if !isTerminal(w) {
		return p
	}
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
	p.bar = progressbar.NewOptions64(p.total,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("reading"), progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return p
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
	if p.bar == nil {
		return
	}
	text := fmt.Sprintf("%d documents", total)
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	read := p.bytes.Load()
	if p.since.IsZero() {
		p.since, p.bytesThen = time.Now(), read
	} else if left, ok := timeLeft(time.Since(p.since), read-p.bytesThen, p.total-read); ok {
		text += fmt.Sprintf(", %s left", left)
	}
	p.bar.Describe(text)
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
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.w, line)
}

// stop removes the bar.
func (p *progress) stop() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
