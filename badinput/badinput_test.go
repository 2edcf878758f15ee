package badinput

import (
	"errors"
	"fmt"
	"io"
	"strings"
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

// A file decides how long what is quoted of it is.
func TestMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, err := range []*Error{New(long, long, long, long), New("a", "b", long, ""), New("a", "b", "", long), Wrap(long, long, errors.New(long))} {
		require.Less(t, len(err.Error()), 5*(longest+20))
	}
	require.Equal(t, "a: b: found c, expected d", New("a", "b", "c", "d").Error())
}
