package kernelbench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"

	"github.com/medner/medner/kernels"
)

// Formats lists what a Writer can write.
var Formats = []string{"md", "csv", "json", "jsonl"}

// Limits are what a machine can do; they are encoded as JSON too.
type Limits interface {
	// Describe says in one or more lines what the machine can do.
	Describe() string
}

// Writer writes results in one of Formats: all but json as they come.
type Writer struct {
	out     io.Writer
	format  string
	json    *json.Encoder
	csv     *csv.Writer
	results []Result
	err     error // the first
}

// NewWriter returns a writer to out and writes the head of a table.
func NewWriter(out io.Writer, format string) *Writer {
	w := &Writer{out: out, format: format, json: json.NewEncoder(out), csv: csv.NewWriter(out), results: []Result{}}
	switch format {
	case "md":
		_, w.err = fmt.Fprint(out, "| variant | kernel | model | shape | µs | GB/s | GFLOP/s | of roofline | bound |\n|---|---|---|---|---:|---:|---:|---:|---|\n")
	case "csv":
		w.err = w.csv.Write([]string{"variant", "kernel", "model", "shape", "seconds", "gb_per_s", "gflop_per_s", "roofline_share", "bound"})
	}
	return w
}

// Write writes a result. Its error, if any, is that of Close.
func (w *Writer) Write(r Result) {
	w.results = append(w.results, r)
	var err error
	switch w.format {
	case "jsonl":
		err = w.json.Encode(r)
	case "csv":
		err = w.csv.Write([]string{r.Variant, r.Kernel, r.Model, r.Shape, fmt.Sprint(r.Seconds), fmt.Sprintf("%.3f", r.GBps), fmt.Sprintf("%.3f", r.GFLOPs), fmt.Sprintf("%.3f", r.Share), r.Bound})
		if w.csv.Flush(); err == nil {
			err = w.csv.Error()
		}
	case "md":
		_, err = fmt.Fprintf(w.out, "| %s | %s | %s | %s | %.2f | %.1f | %.1f | %.0f %% | %s |\n", r.Variant, r.Kernel, r.Model, r.Shape, 1e6*r.Seconds, r.GBps, r.GFLOPs, 100*r.Share, r.Bound)
	}
	if w.err == nil {
		w.err = err
	}
}

// Results returns how many results were written.
func (w *Writer) Results() int { return len(w.results) }

// Close writes what the machine can do, where the format has a place for it.
func (w *Writer) Close(machine Limits) error {
	switch {
	case w.err != nil:
		return w.err
	case w.format == "json":
		w.json.SetIndent("", "  ")
		return w.json.Encode(struct {
			Machine Limits   `json:"machine"`
			Results []Result `json:"results"`
		}{machine, w.results})
	case w.format == "md":
		_, err := fmt.Fprintf(w.out, "\n%s", machine.Describe())
		return err
	}
	return nil
}

// Describe implements Limits.
func (m Machine) Describe() string {
	text := fmt.Sprintf("%d threads read %.1f GB/s from memory.\n", m.Threads, m.ReadGBps)
	for _, p := range m.Peaks {
		text += fmt.Sprintf("%s computes %.1f GFLOP/s in float32, %.1f GOP/s in int8.\n", p.Variant, p.GFLOPs, p.Int8)
	}
	name, reason := kernels.Selected()
	return text + fmt.Sprintf("A model here runs on %s: %s.\n", name, reason)
}
