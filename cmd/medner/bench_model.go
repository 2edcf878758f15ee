package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/kernels/bench"
	"github.com/medner/medner/model"
)

// benchResult is a row of `medner bench model`, named as llama-bench names it.
type benchResult struct {
	Test      string    `json:"test"`
	Model     string    `json:"model"`
	Weights   string    `json:"weights"`
	Precision string    `json:"precision"`
	Backend   string    `json:"backend"`
	Threads   int       `json:"n_threads"`
	Prompt    int       `json:"n_prompt"`
	Gen       int       `json:"n_gen"`
	AvgTS     float64   `json:"avg_ts"`
	StddevTS  float64   `json:"stddev_ts"`
	SamplesTS []float64 `json:"samples_ts"`
	// Of decoding: weight bytes read for a token, the rate that makes, and its
	// share of the read bandwidth measured in the same run.
	BytesPerToken  int64   `json:"bytes_per_token,omitempty"`
	GBps           float64 `json:"gb_per_s,omitempty"`
	BandwidthGBps  float64 `json:"bandwidth_gb_per_s,omitempty"`
	BandwidthShare float64 `json:"bandwidth_share,omitempty"`
}

func newBenchModel() *cobra.Command {
	var (
		mf                       modelFlags
		prompt, gen, repetitions int
		output                   string
	)
	cmd := &cobra.Command{
		Use:   "model",
		Short: "Time a prompt and decoding, as llama-bench does",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("output", output, "md", "csv", "json", "jsonl"); err != nil {
				return err
			}
			if prompt < 0 || gen < 0 || repetitions < 1 {
				return usagef("-p and -n: expected 0 or more; -r: 1 or more")
			}
			mf.prefixCache, mf.draft = "off", 0 // every token is computed
			name := mf.path
			m, err := mf.open(cmd)
			if err != nil {
				return err
			}
			defer m.Close()
			results, err := benchModel(cmd.Context(), m, prompt, gen, repetitions)
			if err != nil {
				return err
			}
			for i := range results {
				results[i].Model, results[i].Precision, results[i].Weights = name, mf.precision, mf.weights
				if name == "" {
					results[i].Model = "default"
				}
			}
			return writeBench(cmd.OutOrStdout(), output, results)
		},
	}
	mf.register(cmd)
	for _, flag := range []string{"prefix-cache", "draft", "batch"} {
		cobra.CheckErr(cmd.Flags().MarkHidden(flag))
	}
	cmd.Flags().IntVarP(&prompt, "prompt", "p", 512, "tokens of the prompt test; 0: none")
	cmd.Flags().IntVarP(&gen, "gen", "n", 128, "tokens of the decoding test; 0: none")
	cmd.Flags().IntVarP(&repetitions, "repetitions", "r", 5, "repetitions of each test")
	cmd.Flags().StringVarP(&output, "output", "o", "md", "`md|csv|json|jsonl`")
	return cmd
}

func benchModel(ctx context.Context, m *model.Model, prompt, gen, repetitions int) ([]benchResult, error) {
	info := m.Info()
	row := benchResult{Backend: info.Device + " " + info.Variant, Threads: info.Threads}
	var results []benchResult
	if prompt > 0 {
		ids := benchTokens(m, prompt)
		r := row
		r.Test, r.Prompt = fmt.Sprintf("pp%d", prompt), prompt
		err := r.time(repetitions, prompt, func() (time.Duration, error) {
			start := time.Now()
			_, err := m.Logits(ctx, ids, 1, "")
			return time.Since(start), err
		})
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	if gen > 0 {
		r := row
		r.Test, r.Gen = fmt.Sprintf("tg%d", gen), gen
		pool := kernels.NewPool(info.Threads)
		defer pool.Close()
		bandwidth := bench.Bandwidth(pool)
		// The first token ends the prompt's step; gen more follow.
		request := model.Request{Tokens: benchTokens(m, 1), MaxNewTokens: gen + 1, Stop: []int32{}}
		err := r.time(repetitions, gen, func() (time.Duration, error) {
			result, err := m.Generate(ctx, request)
			if err != nil {
				return 0, err
			}
			return result.Timings.Decode, nil
		})
		if err != nil {
			return nil, err
		}
		r.BytesPerToken = info.BytesPerStep
		r.GBps = r.AvgTS * float64(info.BytesPerStep) / 1e9
		r.BandwidthGBps = max(bandwidth, bench.Bandwidth(pool))
		r.BandwidthShare = r.GBps / r.BandwidthGBps
		results = append(results, r)
	}
	return results, nil
}

// benchTokens are ids all over the vocabulary.
func benchTokens(m *model.Model, n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*7919 + 13) % m.Config().VocabSize)
	}
	return ids
}

// time runs once to warm up and then repetitions times.
func (r *benchResult) time(repetitions, tokens int, run func() (time.Duration, error)) error {
	if _, err := run(); err != nil {
		return err
	}
	for range repetitions {
		d, err := run()
		if err != nil {
			return err
		}
		r.SamplesTS = append(r.SamplesTS, float64(tokens)/d.Seconds())
	}
	for _, x := range r.SamplesTS {
		r.AvgTS += x / float64(repetitions)
	}
	for _, x := range r.SamplesTS {
		r.StddevTS += (x - r.AvgTS) * (x - r.AvgTS) / float64(max(1, repetitions-1))
	}
	r.StddevTS = math.Sqrt(r.StddevTS)
	return nil
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
		if err := c.Write([]string{"model", "weights", "precision", "backend", "n_threads", "n_prompt", "n_gen", "test", "avg_ts", "stddev_ts", "bytes_per_token", "bandwidth_share"}); err != nil {
			return err
		}
		for _, r := range results {
			if err := c.Write([]string{r.Model, r.Weights, r.Precision, r.Backend, strconv.Itoa(r.Threads), strconv.Itoa(r.Prompt), strconv.Itoa(r.Gen), r.Test,
				fmt.Sprintf("%.3f", r.AvgTS), fmt.Sprintf("%.3f", r.StddevTS), fmt.Sprint(r.BytesPerToken), fmt.Sprintf("%.3f", r.BandwidthShare)}); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
	fmt.Fprintln(w, "| model | weights | precision | backend | threads | test | t/s | GB/s | of bandwidth |")
	fmt.Fprintln(w, "|---|---|---|---|---:|---:|---:|---:|---:|")
	for _, r := range results {
		bytes, share := "", ""
		if r.BytesPerToken > 0 {
			bytes, share = fmt.Sprintf("%.1f", r.GBps), fmt.Sprintf("%.0f %% of %.1f GB/s", 100*r.BandwidthShare, r.BandwidthGBps)
		}
		if _, err := fmt.Fprintf(w, "| %s | %s | %s | %s | %d | %s | %.2f ± %.2f | %s | %s |\n", r.Model, r.Weights, r.Precision, r.Backend, r.Threads, r.Test, r.AvgTS, r.StddevTS, bytes, share); err != nil {
			return err
		}
	}
	return nil
}
