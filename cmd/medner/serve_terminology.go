package main

import (
	"path/filepath"
	"strings"

	"github.com/medner/medner/ner/terminology"
)

// namedTerminology is an open terminology, by the name that requests give.
type namedTerminology struct {
	name  string
	index *terminology.Index
}

// openTerminologies opens indexes that are given as NAME=INDEX, or as INDEX, whose name is
// that of the file without its ending. If one can't be opened, none stays open.
func openTerminologies(given []string) (all []namedTerminology, err error) {
	defer func() {
		if err != nil {
			closeAll(all)
			all = nil
		}
	}()
	known := map[string]bool{}
	for _, value := range given {
		name, path, named := strings.Cut(value, "=")
		if !named {
			base := filepath.Base(value)
			name, path = strings.TrimSuffix(base, filepath.Ext(base)), value
		}
		if name == "" || path == "" {
			return all, usagef("--terminology %q: expected INDEX or NAME=INDEX", value)
		}
		if known[name] {
			return all, usagef("--terminology %q: the name %q is that of another: expected NAME=INDEX with a name of its own", value, name)
		}
		known[name] = true
		index, err := terminology.Open(path)
		if err != nil {
			return all, err
		}
		all = append(all, namedTerminology{name, index})
	}
	return all, nil
}

func closeAll(all []namedTerminology) {
	for _, t := range all {
		_ = t.index.Close()
	}
}

// closeTerminologies ends the use of the indexes, when no request is in flight any more.
func (s *service) closeTerminologies() { closeAll(s.terminologies) }
