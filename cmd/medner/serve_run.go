package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/bundle"
	"github.com/medner/medner/internal/listen"
	"github.com/medner/medner/model"
	"github.com/medner/medner/server"
)

// service is a server of HTTP with what it listens at and who may come in.
type service struct {
	flags       *serveFlags
	log         *slog.Logger
	listeners   []net.Listener
	certificate *listen.Certificate // nil: plain HTTP

	terminologies []namedTerminology
	server        *server.Server
	site          *http.Server
}

// serve answers requests until the command's context ends, and then those in flight.
// It listens at once, and says that it isn't ready until the model is loaded.
func (f *serveFlags) serve(cmd *cobra.Command) error {
	allowSlowEnding(cmd.Context())
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	s, err := f.open(ctx, f.logger(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer s.closeTerminologies()
	defer s.site.Close()
	ended := make(chan error, len(s.listeners)+2)
	for _, l := range s.listeners {
		s.log.Info("answering health checks while the model is being loaded", "address", l.Addr().String())
		go func() { ended <- s.accept(l) }()
	}
	loaded := make(chan *model.Model, 1)
	go func() {
		m, err := f.load(ctx, cmd, s)
		if err != nil {
			ended <- err
			return
		}
		loaded <- m
	}()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	go s.watch(ctx, ended)
	for {
		select {
		case m := <-loaded:
			defer m.Close()
			f.announce(cmd.ErrOrStderr(), s.log, listen.URL(s.listeners[0], s.certificate != nil))
			notify(daemon.SdNotifyReady)
		case <-reload:
			s.reload()
		case err := <-ended:
			if ctx.Err() == nil {
				return err
			}
		case <-ctx.Done():
			notify(daemon.SdNotifyStopping)
			return s.drain()
		}
	}
}

// open listens and builds the server, without its model.
func (f *serveFlags) open(ctx context.Context, log *slog.Logger) (*service, error) {
	s := &service{flags: f, log: log}
	if (f.certFile == "") != (f.tlsKeyFile == "") {
		return nil, usagef("expected --tls-cert and --tls-key together")
	}
	keys, err := readKeys(f.keyFile, log)
	if err != nil {
		return nil, err
	}
	hosts := slices.Clone(f.hosts)
	if f.certFile != "" {
		if s.certificate, err = listen.LoadCertificate(f.certFile, f.tlsKeyFile, log); err != nil {
			return nil, err
		}
		hosts = append(hosts, s.certificate.Names()...)
	}
	carried, err := bundle.Own()
	if err != nil {
		return nil, err
	}
	if carried != nil && carried.Terminology != "" && len(f.terminologies) == 0 {
		f.terminologies = []string{carried.Terminology}
	}
	if s.terminologies, err = openTerminologies(f.terminologies); err != nil {
		return nil, err
	}
	if s.listeners, err = f.sockets(ctx, log); err != nil {
		return nil, err
	}
	if err := s.checkReach(len(keys) > 0); err != nil {
		for _, l := range s.listeners {
			_ = l.Close()
		}
		return nil, err
	}
	options := []server.Option{
		server.WithLogger(log), server.WithLimits(f.limits()), server.WithOrigins(f.origins...), server.WithStall(f.stallTime),
	}
	if !slices.Contains(f.hosts, "*") {
		options = append(options, server.WithHosts(hosts...))
	}
	if f.name != "" {
		options = append(options, server.WithName(f.name))
	}
	for _, t := range s.terminologies {
		options = append(options, server.WithTerminology(t.name, t.index))
	}
	s.server = server.Prepare(options...)
	s.server.SetKeys(keys...)
	s.site = f.site(s)
	return s, nil
}

// sockets returns the sockets that systemd opened, or else opens that of --listen.
func (f *serveFlags) sockets(ctx context.Context, log *slog.Logger) ([]net.Listener, error) {
	address, err := listen.Parse(f.listen)
	if err != nil {
		return nil, usagef("--listen %q: %v", f.listen, err)
	}
	inherited, err := listen.Inherited()
	if err != nil {
		return nil, usageError{err}
	}
	if len(inherited) > 0 {
		log.Info("sockets were opened by who started this process; --listen doesn't count", "sockets", len(inherited))
		return inherited, nil
	}
	l, err := address.Open(ctx)
	if err != nil {
		return nil, err
	}
	return []net.Listener{l}, nil
}

// checkReach refuses to be reached from other machines without a key.
func (s *service) checkReach(hasKeys bool) error {
	for _, l := range s.listeners {
		if listen.OnlyThisMachine(l) {
			continue
		}
		if !hasKeys {
			return usagef("--listen %s: other machines can connect: expected --api-key-file beside it, or a loopback address", l.Addr())
		}
		if s.certificate == nil {
			s.log.Warn("keys and texts travel as they are: other machines can connect, and there is no --tls-cert", "address", l.Addr().String())
		}
	}
	return nil
}

// site returns the server of HTTP around s.
func (f *serveFlags) site(s *service) *http.Server {
	site := &http.Server{
		Handler: s.server, ReadHeaderTimeout: f.headerTime, IdleTimeout: f.idleTime, MaxHeaderBytes: f.headerKiB << 10,
		ConnState: listen.NewBound(f.connections).Track, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true, // it would answer without the checks of the server
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: 128, SendPingTimeout: f.idleTime, WriteByteTimeout: f.writeTime},
	}
	if s.certificate != nil {
		site.TLSConfig = s.certificate.TLS()
	}
	return site
}

func (s *service) accept(l net.Listener) error {
	var err error
	if s.certificate != nil {
		err = s.site.ServeTLS(l, "", "")
	} else {
		err = s.site.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// load opens the model, warms it, and gives it to the server.
func (f *serveFlags) load(ctx context.Context, cmd *cobra.Command, s *service) (*model.Model, error) {
	if err := f.locate(); err != nil {
		return nil, err
	}
	options := f.options(cmd)
	options.Queue, options.QueueTokens = f.queue, f.queueTokens
	if options.PrefixCache == 0 {
		options.PrefixCache = int64(f.prefixMiB) << 20
	}
	options.Log = func(format string, args ...any) { s.log.Info(fmt.Sprintf(format, args...)) }
	began := time.Now()
	m, err := model.Open(ctx, f.path, options)
	if err != nil {
		return nil, err
	}
	if err := s.server.Use(ctx, m); err != nil {
		_ = m.Close()
		return nil, err
	}
	s.log.Info("the model is loaded", "seconds", time.Since(began).Seconds(), "weight_bytes", m.Info().WeightBytes, "device", m.Info().Device)
	return m, nil
}

// watch tells systemd's watchdog that the process is well, and ends the service when
// its device is lost for good, so that who started it starts it again.
func (s *service) watch(ctx context.Context, ended chan<- error) {
	every := 5 * time.Second
	if limit, err := daemon.SdWatchdogEnabled(false); err == nil && limit > 0 {
		every = min(every, limit/3)
	}
	lost := 0 // looks in a row that found the device lost
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		if err := s.server.Ready(); !errors.Is(err, model.ErrLost) {
			lost = 0
			notify(daemon.SdNotifyWatchdog)
		} else if lost++; lost == 3 {
			ended <- err
			return
		}
	}
}

// reload reads the keys and the certificate again. Where the keys can't be read, those
// before stay.
func (s *service) reload() {
	keys, err := readKeys(s.flags.keyFile, s.log)
	if err != nil {
		s.log.Error("the keys can't be read again; those before stay", "error", printable(err.Error()))
	} else {
		s.server.SetKeys(keys...)
		s.log.Info("keys read again", "keys", len(keys))
	}
	if s.certificate != nil {
		s.certificate.Reload()
	}
}

// drain ends the service in order: it isn't ready any more; then takes no connection;
// then running requests end, or are cancelled when their time is over.
func (s *service) drain() error {
	s.log.Info("draining", "delay", s.flags.drainDelay.String(), "timeout", s.flags.drainTime.String())
	s.server.Retire()
	time.Sleep(s.flags.drainDelay)
	patience, cancel := context.WithTimeout(context.Background(), s.flags.drainTime)
	defer cancel()
	closed := make(chan struct{})
	goodbye, end := context.WithTimeout(context.Background(), s.flags.drainTime+2*time.Second)
	defer end()
	go func() {
		defer close(closed)
		_ = s.site.Shutdown(goodbye) // returns when each connection is idle, or goodbye ends
	}()
	if err := s.server.Drain(patience); err != nil {
		s.log.Warn("requests were cancelled, as their time is over")
	}
	<-closed
	s.log.Info("drained")
	return nil
}

// notify tells systemd of a change, if it started the process and wants to know.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }
