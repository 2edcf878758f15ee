package ner

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/prompt"
)

// HintsFile is the name of the file, beside an adapter or a model, that says
// how it was trained to be asked: {"prompt": "simple"}. The prompt is a built-in
// one, or a file in the same folder.
const HintsFile = "medner.json"

// CalibrationFiles is the pattern of the names of files that hold a calibration
// each, beside an adapter or a model: for one prompt, precision and way of
// decoding.
const CalibrationFiles = "calibration*.json"

// maxHints bounds a HintsFile in bytes.
const maxHints = 1 << 20

// folder reads what lies beside an adapter or a model, each file once.
type folder struct {
	hint         func() (string, error)
	calibrations func() ([]*confidence.Calibration, error)
}

// newFolder returns a folder that reads nothing yet. The path may be empty, or
// that of a GGUF file, beside which nothing is looked for.
func newFolder(path string) *folder {
	return &folder{
		hint:         sync.OnceValues(func() (string, error) { return promptHint(path) }),
		calibrations: sync.OnceValues(func() ([]*confidence.Calibration, error) { return calibrationsIn(path) }),
	}
}

// promptHint returns the prompt that a folder's HintsFile names, for [prompt.Load];
// "" if there is no such file.
func promptHint(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	path := filepath.Join(dir, HintsFile)
	data, err := files.Read(path, maxHints, "hints")
	// Below a model that is a file there is nothing.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name, err := parseHints(path, data)
	if err != nil || name == "" || slices.Contains(prompt.Names(), name) {
		return name, err
	}
	none := badinput.New(path, "prompt", strconv.Quote(name), "a file in the same folder, or one of "+strings.Join(prompt.Names(), ", "))
	if !filepath.IsLocal(name) {
		return "", none
	}
	beside := filepath.Join(dir, name)
	if _, err := prompt.Load(beside); errors.Is(err, fs.ErrNotExist) {
		return "", none
	} else if err != nil {
		return "", badinput.Wrap(path, "prompt", err)
	}
	return beside, nil
}

// parseHints returns the prompt that hints name, as they name it.
func parseHints(path string, data []byte) (string, error) {
	var hints struct {
		Prompt string `json:"prompt"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&hints); err != nil {
		return "", badinput.Wrap(path, "", err)
	}
	if d.More() {
		return "", badinput.New(path, "", "more after the object", "one object")
	}
	return hints.Prompt, nil
}

// calibrationsIn reads a folder's calibrations in the order of their names. It
// returns those before the first that can't be read, and the error.
func calibrationsIn(dir string) (list []*confidence.Calibration, err error) {
	if dir == "" {
		return nil, nil
	}
	paths, err := files.Glob(dir, CalibrationFiles)
	for _, path := range paths {
		if err != nil {
			break
		}
		var c *confidence.Calibration
		if c, err = confidence.Load(path); err == nil {
			list = append(list, c)
		}
	}
	return list, err
}
