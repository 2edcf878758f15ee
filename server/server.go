package server

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/medner/medner/model"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/tokenizer"
)

// Server answers HTTP requests with a model. It serves any number of them at
// once.
type Server struct {
	settings
	model     *model.Model
	generator generator // the model, or a fake in a test
	tokenizer *tokenizer.Tokenizer
	// generation says how the model's files want tokens drawn.
	generation *arch.Generation
	extractor  *ner.Extractor
	// noExtractor says why there is no extractor: the model can't annotate.
	noExtractor error
	handler     http.Handler
	flight      flight
	started     time.Time

	loaded  atomic.Bool // whether the fields from the model on are set
	retired atomic.Bool
	lost    atomic.Bool // whether the device is
	keys    atomic.Pointer[keyring]
	clients clients
	metrics *metrics
	routeOf func(*http.Request) string
	// queueBound is how many requests may wait for the model, since one was refused; 0:
	// none was.
	queueBound atomic.Int64
	prints     fingerprints
	load       load         // of requests to annotate
	tenants    atomic.Int64 // requests to annotate so far: each is a tenant of the model
}

// generator is what completions ask of a model.
type generator interface {
	Generate(ctx context.Context, r model.Request) (*model.Result, error)
	Score(ctx context.Context, tokens []int32, top int, adapter string) ([]model.Token, error)
	EachLogits(ctx context.Context, tokens []int32, rows int, adapter string, fn func(row []float32) error) error
}

// New returns a server on a model that is open already, and which the caller
// closes after the server's last use. The model's files must have a tokenizer.
// Without WithExtractor documents are annotated by ner.New(m); where that fails,
// requests to annotate get its error.
func New(m *model.Model, options ...Option) (*Server, error) {
	s := Prepare(options...)
	if err := s.use(m); err != nil {
		return nil, err
	}
	s.loaded.Store(true)
	return s, nil
}

// Prepare returns a server that has no model yet: it says that it is alive but not
// ready, and refuses all other requests with status 503 until [Server.Use].
func Prepare(options ...Option) *Server {
	s := &Server{settings: defaults(), flight: newFlight(), started: time.Now()}
	for _, set := range options {
		set(&s.settings)
	}
	s.SetKeys()
	s.metrics = newMetrics(s)
	s.handler = s.chain(s.routed())
	return s
}

// Use gives a model to a server that [Prepare] returned, as New does, with further
// options, and warms it before the server is ready. It is called once.
func (s *Server) Use(ctx context.Context, m *model.Model, options ...Option) error {
	for _, set := range options {
		set(&s.settings)
	}
	if err := s.use(m); err != nil {
		return err
	}
	if err := s.Warm(ctx); err != nil {
		return err
	}
	s.loaded.Store(true)
	return nil
}

func (s *Server) use(m *model.Model) error {
	s.model, s.generator = m, m
	if s.name == "" {
		s.name = nameOf(m.Path())
	}
	var err error
	if s.tokenizer, err = m.Text().Tokenizer(); err != nil {
		return err
	}
	if s.generation, err = m.Text().Generation(); err != nil {
		return err
	}
	if s.extractor = s.settings.extractor; s.extractor == nil {
		s.extractor, err = ner.New(m)
		s.noExtractor = ofModel(err)
	}
	return nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Drain lets no further request for the model in: those that come after it are
// refused with status 503. It waits until those in flight have been answered, and
// returns nil; or until ctx ends, when it cancels them, so that their clients get
// an error, and returns ctx's error. Drain may be called several times. The model
// is not drained: it is the caller's.
func (s *Server) Drain(ctx context.Context) error { return s.flight.drain(ctx) }
