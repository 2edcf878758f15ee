package modelbench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// Formats lists what Write can write.
var Formats = []string{"md", "csv", "json", "jsonl"}

// Write writes results in one of Formats.
func Write(w io.Writer, format string, results []Result) error {
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
		return writeCSV(w, results)
	}
	return writeMarkdown(w, results)
}

func writeCSV(w io.Writer, results []Result) error {
	c := csv.NewWriter(w)
	header := strings.Fields("model_filename model_size model_n_params weights precision backends kernels n_threads n_batch type_kv n_prompt n_gen n_depth n_parallel " +
		"test test_time avg_ns stddev_ns avg_ts stddev_ts bytes_per_token bandwidth_share")
	if err := c.Write(header); err != nil {
		return err
	}
	for _, r := range results {
		if err := c.Write([]string{
			r.Model, fmt.Sprint(r.Size), fmt.Sprint(r.Params), r.Weights, r.Precision, r.Backend, r.Kernels, strconv.Itoa(r.Threads), strconv.Itoa(r.Chunk), r.KV,
			strconv.Itoa(r.Prompt), strconv.Itoa(r.Gen), strconv.Itoa(r.Depth), strconv.Itoa(r.Parallel),
			r.Test, r.Time, fmt.Sprintf("%.0f", r.AvgNS), fmt.Sprintf("%.0f", r.StddevNS), fmt.Sprintf("%.3f", r.AvgTS), fmt.Sprintf("%.3f", r.StddevTS),
			fmt.Sprint(r.BytesPerToken), fmt.Sprintf("%.3f", r.BandwidthShare),
		}); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// writeMarkdown writes llama-bench's columns, and below them the bytes that a
// token reads and why these kernels were chosen.
func writeMarkdown(w io.Writer, results []Result) error {
	table := "| model | size | params | weights | precision | backend | threads | test | t/s | GB/s | of bandwidth |\n" +
		"|---|---:|---:|---|---|---|---:|---:|---:|---:|---:|\n"
	for _, r := range results {
		rate, share := "", ""
		if r.BytesPerToken > 0 {
			rate = fmt.Sprintf("%.1f", r.GBps)
		}
		if r.BandwidthGBps > 0 {
			share = fmt.Sprintf("%.0f %% of %.1f GB/s", 100*r.BandwidthShare, r.BandwidthGBps)
		}
		table += fmt.Sprintf("| %s | %s | %.2f B | %s | %s | %s %s | %d | %s | %.2f ± %.2f | %s | %s |\n", r.Model, humanize.IBytes(uint64(r.Size)), float64(r.Params)/1e9,
			r.Weights, r.Precision, r.Backend, r.Kernels, r.Threads, r.Test, r.AvgTS, r.StddevTS, rate, share)
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
