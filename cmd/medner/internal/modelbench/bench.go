// Package modelbench times how fast a model reads prompts and writes tokens, in
// the terms of llama-bench.
package modelbench

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
)

// Work says what the tests do.
type Work struct {
	Prompt      int // tokens of the prompt test; 0: no such test
	Generate    int // tokens of the decoding test; 0: no such test
	Depth       int // tokens in the context before decoding begins
	Parallel    int // sequences decoded at once
	Repetitions int // of each test
}

// Result is the outcome of one test. Its fields have llama-bench's names in
// JSON.
type Result struct {
	Test      string    `json:"test"`
	Model     string    `json:"model_filename"`
	Size      int64     `json:"model_size"` // bytes of the packed weights
	Params    int64     `json:"model_n_params"`
	Weights   string    `json:"weights"`
	Precision string    `json:"precision"`
	Backend   string    `json:"backends"`
	Kernels   string    `json:"kernels"`
	Reason    string    `json:"kernels_reason"`
	Threads   int       `json:"n_threads"`
	Chunk     int       `json:"n_batch"` // prompt tokens read in a step
	KV        string    `json:"type_kv"`
	Prompt    int       `json:"n_prompt"`
	Gen       int       `json:"n_gen"`
	Depth     int       `json:"n_depth"`    // tokens in the context before decoding begins
	Parallel  int       `json:"n_parallel"` // sequences decoded at once
	Time      string    `json:"test_time"`  // when the test began, RFC 3339
	AvgNS     float64   `json:"avg_ns"`
	StddevNS  float64   `json:"stddev_ns"`
	AvgTS     float64   `json:"avg_ts"`
	StddevTS  float64   `json:"stddev_ts"`
	SamplesNS []int64   `json:"samples_ns"`
	SamplesTS []float64 `json:"samples_ts"`
	// Tests of decoding have the weight bytes that a token reads, the rate of
	// reading that follows, the memory's bandwidth (on processors the larger of
	// two measurements, before and after the test; on a GPU what its clock and bus
	// allow), and the share of the bandwidth that was used.
	BytesPerToken  int64   `json:"bytes_per_token,omitempty"`
	GBps           float64 `json:"gb_per_s,omitempty"`
	BandwidthGBps  float64 `json:"bandwidth_gb_per_s,omitempty"`
	BandwidthShare float64 `json:"bandwidth_share,omitempty"`
}

// Run runs the tests on a model. Each result begins as a copy of about, which
// says what the model is.
func Run(ctx context.Context, m *model.Model, about Result, w Work) ([]Result, error) {
	row, info := about, m.Info()
	row.Backend, row.Kernels, row.Reason, row.Threads, row.Size = info.Device, info.Variant, info.Reason, info.Threads, info.WeightBytes
	for _, w := range checkpoint.Layout(m.Config()) {
		row.Params += int64(w.Rows) * int64(w.Cols)
	}
	row.Parallel = 1
	var results []Result
	if w.Prompt > 0 {
		r, err := readPrompt(ctx, m, row, w)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	if w.Generate > 0 {
		r, err := writeTokens(ctx, m, row, w)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// readPrompt times how fast a prompt is read.
func readPrompt(ctx context.Context, m *model.Model, r Result, w Work) (Result, error) {
	r.Test, r.Prompt = fmt.Sprintf("pp%d", w.Prompt), w.Prompt
	ids := tokens(m, w.Prompt, 0)
	err := r.time(w.Repetitions, func() (int, time.Duration, error) {
		start := time.Now()
		_, err := m.Logits(ctx, ids, 1, "")
		return w.Prompt, time.Since(start), err
	})
	return r, err
}

// writeTokens times how fast tokens are written.
func writeTokens(ctx context.Context, m *model.Model, r Result, w Work) (Result, error) {
	r.Test, r.Gen, r.Depth, r.Parallel = fmt.Sprintf("tg%d", w.Generate), w.Generate, w.Depth, w.Parallel
	if w.Depth > 0 {
		r.Test += fmt.Sprintf(" @ d%d", w.Depth)
	}
	if w.Parallel > 1 {
		r.Test += fmt.Sprintf(" × %d", w.Parallel)
	}
	info := m.Info()
	bandwidth := info.Bandwidth / 1e9
	measure := func() {}
	if info.Device == "cpu" {
		pool := kernels.NewPool(info.Threads)
		defer pool.Close()
		measure = func() { bandwidth = max(bandwidth, kernelbench.Bandwidth(pool)) }
	}
	measure()
	if err := r.time(w.Repetitions, func() (int, time.Duration, error) { return decode(ctx, m, w) }); err != nil {
		return r, err
	}
	r.BytesPerToken = info.BytesPerStep / int64(w.Parallel) // a step reads the weights once for all sequences
	r.GBps = r.AvgTS * float64(r.BytesPerToken) / 1e9
	if measure(); bandwidth > 0 {
		r.BandwidthGBps, r.BandwidthShare = bandwidth, r.GBps/bandwidth
	}
	return r, nil
}

// time calls run once to warm up and then repetitions times, and fills in what
// they took.
func (r *Result) time(repetitions int, run func() (tokens int, took time.Duration, err error)) error {
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

// meanDeviation returns the mean of x and its standard deviation, which is 0 of
// a single number.
func meanDeviation(x []float64) (mean, deviation float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean) / float64(max(1, len(x)-1))
	}
	return mean, math.Sqrt(deviation)
}
