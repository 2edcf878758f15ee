package server

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"sync"

	"github.com/medner/medner/internal/version"
)

// fingerprints holds the fingerprint of each adapter that was asked for, by name.
type fingerprints struct {
	mu     sync.Mutex
	byName map[string]string
}

// Warm asks the model a few tokens under every name that clients may give it, so
// that the first request finds all of it in memory. A service calls it before it
// says that it is ready.
func (s *Server) Warm(ctx context.Context) error {
	for _, name := range s.modelNames() {
		adapter, err := s.adapterOf(name)
		if err == nil {
			_, err = s.fingerprint(ctx, adapter)
		}
		if err != nil {
			return fmt.Errorf("model %q: %w", name, err)
		}
	}
	return nil
}

// fingerprint returns what an answer depends on beside its request: a hash of the
// engine's version and of the logits that the model gives a few tokens under an
// adapter. The logits are the same on every machine, in every bit, as long as
// weights, adapter and arithmetic are.
func (s *Server) fingerprint(ctx context.Context, adapter string) (string, error) {
	resolved, err := s.model.Adapter(adapter)
	if err != nil {
		return "", err
	}
	adapter = resolved.Name
	s.prints.mu.Lock()
	known := s.prints.byName[adapter]
	s.prints.mu.Unlock()
	if known != "" {
		return known, nil
	}
	hash := sha256.New()
	hash.Write([]byte(version.String()))
	err = s.generator.EachLogits(ctx, s.probe(), 1, adapter, func(row []float32) error {
		for _, logit := range row {
			hash.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(logit)))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	print := "fp_" + hex.EncodeToString(hash.Sum(nil))[:16]
	s.prints.mu.Lock()
	defer s.prints.mu.Unlock()
	if s.prints.byName == nil {
		s.prints.byName = map[string]string{}
	}
	s.prints.byName[adapter] = print
	return print, nil
}

// probe returns the tokens that fingerprints are made of.
func (s *Server) probe() []int32 {
	ids := make([]int32, min(16, s.model.Context()))
	for i := range ids {
		ids[i] = int32((1 + 7*i) % s.model.Config().VocabSize)
	}
	return ids
}
