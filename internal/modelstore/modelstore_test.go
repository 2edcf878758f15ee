package modelstore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func TestAPathIsItsOwnName(t *testing.T) {
	files, err := Locate("some/model")
	require.NoError(t, err)
	require.Equal(t, &Files{Base: "some/model"}, files)
	files, err = Locate("some/model", "a", "b")
	require.NoError(t, err)
	require.Equal(t, &Files{Base: "some/model", Adapters: []string{"a", "b"}}, files)

	_, err = Fetch(t.Context(), "some/model", FetchOptions{})
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
}

func TestOtherAdaptersForTheDefaultModel(t *testing.T) {
	s, path := small(t)
	cache := t.TempDir()
	_, err := fetch(t.Context(), s, cache, FetchOptions{File: path})
	require.NoError(t, err)
	before := defaultModel
	defaultModel = s
	t.Cleanup(func() { defaultModel = before })
	t.Setenv(cacheVariable, cache)
	own, err := Locate("")
	require.NoError(t, err)
	require.Len(t, own.Adapters, 1)
	other, err := Locate("", "mine")
	require.NoError(t, err)
	require.Equal(t, &Files{Base: own.Base, Adapters: []string{"mine"}}, other)
}
