package main

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/server"
)

// serveFlags are the flags of medner serve.
type serveFlags struct {
	modelFlags
	name       string
	listen     string
	keyFile    string
	certFile   string
	tlsKeyFile string
	hosts      []string
	origins    []string
	check      bool
	logFormat  string
	logLevel   string

	terminologies []string // NAME=INDEX, or INDEX

	queue          int
	queueTokens    int
	prefixMiB      int
	documents      int
	characters     int
	bodyMiB        int
	headerKiB      int
	requests       int
	clientRequests int
	connections    int
	headerTime     time.Duration
	idleTime       time.Duration
	writeTime      time.Duration
	stallTime      time.Duration
	drainDelay     time.Duration
	drainTime      time.Duration
}

func newServe() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:     "serve",
		Args:    noArguments,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.check {
				return f.askReady(cmd.Context())
			}
			return f.serve(cmd)
		},
	}
	f.modelFlags.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.name, "model-name", "", "`NAME` by which clients know the model (default: the last part of its path)")
	fs.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`ADDRESS` to listen at: host:port (port 0: any free one) or unix:PATH; systemd's sockets count before it")
	fs.StringVar(&f.keyFile, "api-key-file", "", "let only those in who show a key of this `FILE`: a key a line, or a name and a key; needed where other machines can connect")
	fs.StringVar(&f.certFile, "tls-cert", "", "TLS certificate: a `FILE` in PEM; a new one is taken without a restart")
	fs.StringVar(&f.tlsKeyFile, "tls-key", "", "key of the TLS certificate: a `FILE` in PEM")
	fs.StringSliceVar(&f.hosts, "allowed-host", nil, "answer requests for these host `NAMES` too, comma-separated; *.example.org: all below it; *: any (default: addresses, localhost, and the certificate's names)")
	fs.StringSliceVar(&f.origins, "allowed-origin", nil, "let web pages of these `ORIGINS` in, comma-separated, as https://ner.example.org (default: the server's own page only)")
	fs.BoolVar(&f.check, "check", false, "ask the server that listens at --listen whether it is ready, and exit with 0 or 75")
	fs.StringArrayVar(&f.terminologies, "terminology", nil, "let requests link mentions through an `INDEX` that 'medner terminology import' wrote, by the name of its file or that of NAME=INDEX; may be repeated")
	choose(fs, &f.logFormat, "log-format", "text", []string{"text", "json"}, "write the log as `text|json`")
	choose(fs, &f.logLevel, "log-level", "info", []string{"debug", "info", "warn", "error"}, "log what is at least `debug|info|warn|error`; debug adds requests for health")
	intFlag(fs, &f.queue, "queue", 256, 1, mostSequences, "most requests that wait for the model; one more is refused with status 429")
	intFlag(fs, &f.queueTokens, "queue-tokens", 1<<20, 1, math.MaxInt32, "most tokens of prompts that wait to be read; a prompt that would make them more is refused with status 429")
	intFlag(fs, &f.prefixMiB, "prefix-cache-size", 256, 1, 1<<20, "most MiB of keys and values that are kept of prompts")
	intFlag(fs, &f.documents, "max-documents", 2000, 1, 1<<24, "most documents of a request to annotate or to convert")
	intFlag(fs, &f.characters, "max-characters", 4<<20, 1, math.MaxInt32, "most characters of the documents of a request")
	intFlag(fs, &f.bodyMiB, "max-body", 32, 1, 1<<12, "most MiB of a request's body")
	intFlag(fs, &f.headerKiB, "max-header", 32, 1, 1<<10, "most KiB of a request's headers")
	intFlag(fs, &f.requests, "max-requests", 1024, 1, 1<<16, "most requests in flight, those for health and metrics apart")
	intFlag(fs, &f.clientRequests, "max-client-requests", 256, 1, 1<<16, "most requests in flight of one client: a key, else an address")
	intFlag(fs, &f.connections, "max-connections", 4096, 1, 1<<20, "most connections; beyond them those that send nothing are closed")
	durationFlag(fs, &f.headerTime, "header-timeout", 10*time.Second, time.Hour, "time for a client to send its headers")
	durationFlag(fs, &f.idleTime, "idle-timeout", 2*time.Minute, 24*time.Hour, "time that a connection is kept between requests")
	durationFlag(fs, &f.writeTime, "write-timeout", 30*time.Second, time.Hour, "time for a client to read a part of its answer; answers themselves may take any time")
	durationFlag(fs, &f.stallTime, "stall-timeout", 2*time.Minute, 24*time.Hour, "time without a step of the model, while requests are pending, after which the server isn't ready")
	delayFlag(fs, &f.drainDelay, "drain-delay", 0, time.Hour, "after SIGTERM, time between saying that the server isn't ready and closing the listener")
	durationFlag(fs, &f.drainTime, "drain-timeout", 30*time.Second, 24*time.Hour, "after that, time for running requests to end before they are cancelled")
	return cmd
}

// logger returns the log of a server.
func (f *serveFlags) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.logLevel)) // one of the flag's words
	options := &slog.HandlerOptions{Level: level}
	if f.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// announce says that the server is ready.
func (f *serveFlags) announce(w io.Writer, log *slog.Logger, url string) {
	if f.logFormat == "json" {
		log.Info("listening on " + url)
		return
	}
	fmt.Fprintf(w, "medner: listening on %s\n", url)
}

// limits returns the limits of requests that the flags stand for.
func (f *serveFlags) limits() server.Limits {
	return server.Limits{
		Body: int64(f.bodyMiB) << 20, Write: f.writeTime, Requests: f.requests, PerClient: f.clientRequests,
		Documents: f.documents, Characters: f.characters,
	}
}
