package server

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/model"
)

// modelObject describes a model as OpenAI's API does.
type modelObject struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	Context int    `json:"max_model_len"`
}

// nameOf returns the name of a model by its path: the last element, or, in the cache
// of the Hugging Face hub, the repository's name.
func nameOf(path string) string {
	if path == "" {
		return "model" // it has no files
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	snapshots := filepath.Dir(path)
	repository, found := strings.CutPrefix(filepath.Base(filepath.Dir(snapshots)), "models--")
	if found && filepath.Base(snapshots) == "snapshots" {
		return strings.ReplaceAll(repository, "--", "/")
	}
	return filepath.Base(path)
}

// modelNames returns what a request may name: the model, which means its active
// adapter or sum of adapters, each adapter, and the base.
func (s *Server) modelNames() []string {
	names := []string{s.name}
	adapters, mode := s.model.Adapters()
	if _, err := s.model.Adapter(""); err != nil {
		names = names[:0] // the adapters have no sum, and none is active
	}
	names = append(names, adapters...)
	if mode == "" || mode == model.Unmerged {
		names = append(names, model.Base)
	}
	unique := names[:0:0]
	for _, name := range names {
		if !slices.Contains(unique, name) {
			unique = append(unique, name)
		}
	}
	return unique
}

// adapterOf returns the adapter that a request for a model of some name asks;
// "": the model's own choice.
func (s *Server) adapterOf(name string) (string, error) {
	names := s.modelNames()
	switch {
	case name == "", name == s.name:
		return "", nil
	case slices.Contains(names, name):
		return name, nil
	}
	param := "model"
	return "", &apiError{
		status: http.StatusNotFound, Kind: kindRequest, Code: "model_not_found", Param: &param,
		Message: fmt.Sprintf("model: found %q, expected one of %q", clip.Text(name), names),
	}
}

func (s *Server) describe(name string) modelObject {
	return modelObject{ID: name, Object: "model", Created: s.started.Unix(), OwnedBy: "medner", Context: s.model.Context()}
}

func (s *Server) listModels(w http.ResponseWriter, _ *http.Request) error {
	list := []modelObject{}
	for _, name := range s.modelNames() {
		list = append(list, s.describe(name))
	}
	return writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

func (s *Server) getModel(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("id")
	if name == "" { // which elsewhere means the default model
		s.notFound(w, r)
		return nil
	}
	if _, err := s.adapterOf(name); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.describe(name))
}
