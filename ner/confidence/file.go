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

// Key is what a calibration holds for.
type Key struct {
	Model     string `json:"model"`
	Adapter   string `json:"adapter"`
	Prompt    string `json:"prompt"`
	Precision string `json:"precision"`
	Decoding  string `json:"decoding"` // penalty and mask: they change what is written
}

// Calibration holds a curve by task.
type Calibration struct {
	Schema string `json:"schema"`
	Key
	// Data says what it was fitted on, for people.
	Data  string            `json:"data,omitempty"`
	Tasks map[string]*Curve `json:"tasks"`
}

// maxFile bounds a calibration file in bytes.
const maxFile = 8 << 20

// Load reads a calibration file.
func Load(path string) (*Calibration, error) {
	data, err := files.Read(path, maxFile, "a calibration file")
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Parse reads a calibration file's content.
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

func (c *Curve) check() error {
	if c == nil || len(c.Blocks) == 0 {
		return fmt.Errorf("no blocks")
	}
	low, value := math.Inf(-1), 0.0
	for i, b := range c.Blocks {
		if !(b.Low > low) || !(b.High >= b.Low) || !(b.Value >= value) || !(b.Value <= 1) || !(b.Count > 0) || math.IsInf(b.High, 0) || math.IsInf(b.Count, 0) {
			return fmt.Errorf("block %d: expected scores and values that ascend, values of 0 to 1, counts above 0", i)
		}
		low, value = b.High, b.Value
	}
	return nil
}

// Marshal is the content of a calibration file.
func (c *Calibration) Marshal() ([]byte, error) {
	c.Schema = Schema
	data, err := json.MarshalIndent(c, "", " ")
	return append(data, '\n'), err
}
