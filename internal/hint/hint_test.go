package hint

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHintIsFoundBehindOtherErrors(t *testing.T) {
	err := fmt.Errorf("reading: %w", Add(io.EOF, "bring more"))
	require.EqualError(t, err, "reading: EOF")
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, "bring more", Of(err))
	require.Empty(t, Of(io.EOF))
	require.Empty(t, Of(nil))
}
