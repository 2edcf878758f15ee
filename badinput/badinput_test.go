package badinput

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMessage(t *testing.T) {
	for want, err := range map[string]*Error{
		"config.json: hidden_size: found 0, expected a positive number": New("config.json", "hidden_size", "0", "a positive number"),
		"a.gguf: found magic 0x0": New("a.gguf", "", "magic 0x0", ""),
		"a.txt: expected UTF-8":   New("a.txt", "", "", "UTF-8"),
		"a: b: EOF":               Wrap("a", "b", io.EOF),
	} {
		require.Equal(t, want, err.Error())
	}
}

func TestIsFoundBehindOtherErrors(t *testing.T) {
	err := fmt.Errorf("loading: %w", Wrap("a", "b", io.EOF))
	var bad *Error
	require.True(t, errors.As(err, &bad))
	require.ErrorIs(t, err, io.EOF)
}

func TestNamesOfFilesWithControlCharactersAreQuoted(t *testing.T) {
	err := New("a\x1b[31m\nb", "field", "x", "y")
	if got, want := err.Error(), `"a\x1b[31m\nb": field: found x, expected y`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
