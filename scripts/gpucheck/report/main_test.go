package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	require.ErrorContains(t, write(dir), "steps.tsv")
	put("uname.txt", "Linux 6.1 x86_64\n")
	put("steps.tsv", "goldens\t1\t7\tgoldens.txt\nsanitizer\tskipped\t0\tnot here\nbench-kernels\t0\t3\tk.json\nbench-a-f32\t0\t2\ta.json\nbench-b-f32\t1\t2\tb.json\n")
	put("goldens.txt", "DIFFERENT ids\n9 of 10 equal, 0 skipped\n")
	put("k.json", `{"machine":{"name":"G","compute_capability":"9.0","memory_gb_per_s":4800},"results":[{"variant":"sm_90 f32","kernel":"gemv nf4","roofline_share":0.5}]}`)
	put("a.json", `[{"model_filename":"a","test":"tg8","avg_ts":12.5,"bandwidth_share":0.25,"gb_per_s":3}]`)
	put("b.json", "") // it failed before it wrote
	require.NoError(t, write(dir))

	var r report
	data, err := os.ReadFile(filepath.Join(dir, "gpu-check.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	require.Equal(t, "9 of 10 equal, 0 skipped", r.Goldens)
	require.Equal(t, []string{"failed with code 1", "skipped: not here", "ok", "ok", "failed with code 1"},
		[]string{r.Steps[0].Outcome, r.Steps[1].Outcome, r.Steps[2].Outcome, r.Steps[3].Outcome, r.Steps[4].Outcome})
	require.Len(t, r.Kernels, 1)
	require.Len(t, r.Models, 1)
	md := text(dir, "gpu-check.md")
	for _, part := range []string{"Linux 6.1", "G, compute capability 9.0", "| goldens | failed with code 1 | 7 |", "| a |  |  |  | tg8 | 12.5 ± 0.0 | 3 | 25 % |", "50 %"} {
		require.Contains(t, md, part)
	}

	put("steps.tsv", "bench-a-f32\t0\t2\tb.json\n")
	require.ErrorContains(t, write(dir), "b.json", "a step that went well and wrote nothing")
}
