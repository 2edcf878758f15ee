package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/model"
	"github.com/medner/medner/server"
)

// queued is how many requests may wait beside those in the batch.
const queued = 256

func newServe() *cobra.Command {
	var (
		mf     modelFlags
		listen string
	)
	cmd := &cobra.Command{
		Use:  "serve",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd, &mf, listen) },
	}
	mf.register(cmd)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "`ADDRESS` to listen at")
	return cmd
}

// serve answers requests until the command's context ends, and then those in
// flight.
func serve(cmd *cobra.Command, mf *modelFlags, address string) error {
	ctx := cmd.Context()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := mf.locate(); err != nil {
		return err
	}
	options := mf.options(cmd)
	options.Queue = queued
	m, err := model.Open(ctx, mf.path, options)
	if err != nil {
		return err
	}
	defer m.Close()
	s, err := server.New(m)
	if err != nil {
		return err
	}
	site := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- site.Serve(listener) }()
	fmt.Fprintf(cmd.ErrOrStderr(), "medner: listening on http://%s\n", listener.Addr())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace/2)
	defer cancel()
	err = s.Drain(patience)
	if closing := site.Close(); err == nil {
		err = closing
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}
