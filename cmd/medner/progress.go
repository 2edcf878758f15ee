package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows, on a terminal, how far a long run is and when it will end.
type progress struct {
	w   io.Writer
	bar *progressbar.ProgressBar // nil: no terminal
}

func newProgress(w io.Writer, inputs []string) *progress {
	p := &progress{w: w}
	if !isTerminal(w) {
		return p
	}
	total := int64(0)
	for _, path := range inputs {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			total = -1 // unknown: the number of documents and their rate are shown
			break
		}
		total += info.Size()
	}
	p.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("reading"), progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return p
}

// read counts bytes read of the input.
func (p *progress) read(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n)
	}
}

// done shows the number of documents annotated.
func (p *progress) done(total, failed int) {
	if p.bar == nil {
		return
	}
	text := fmt.Sprintf("%d documents", total)
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	p.bar.Describe(text)
}

// print writes a line above the bar.
func (p *progress) print(line string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.w, line)
}

func (p *progress) stop() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
