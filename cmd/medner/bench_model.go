package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
)

// benchResult is a row of `medner bench model`, its fields named as llama-bench
// names its own.
type benchResult struct {
	Test      string    `json:"test"`
	Model     string    `json:"model_filename"`
	Size      int64     `json:"model_size"` // bytes, packed
	Params    int64     `json:"model_n_params"`
	Weights   string    `json:"weights"`
	Precision string    `json:"precision"`
	Backend   string    `json:"backends"`
	Kernels   string    `json:"kernels"`
	Reason    string    `json:"kernels_reason"`
	Threads   int       `json:"n_threads"`
	Chunk     int       `json:"n_batch"` // prompt tokens a step
	KV        string    `json:"type_kv"`
	Prompt    int       `json:"n_prompt"`
	Gen       int       `json:"n_gen"`
	Depth     int       `json:"n_depth"` // tokens in the context before those that are timed
	Parallel  int       `json:"n_parallel"`
	Time      string    `json:"test_time"` // of the start, RFC 3339
	AvgNS     float64   `json:"avg_ns"`
	StddevNS  float64   `json:"stddev_ns"`
	AvgTS     float64   `json:"avg_ts"`
	StddevTS  float64   `json:"stddev_ts"`
	SamplesNS []int64   `json:"samples_ns"`
	SamplesTS []float64 `json:"samples_ts"`
	// Of decoding: weight bytes read for a token, the rate that makes, and its
	// share of the bandwidth: the processors' as measured before and after, a
	// GPU's as its clock and bus have it.
	BytesPerToken  int64   `json:"bytes_per_token,omitempty"`
	GBps           float64 `json:"gb_per_s,omitempty"`
	BandwidthGBps  float64 `json:"bandwidth_gb_per_s,omitempty"`
	BandwidthShare float64 `json:"bandwidth_share,omitempty"`
}

func newBenchModel() *cobra.Command {
	var (
		mf            modelFlags
		w             benchWork
		shape, output string
	)
	cmd := &cobra.Command{
		Use:  "model",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("output", output, "md", "csv", "json", "jsonl"); err != nil {
				return err
			}
			if w.prompt < 0 || w.gen < 0 || w.depth < 0 || w.repetitions < 1 || w.parallel < 1 {
				return usagef("-p, -n and -d: expected 0 or more; -r and --parallel: 1 or more")
			}
			mf.prefixCache, mf.draft, mf.batch = "off", 0, max(mf.batch, w.parallel) // every token is computed
			row := benchResult{Model: mf.path, Weights: mf.weights, Precision: mf.precision, KV: mf.kv, Chunk: mf.chunk}
			m, err := openBench(cmd, &mf, shape)
			if err != nil {
				return err
			}
			defer m.Close()
			switch {
			case shape != "":
				row.Model, row.Weights = shape+", random", "nf4"
			case row.Model == "":
				row.Model = "default"
			}
			if row.Chunk == 0 {
				row.Chunk = model.DefaultPrefillChunk
			}
			results, err := benchModel(cmd.Context(), m, row, w)
			if err != nil {
				return err
			}
			return writeBench(cmd.OutOrStdout(), output, results)
		},
	}
	mf.register(cmd)
	for _, flag := range []string{"prefix-cache", "draft", "batch"} {
		cobra.CheckErr(cmd.Flags().MarkHidden(flag))
	}
	cmd.Flags().StringVar(&shape, "shape", "", "in place of a model, random NF4 weights in the `SHAPE` of "+strings.Join(model.RandomShapes(), ", "))
	cmd.Flags().IntVarP(&w.prompt, "prompt", "p", 512, "tokens of the prompt test; 0: none")
	cmd.Flags().IntVarP(&w.gen, "gen", "n", 128, "tokens of the decoding test; 0: none")
	cmd.Flags().IntVarP(&w.depth, "depth", "d", 0, "tokens in the context before decoding begins")
	cmd.Flags().IntVar(&w.parallel, "parallel", 1, "sequences decoded at once")
	cmd.Flags().IntVarP(&w.repetitions, "repetitions", "r", 5, "repetitions of each test")
	cmd.Flags().StringVarP(&output, "output", "o", "md", "`md|csv|json|jsonl`")
	return cmd
}

// benchWork is what the tests do.
type benchWork struct {
	prompt, gen, depth, parallel, repetitions int
}

// openBench opens the model that the flags name, or a random one.
func openBench(cmd *cobra.Command, mf *modelFlags, shape string) (*model.Model, error) {
	if shape == "" {
		return mf.open(cmd)
	}
	if mf.path != "" || len(mf.adapters) > 0 || mf.weights != string(model.Keep) {
		return nil, usagef("--shape has weights of its own: not with --model, --adapter or --weights")
	}
	o, err := mf.options(cmd)
	if err != nil {
		return nil, err
	}
	return model.OpenRandom(cmd.Context(), shape, o)
}

// benchModel makes the tests, each a copy of row.
func benchModel(ctx context.Context, m *model.Model, row benchResult, w benchWork) ([]benchResult, error) {
	info := m.Info()
	row.Backend, row.Kernels, row.Reason, row.Threads, row.Size = info.Device, info.Variant, info.Reason, info.Threads, info.WeightBytes
	for _, w := range checkpoint.Layout(m.Config()) {
		row.Params += int64(w.Rows) * int64(w.Cols)
	}
	row.Parallel = 1
	var results []benchResult
	if w.prompt > 0 {
		ids := benchTokens(m, w.prompt, 0)
		r := row
		r.Test, r.Prompt = fmt.Sprintf("pp%d", w.prompt), w.prompt
		err := r.time(w.repetitions, func() (int, time.Duration, error) {
			start := time.Now()
			_, err := m.Logits(ctx, ids, 1, "")
			return w.prompt, time.Since(start), err
		})
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	if w.gen > 0 {
		r := row
		r.Test, r.Gen, r.Depth, r.Parallel = fmt.Sprintf("tg%d", w.gen), w.gen, w.depth, w.parallel
		if w.depth > 0 {
			r.Test += fmt.Sprintf(" @ d%d", w.depth)
		}
		if w.parallel > 1 {
			r.Test += fmt.Sprintf(" × %d", w.parallel)
		}
		bandwidth := info.Bandwidth / 1e9
		measure := func() {}
		if info.Device == "cpu" {
			pool := kernels.NewPool(info.Threads)
			defer pool.Close()
			measure = func() { bandwidth = max(bandwidth, kernelbench.Bandwidth(pool)) }
		}
		measure()
		if err := r.time(w.repetitions, func() (int, time.Duration, error) { return decode(ctx, m, w) }); err != nil {
			return nil, err
		}
		r.BytesPerToken = info.BytesPerStep / int64(w.parallel) // a step reads the weights once for all
		r.GBps = r.AvgTS * float64(r.BytesPerToken) / 1e9
		if measure(); bandwidth > 0 {
			r.BandwidthGBps, r.BandwidthShare = bandwidth, r.GBps/bandwidth
		}
		results = append(results, r)
	}
	return results, nil
}

// time runs once to warm up and then repetitions times.
func (r *benchResult) time(repetitions int, run func() (tokens int, took time.Duration, err error)) error {
	if _, _, err := run(); err != nil {
		return err
	}
	r.Time = time.Now().UTC().Format(time.RFC3339)
	var ns []float64
	for range repetitions {
		tokens, d, err := run()
		if err != nil {
			return err
		}
		ns = append(ns, float64(d.Nanoseconds()))
		r.SamplesNS = append(r.SamplesNS, d.Nanoseconds())
		r.SamplesTS = append(r.SamplesTS, float64(tokens)/d.Seconds())
	}
	r.AvgNS, r.StddevNS = meanDeviation(ns)
	r.AvgTS, r.StddevTS = meanDeviation(r.SamplesTS)
	return nil
}

// meanDeviation returns the mean of x and its standard deviation, 0 of one.
func meanDeviation(x []float64) (mean, deviation float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean) / float64(max(1, len(x)-1))
	}
	return mean, math.Sqrt(deviation)
}

func writeBench(w io.Writer, format string, results []benchResult) error {
	switch format {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(results)
	case "jsonl":
		e := json.NewEncoder(w)
		for _, r := range results {
			if err := e.Encode(r); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		c := csv.NewWriter(w)
		if err := c.Write([]string{"model_filename", "model_size", "model_n_params", "weights", "precision", "backends", "kernels", "n_threads", "n_batch", "type_kv", "n_prompt", "n_gen", "n_depth", "n_parallel",
			"test", "test_time", "avg_ns", "stddev_ns", "avg_ts", "stddev_ts", "bytes_per_token", "bandwidth_share"}); err != nil {
			return err
		}
		for _, r := range results {
			if err := c.Write([]string{r.Model, fmt.Sprint(r.Size), fmt.Sprint(r.Params), r.Weights, r.Precision, r.Backend, r.Kernels, strconv.Itoa(r.Threads), strconv.Itoa(r.Chunk), r.KV,
				strconv.Itoa(r.Prompt), strconv.Itoa(r.Gen), strconv.Itoa(r.Depth), strconv.Itoa(r.Parallel), r.Test, r.Time, fmt.Sprintf("%.0f", r.AvgNS), fmt.Sprintf("%.0f", r.StddevNS),
				fmt.Sprintf("%.3f", r.AvgTS), fmt.Sprintf("%.3f", r.StddevTS), fmt.Sprint(r.BytesPerToken), fmt.Sprintf("%.3f", r.BandwidthShare)}); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
	return printBench(w, results)
}

// printBench writes Markdown: llama-bench's columns, and how they came about.
func printBench(w io.Writer, results []benchResult) error {
	table := "| model | size | params | weights | precision | backend | threads | test | t/s | GB/s | of bandwidth |\n" +
		"|---|---:|---:|---|---|---|---:|---:|---:|---:|---:|\n"
	for _, r := range results {
		bytes, share := "", ""
		if r.BytesPerToken > 0 {
			bytes = fmt.Sprintf("%.1f", r.GBps)
		}
		if r.BandwidthGBps > 0 {
			share = fmt.Sprintf("%.0f %% of %.1f GB/s", 100*r.BandwidthShare, r.BandwidthGBps)
		}
		table += fmt.Sprintf("| %s | %s | %.2f B | %s | %s | %s %s | %d | %s | %.2f ± %.2f | %s | %s |\n", r.Model, humanize.IBytes(uint64(r.Size)), float64(r.Params)/1e9,
			r.Weights, r.Precision, r.Backend, r.Kernels, r.Threads, r.Test, r.AvgTS, r.StddevTS, bytes, share)
	}
	for _, r := range results {
		if r.BytesPerToken > 0 {
			table += fmt.Sprintf("\n%s read a token.", humanize.IBytes(uint64(r.BytesPerToken)))
		}
	}
	if len(results) > 0 {
		table += fmt.Sprintf("\nKernels: %s, %s.\n", results[0].Kernels, results[0].Reason)
	}
	_, err := io.WriteString(w, table)
	return err
}
