package hint

import (
	"fmt"
	"io"
	"io/fs"
	"syscall"
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

func TestAbsentAdvisesOnPathsOnly(t *testing.T) {
	const advice = "a file was meant"
	for _, err := range []error{fs.ErrNotExist, fmt.Errorf("x: %w", &fs.PathError{Op: "stat", Path: "a/b", Err: syscall.ENOTDIR})} {
		require.Equal(t, advice, Of(Absent(err, advice)), err)
	}
	for _, err := range []error{io.EOF, fs.ErrPermission} {
		require.Empty(t, Of(Absent(err, advice)), err)
	}
	require.NoError(t, Absent(nil, advice))
}
