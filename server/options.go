package server

import (
	"log/slog"
	"strings"
	"time"

	"github.com/medner/medner/ner"
)

// Option changes how a Server works.
type Option func(*settings)

type settings struct {
	name      string
	log       *slog.Logger
	limits    Limits
	keepAlive time.Duration
	extractor *ner.Extractor
	hosts     hosts
	stall     time.Duration
	// terminologies are those that requests to annotate may name.
	terminologies []namedIndex
}

// Limits bounds what one request may take. What is zero is the default.
type Limits struct {
	Body    int64 // bytes of a request's body. 0: 32 MiB
	Depth   int   // objects and arrays within each other in a request's JSON. 0: 32
	Choices int   // answers to one request: prompts times n, or times best_of. 0: 128
	// Documents and Characters bound what a request to annotate or to convert holds.
	// 0: 2000 documents, of 4 Mi code points together
	Documents, Characters int
	// Queued bounds the code points of all documents that are being annotated or wait
	// for it; a request that would make them more is refused with status 429, unless it
	// is alone. 0: 16 Mi
	Queued int
	// Write is how long a client may take to read a part of a streamed answer before
	// its request is ended. 0: 30 seconds
	Write time.Duration
	// Requests bounds how many requests are in flight, those for health and metrics
	// apart, and PerClient how many of one client, which is known by the name of its
	// key, else by its address. 0: 1024, and 256
	Requests, PerClient int
}

func defaults() settings {
	return settings{
		log:       slog.New(slog.DiscardHandler),
		limits:    Limits{}.orDefaults(),
		keepAlive: 10 * time.Second,
		stall:     2 * time.Minute,
	}
}

func (l Limits) orDefaults() Limits {
	if l.Body == 0 {
		l.Body = 32 << 20
	}
	if l.Depth == 0 {
		l.Depth = 32
	}
	if l.Choices == 0 {
		l.Choices = 128
	}
	if l.Requests == 0 {
		l.Requests = 1024
	}
	if l.PerClient == 0 {
		l.PerClient = 256
	}
	if l.Documents == 0 {
		l.Documents = 2000
	}
	if l.Characters == 0 {
		l.Characters = 4 << 20
	}
	if l.Queued == 0 {
		l.Queued = 16 << 20
	}
	if l.Write == 0 {
		l.Write = 30 * time.Second
	}
	return l
}

// WithName says by which name clients know the model; the default is the last
// element of its path, or its repository's name in the cache of the Hugging Face
// hub. It means what requests to the model that name no adapter
// mean: the only adapter, or what model.Options.Active says.
func WithName(name string) Option { return func(s *settings) { s.name = name } }

// WithLogger says where the server logs to; the default is nowhere.
func WithLogger(log *slog.Logger) Option { return func(s *settings) { s.log = log } }

// WithLimits sets the limits of single requests.
func WithLimits(l Limits) Option { return func(s *settings) { s.limits = l.orDefaults() } }

// WithKeepAlive says after how long a silence a streamed answer gets a comment,
// which clients ignore, so that no proxy takes the connection for dead. The
// default is 10 seconds.
func WithKeepAlive(d time.Duration) Option { return func(s *settings) { s.keepAlive = d } }

// WithExtractor says what annotates documents: an extractor on the same model.
func WithExtractor(e *ner.Extractor) Option { return func(s *settings) { s.extractor = e } }

// WithHosts makes the server answer only requests whose Host header is an address,
// localhost or one of these names, of which *.example.org stands for all that end so. It
// guards a server that is reached by browsers against pages whose name was made to lead
// to it (DNS rebinding). Without WithHosts every name will do.
func WithHosts(names ...string) Option {
	return func(s *settings) { s.hosts.names = append([]string{}, names...) }
}

// WithOrigins lets web pages of other origins, such as https://ner.example.org, use the
// server. Without it only pages of its own origin may.
func WithOrigins(origins ...string) Option {
	return func(s *settings) {
		for _, origin := range origins {
			s.hosts.origins = append(s.hosts.origins, strings.ToLower(origin))
		}
	}
}

// WithStall says after how long without a step, while requests are pending, the server
// isn't ready any more. The default is two minutes.
func WithStall(d time.Duration) Option { return func(s *settings) { s.stall = d } }
