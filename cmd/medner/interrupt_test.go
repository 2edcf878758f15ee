package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// Whatever a command is doing, an interrupt ends it with code 130.
func TestInterrupt(t *testing.T) {
	model := golden.Path(t, "tiny-llama")
	for _, args := range []string{
		"tokenize --model " + model,
		"chat-template --messages - --model " + model,
		"logits --token-ids - --model " + model,
		"bench kernels --shape smollm2-135m --kernel add --time 200ms",
		"bench model -n 4000 -p 0 -r 1000 --model " + model,
		"ner - --model " + model,
	} {
		t.Run(args[:strings.Index(args, " -")], func(t *testing.T) {
			stdin, keep := io.Pipe() // nothing is ever written to it
			defer keep.Close()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan int)
			go func() { ended <- run(ctx, strings.Fields(args), stdin, io.Discard, io.Discard) }()
			time.Sleep(100 * time.Millisecond)
			cancel()
			select {
			case code := <-ended:
				require.Equal(t, exitInterrupted, code)
			case <-time.After(5 * time.Minute):
				t.Fatal("still running")
			}
		})
	}
}
