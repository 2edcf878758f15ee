package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/shards"
	"github.com/medner/medner/internal/version"
)

// withoutEffect lists the flags of an extractor on which results don't depend, and
// those whose files are hashed by themselves.
var withoutEffect = []string{"threads", "batch", "draft", "prefill-chunk", "prefix-cache", "model", "adapter", "terminology"}

// config returns all that results depend on beside the documents: the engine, the
// files, of which the content counts and not the path, and the flags. The model must
// have been located.
func (f *nerFlags) config(ctx context.Context, cmd *cobra.Command) (shards.Config, error) {
	c := shards.Config{"engine": version.String(), "schema": "medner/1"}
	for i, path := range f.modelFlags.inputs() {
		name := "model"
		if i > 0 {
			name = fmt.Sprintf("adapter %d", i)
		}
		sum, err := hashModel(ctx, path)
		if err != nil {
			return nil, err
		}
		c[name], c[name+" files"] = modelName(path), sum
	}
	if f.terminology != "" {
		sum, err := files.HashFile(ctx, f.terminology)
		if err != nil {
			return nil, err
		}
		c["terminology"] = sum
	}
	for _, name := range flagsOfNER() {
		if slices.Contains(withoutEffect, name) {
			continue
		}
		value := cmd.Flags().Lookup(name).Value.String()
		if name == "device" {
			value = ordinal.ReplaceAllString(value, "")
		}
		var err error
		if c["--"+name], err = hashNamed(ctx, value); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// ordinal matches which of several GPUs is used.
var ordinal = regexp.MustCompile(`:\d+`)

// modelName returns the name of a model or an adapter in results.
func modelName(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	return strings.TrimSuffix(filepath.Base(path), ".gguf")
}

// hashNamed returns a flag's value with files that it names, with commas between, replaced
// by their hashes.
func hashNamed(ctx context.Context, value string) (string, error) {
	parts := strings.Split(value, ",")
	for i, part := range parts {
		path, one, several := strings.Cut(part, "#") // a prompt in a file of several
		if info, err := files.Stat(path); path == "" || err != nil || !info.Mode().IsRegular() {
			continue
		}
		sum, err := files.HashFile(ctx, path)
		if err != nil {
			return "", err
		}
		parts[i] = "sha256:" + sum
		if several {
			parts[i] += "#" + one
		}
	}
	return strings.Join(parts, ","), nil
}

// ofModel are the extensions of the files that models and adapters consist of.
var ofModel = []string{".safetensors", ".json", ".jinja", ".model", ".txt", ".gguf"}

// hashModel returns a hash of a model or an adapter: of its file, or of the names and
// the contents of its folder's files.
func hashModel(ctx context.Context, path string) (string, error) {
	info, err := files.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return files.HashFile(ctx, path)
	}
	list, err := files.Glob(path, "*")
	if err != nil {
		return "", err
	}
	var sums strings.Builder
	for _, file := range list {
		if !slices.Contains(ofModel, filepath.Ext(file)) {
			continue
		}
		if info, err := files.Stat(file); err != nil || !info.Mode().IsRegular() {
			continue
		}
		sum, err := files.HashFile(ctx, file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&sums, "%s %s\n", sum, filepath.Base(file))
	}
	return files.Hash(ctx, strings.NewReader(sums.String()))
}
