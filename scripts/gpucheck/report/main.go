// Command report joins what scripts/gpucheck/check.sh left in a folder into
// gpu-check.json and gpu-check.md.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// report is gpu-check.json.
type report struct {
	Host      string          `json:"host"` // uname
	NvidiaSMI string          `json:"nvidia_smi,omitempty"`
	Device    json.RawMessage `json:"device,omitempty"`
	Steps     []step          `json:"steps"`
	Goldens   string          `json:"goldens"` // the last line of `medner verify`
	Models    []modelRow      `json:"models"`
	Kernels   []kernelRow     `json:"kernels"`
}

// step is a line of steps.tsv.
type step struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"` // "ok", "failed with code N", "skipped: why"
	Seconds int    `json:"seconds"`
	file    string
}

// modelRow is a row of `medner bench model` or of transformers_bf16.py.
type modelRow struct {
	Model     string    `json:"model_filename"`
	Weights   string    `json:"weights"`
	Precision string    `json:"precision"`
	Backend   string    `json:"backends"`
	Test      string    `json:"test"`
	AvgTS     float64   `json:"avg_ts"`
	StddevTS  float64   `json:"stddev_ts"`
	Samples   []float64 `json:"samples_ts"`
	Bytes     int64     `json:"bytes_per_token,omitempty"`
	GBps      float64   `json:"gb_per_s,omitempty"`
	Share     float64   `json:"bandwidth_share,omitempty"`
}

// kernelRow is a row of `medner bench kernels`.
type kernelRow struct {
	Variant string  `json:"variant"`
	Kernel  string  `json:"kernel"`
	Model   string  `json:"model"`
	Shape   string  `json:"shape"`
	Seconds float64 `json:"seconds"`
	GBps    float64 `json:"gb_per_s"`
	GFLOPs  float64 `json:"gflop_per_s"`
	Bound   string  `json:"bound"`
	Share   float64 `json:"roofline_share"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("report: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: report DIR")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// write reads what is in dir and adds the two files.
func write(dir string) error {
	r, err := read(dir)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "gpu-check.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "gpu-check.md"), []byte(r.markdown()), 0o644)
}

// text returns the content of a file, or "" if no step wrote it.
func text(dir, name string) string {
	data, _ := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(data))
}

// read returns the report on the steps in dir.
func read(dir string) (*report, error) {
	r := &report{Host: text(dir, "uname.txt"), NvidiaSMI: text(dir, "nvidia-smi.csv"), Models: []modelRow{}, Kernels: []kernelRow{}}
	for line := range strings.Lines(text(dir, "steps.tsv")) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			return nil, fmt.Errorf("steps.tsv: %q has %d fields, expected 4", line, len(f))
		}
		s := step{Name: f[0], Outcome: "failed with code " + f[1], file: f[3]}
		switch f[1] {
		case "0":
			s.Outcome = "ok"
		case "skipped":
			s.Outcome, s.file = "skipped: "+f[3], ""
		}
		var err error
		if s.Seconds, err = strconv.Atoi(f[2]); err != nil {
			return nil, fmt.Errorf("steps.tsv: %w", err)
		}
		r.Steps = append(r.Steps, s)
		if err := r.take(dir, s); err != nil && s.Outcome == "ok" {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
	}
	if len(r.Steps) == 0 {
		return nil, fmt.Errorf("%s has no steps.tsv: run check.sh", dir)
	}
	return r, nil
}

// take adds to the report what a step wrote.
func (r *report) take(dir string, s step) error {
	data := []byte(text(dir, s.file))
	switch {
	case s.Name == "goldens":
		lines := strings.Split(string(data), "\n")
		r.Goldens = lines[len(lines)-1]
	case s.Name == "bench-kernels":
		var all struct {
			Machine json.RawMessage
			Results []kernelRow
		}
		err := json.Unmarshal(data, &all)
		r.Device, r.Kernels = all.Machine, all.Results
		return err
	case strings.HasSuffix(s.file, ".json"):
		var rows []modelRow
		err := json.Unmarshal(data, &rows)
		r.Models = append(r.Models, rows...)
		return err
	}
	return nil
}

// markdown returns the report for people.
func (r *report) markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# medner on a GPU\n\n%s\n", r.Host)
	if r.NvidiaSMI != "" {
		p("\n```\n%s\n```\n", r.NvidiaSMI)
	}
	if r.Device != nil {
		var m struct {
			Name       string
			Capability string  `json:"compute_capability"`
			Memory     float64 `json:"memory_gb_per_s"`
			Copy       float64 `json:"copy_gb_per_s"`
			F32        float64 `json:"f32_gflop_per_s"`
			BF16       float64 `json:"bf16_gflop_per_s"`
			SMs        int     `json:"multiprocessors"`
		}
		if json.Unmarshal(r.Device, &m) == nil {
			p("\n%s, compute capability %s, %d multiprocessors. By its attributes: %.0f GB/s, %.1f TFLOP/s in float32, %.0f in bf16. Copied: %.0f GB/s.\n",
				m.Name, m.Capability, m.SMs, m.Memory, m.F32/1e3, m.BF16/1e3, m.Copy)
		}
	}
	p("\n## Checks\n\n| step | outcome | seconds |\n|---|---|---:|\n")
	for _, s := range r.Steps {
		p("| %s | %s | %d |\n", s.Name, s.Outcome, s.Seconds)
	}
	p("\nGoldens: %s\n", r.Goldens)
	p("\n## Models\n\n| model | weights | precision | backend | test | t/s | GB/s | of bandwidth |\n|---|---|---|---|---|---:|---:|---:|\n")
	for _, m := range r.Models {
		bytes, share := "", ""
		if m.GBps > 0 {
			bytes = fmt.Sprintf("%.0f", m.GBps)
		}
		if m.Share > 0 {
			share = fmt.Sprintf("%.0f %%", 100*m.Share)
		}
		p("| %s | %s | %s | %s | %s | %.1f ± %.1f | %s | %s |\n", m.Model, m.Weights, m.Precision, m.Backend, m.Test, m.AvgTS, m.StddevTS, bytes, share)
	}
	p("\n## Kernels\n\n| variant | kernel | model | shape | µs | GB/s | GFLOP/s | of roofline | bound |\n|---|---|---|---|---:|---:|---:|---:|---|\n")
	for _, k := range r.Kernels {
		p("| %s | %s | %s | %s | %.2f | %.1f | %.1f | %.0f %% | %s |\n", k.Variant, k.Kernel, k.Model, k.Shape, 1e6*k.Seconds, k.GBps, k.GFLOPs, 100*k.Share, k.Bound)
	}
	return b.String()
}
