package modelbench

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	results := []Result{
		{Test: "pp8", Model: "small", Prompt: 8, AvgTS: 10, StddevTS: 1, Kernels: "scalar", Reason: "asked for"},
		{Test: "tg4", Model: "small", Gen: 4, AvgTS: 5, BytesPerToken: 2048, GBps: 1.5, BandwidthGBps: 6, BandwidthShare: 0.25},
	}
	for _, format := range Formats {
		var b bytes.Buffer
		require.NoError(t, Write(&b, format, results))
		switch format {
		case "json":
			var rows []Result
			require.NoError(t, json.Unmarshal(b.Bytes(), &rows))
			require.Equal(t, results, rows)
		case "jsonl":
			require.Equal(t, 2, strings.Count(b.String(), "\n"))
		case "csv":
			rows, err := csv.NewReader(&b).ReadAll() // fails if a row has more or fewer columns than the first
			require.NoError(t, err)
			require.Len(t, rows, 3)
			require.Equal(t, "8", rows[1][10], "n_prompt")
		case "md":
			require.Contains(t, b.String(), "tg4 | 5.00 ± 0.00 | 1.5 | 25 % of 6.0 GB/s |\n")
			require.Contains(t, b.String(), "2.0 KiB read a token.\nKernels: scalar, asked for.\n")
		}
	}
}

func TestMeanDeviation(t *testing.T) {
	mean, deviation := meanDeviation([]float64{1, 3})
	require.InDelta(t, 2, mean, 1e-12)
	require.InDelta(t, 1.4142, deviation, 1e-4)
	_, deviation = meanDeviation([]float64{7})
	require.Zero(t, deviation)
}
