package confidence

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
)

// Schema is the version of a calibration file.
const Schema = "medner-calibration/1"

// Key says what a calibration was fitted for. A calibration holds for an
// extractor whose key is equal, see ner.Extractor.Key.
type Key struct {
	Model     string `json:"model"`
	Adapter   string `json:"adapter"`
	Prompt    string `json:"prompt"`
	Precision string `json:"precision"`
	// Decoding tells the penalty and the mask, which change what is written.
	Decoding string `json:"decoding"`
}

// Calibration is the content of a calibration file.
type Calibration struct {
	Schema string `json:"schema"` // Schema
	Key
	Data  string            `json:"data,omitempty"` // what it was fitted to, told to people
	Tasks map[string]*Curve `json:"tasks"`          // by the names that package prompt gives tasks
}

// maxFile bounds a calibration file in bytes.
const maxFile = 8 << 20

// Load reads a calibration file. A bad one gives a *badinput.Error.
func Load(path string) (*Calibration, error) {
	data, err := files.Read(path, maxFile, "a calibration file")
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Parse reads the content of a calibration file, which is called name in errors.
func Parse(name string, data []byte) (*Calibration, error) {
	var c Calibration
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, badinput.Wrap(name, "", err)
	}
	if c.Schema != Schema {
		return nil, badinput.New(name, "schema", fmt.Sprintf("%q", c.Schema), fmt.Sprintf("%q", Schema))
	}
	if len(c.Tasks) == 0 {
		return nil, badinput.New(name, "tasks", "none", "a curve by task")
	}
	for task, curve := range c.Tasks {
		if err := curve.check(); err != nil {
			return nil, badinput.Wrap(name, "tasks."+task, err)
		}
	}
	return &c, nil
}

// check returns an error unless blocks ascend and hold probabilities.
func (c *Curve) check() error {
	if c == nil || len(c.Blocks) == 0 {
		return fmt.Errorf("no blocks")
	}
	low, value := math.Inf(-1), 0.0
	for i, b := range c.Blocks {
		// The comparisons are false for what is not a number.
		ascends := b.Low > low && b.High >= b.Low && b.Value >= value
		if !ascends || !(b.Value <= 1) || !(b.Count > 0) || math.IsInf(b.High, 0) || math.IsInf(b.Count, 0) {
			return fmt.Errorf("block %d: expected scores and values that ascend, values of 0 to 1, counts above 0", i)
		}
		low, value = b.High, b.Value
	}
	return nil
}

// Marshal returns the content of a calibration file, and sets the Schema.
func (c *Calibration) Marshal() ([]byte, error) {
	c.Schema = Schema
	data, err := json.MarshalIndent(c, "", " ")
	return append(data, '\n'), err
}
