package model

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// What tells a child process which directory to open, and how.
const (
	loadVariable      = "MEDNER_TEST_LOAD"
	precisionVariable = "MEDNER_TEST_PRECISION"
)

// loaded is what the child reports, in bytes.
type loaded struct{ Packed, Peak int64 }

// tries is how often a model is opened until a peak is within the limit. The
// collector may run late on a busy machine, which adds garbage to a peak. A
// second copy of the weights is in every peak.
const tries = 5

// TestLoadingTakesLittleMoreThanTheWeights opens a 4-bit model in a process of
// its own and watches that process's anonymous memory.
func TestLoadingTakesLittleMoreThanTheWeights(t *testing.T) {
	dir := t.TempDir()
	largest := writeFourBitModel(t, dir)
	for _, precision := range []Precision{F32, Fast} {
		within := false
		for try := 0; try < tries && !within; try++ {
			l := loadInChild(t, dir, precision)
			limit := l.Packed*110/100 + largest
			t.Logf("%s: %.1f MB packed, %.1f MB at the peak, at most %.1f", precision, float64(l.Packed)/1e6, float64(l.Peak)/1e6, float64(limit)/1e6)
			within = l.Peak <= limit
		}
		if !within {
			t.Errorf("%s: loading took more than the limit, %d times", precision, tries)
		}
	}
}

// loadInChild opens the model in dir in a process of its own, whose collector runs
// early, so that little garbage counts.
func loadInChild(t *testing.T, dir string, precision Precision) loaded {
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoadInChild$")
	cmd.Env = append(os.Environ(), "GOGC=20", loadVariable+"="+dir, precisionVariable+"="+string(precision))
	out, err := cmd.Output()
	require.NoError(t, err, string(out))
	var l loaded
	first, _, _ := strings.Cut(string(out), "\n")
	require.NoError(t, json.Unmarshal([]byte(first), &l), string(out))
	return l
}

func TestLoadInChild(t *testing.T) {
	dir := os.Getenv(loadVariable)
	if dir == "" {
		t.Skip("the child of another test")
	}
	before, peak := anonymous(t), int64(0)
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(time.Millisecond); ; {
			peak = max(peak, anonymous(t))
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	m, err := Open(t.Context(), dir, Options{Precision: Precision(os.Getenv(precisionVariable))})
	close(stop)
	<-stopped
	require.NoError(t, err)
	data, err := json.Marshal(loaded{m.Info().WeightBytes, peak - before})
	require.NoError(t, err)
	fmt.Println(string(data))
	require.NoError(t, m.Close())
}

// anonymous is this process's resident memory that no file backs.
func anonymous(t *testing.T) (bytes int64) {
	data, err := os.ReadFile("/proc/self/status")
	if err == nil {
		_, after, _ := strings.Cut(string(data), "RssAnon:")
		_, err = fmt.Sscanf(after, "%d kB", &bytes)
	}
	if err != nil {
		t.Error(err)
	}
	return bytes << 10
}

// writeFourBitModel writes a pre-quantised checkpoint of some 70 MB, and
// returns the bytes of its largest tensor.
func writeFourBitModel(t *testing.T, dir string) (largest int64) {
	config := map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "vocab_size": 8000, "hidden_size": 1024, "intermediate_size": 4096,
		"num_hidden_layers": 6, "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 64, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
		"rope_theta": 10000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
		"quantization_config": map[string]any{"quant_method": "bitsandbytes", "load_in_4bit": true, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": false},
	}
	data, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600))
	c, err := arch.ParseConfig("config.json", data)
	require.NoError(t, err)
	r := rand.NewChaCha8([32]byte{})
	zeros := quant.NewF32(1, 64, make([]float32, 64))
	code, err := quant.Quantize4Bit(zeros, quant.FourBitOptions{})
	require.NoError(t, err)
	var tensors []safetensors.Source
	for _, w := range checkpoint.Layout(c) {
		n := w.Rows * w.Cols
		if w.Kind != checkpoint.Linear {
			values := make([]byte, 2*n) // bf16
			shape := []int{w.Rows, w.Cols}
			if w.Kind == checkpoint.Norm {
				shape = []int{n}
			}
			tensors = append(tensors, safetensors.Bytes(w.Name, safetensors.BF16, shape, values))
			largest = max(largest, int64(len(values)))
			continue
		}
		q := &quant.FourBit{NumRows: w.Rows, NumCols: w.Cols, Quant: quant.NF4, BlockSize: 64, Packed: make([]byte, n/2),
			Code: code.Code, Absmax: make([]float32, n/64), State: quant.F32}
		_, _ = r.Read(q.Packed)
		for _, raw := range q.Tensors(w.Name) {
			tensors = append(tensors, safetensors.Bytes(raw.Name, safetensors.DType(raw.DType), raw.Shape, raw.Data))
		}
	}
	require.NoError(t, safetensors.WriteFile(filepath.Join(dir, safetensors.FileName), tensors, nil))
	return largest
}
