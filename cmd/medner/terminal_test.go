package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATerminalIsToldThatItIsReadFrom(t *testing.T) {
	var stderr bytes.Buffer
	in := &terminalInput{Reader: strings.NewReader("Lithium."), stderr: &stderr}
	require.Empty(t, stderr.String())
	text, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Equal(t, "Lithium.", string(text))
	require.Equal(t, 1, strings.Count(stderr.String(), "medner: reading from the terminal; Ctrl-"), stderr.String())

	// What is no terminal is read without a word.
	file := strings.NewReader("")
	require.Same(t, file, announced(file, &stderr))
}
