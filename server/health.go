package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/medner/medner/model"
)

// Why a server is not ready, by the words that /readyz says.
var (
	errNotLoaded = errors.New("loading")
	errRetired   = errors.New("draining")
	errFull      = errors.New("queue full")
	errStalled   = errors.New("stalled")
	errLost      = fmt.Errorf("device lost (%w)", model.ErrLost)
)

// Ready returns nil if the server can take a request now: there is a model, no drain
// has begun, the queue has room, no device is lost, and work that is pending goes on.
func (s *Server) Ready() error {
	switch {
	case s.retired.Load() || s.flight.isDraining():
		return errRetired
	case !s.loaded.Load():
		return errNotLoaded
	case s.lost.Load():
		return errLost
	}
	stats := s.model.Stats()
	if bound := s.queueBound.Load(); bound > 0 && int64(stats.Waiting) >= bound {
		return errFull
	}
	if stats.Pending > s.stall {
		return errStalled
	}
	return nil
}

// Retire makes the server say that it is not ready, while it goes on to answer: so that
// those who balance load send it nothing more before [Server.Drain] refuses requests.
func (s *Server) Retire() { s.retired.Store(true) }

// noteFailure remembers what an error of a request says of the model.
func (s *Server) noteFailure(err error) {
	var full *model.QueueFullError
	switch {
	case errors.As(err, &full):
		s.queueBound.Store(int64(full.Waiting))
	case errors.Is(err, model.ErrLost) && s.lost.CompareAndSwap(false, true):
		go func() { // another device may have taken over
			if _, err := s.model.Logits(context.Background(), []int32{0}, 1, ""); err == nil {
				s.lost.Store(false)
			}
		}()
	}
}

// livez says whether the process had better be started anew.
func (s *Server) livez(w http.ResponseWriter, _ *http.Request) error {
	if s.lost.Load() {
		return writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": errLost.Error()})
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) error {
	if err := s.Ready(); err != nil {
		w.Header().Set("Retry-After", "5")
		return writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": err.Error()})
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}
