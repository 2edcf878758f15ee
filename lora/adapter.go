package lora

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/safetensors"
)

// The names of the files in a PEFT folder.
const (
	ConfigName  = "adapter_config.json"
	WeightsName = "adapter_model.safetensors"
	pickleName  = "adapter_model.bin"
)

// Adapter is a PEFT adapter, read but not yet matched with a model. It is
// safe for concurrent use.
type Adapter struct {
	Name   string // the last element of its folder's path
	Config *Config
	// Labels has the names of the classes of the adapter's token classification head,
	// by class: [Open] reads them from labels.json in the adapter's folder, or from a
	// config.json there. nil: the adapter doesn't say.
	Labels []string

	configFile string
	reader     *safetensors.Reader
	modules    map[string]*entry
}

// Open reads the adapter in a folder. Its weights stay in their file, which
// must not change until Close.
func Open(dir string) (*Adapter, error) {
	config, err := files.Read(filepath.Join(dir, ConfigName), maxConfig, "an "+ConfigName)
	if err != nil {
		return nil, err
	}
	weights := filepath.Join(dir, WeightsName)
	if _, err := files.Stat(weights); errors.Is(err, os.ErrNotExist) {
		if _, err := files.Stat(filepath.Join(dir, pickleName)); err == nil {
			return nil, badinput.New(filepath.Join(dir, pickleName), "", "a pickle, which can run code when it is read", WeightsName+" (PEFT's save_pretrained writes it)")
		}
		return nil, badinput.New(weights, "", "no such file", "the adapter's weights")
	}
	reader, err := safetensors.Open(weights)
	if err != nil {
		return nil, err
	}
	a, err := open(dir, filepath.Join(dir, ConfigName), config, reader)
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	if _, ok := a.Scores(0); ok {
		if a.Labels, err = readLabels(dir); err != nil {
			return nil, errors.Join(err, reader.Close())
		}
	}
	return a, nil
}

// Parse reads an adapter from the contents of its two files. The name stands for
// their folder, in errors and for Adapter.Name.
func Parse(name string, config, weights []byte) (*Adapter, error) {
	reader, err := safetensors.Parse(filepath.Join(name, WeightsName), weights)
	if err != nil {
		return nil, err
	}
	return open(name, filepath.Join(name, ConfigName), config, reader)
}

func open(name, configFile string, config []byte, reader *safetensors.Reader) (*Adapter, error) {
	a := &Adapter{Name: filepath.Base(name), configFile: configFile, reader: reader}
	var err error
	if a.Config, err = parseConfig(configFile, config); err != nil {
		return nil, err
	}
	// Resolve compiles the patterns; this refuses bad ones early.
	if _, err = newMatcher(configFile, a.Config, false); err != nil {
		return nil, err
	}
	if a.modules, err = index(reader); err != nil {
		return nil, err
	}
	return a, nil
}

// Close unmaps the weights. The matrices of a Plan must not be read afterwards.
func (a *Adapter) Close() error { return a.reader.Close() }
