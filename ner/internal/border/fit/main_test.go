package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The system's solution, by hand: x + y = 3, x + 2y = 5.
func TestSolve(t *testing.T) {
	system := [][]float64{{1, 1, 3}, {1, 2, 5}}
	solve(system)
	require.InDelta(t, 1, system[0][2], 1e-12)
	require.InDelta(t, 2, system[1][2], 1e-12)
}

// A sign that only borders have gets a weight above 0, a sign that all places have
// at random hardly any.
func TestFit(t *testing.T) {
	var all []place
	for i := range 400 {
		p := place{signs: []float64{1, 0, float64(i / 40 % 2)}, border: i%2 == 0}
		if p.border != (i%20 == 0) { // one in ten says nothing
			p.signs[1] = 1
		}
		all = append(all, p)
	}
	weights := fit(all)
	found, wrong, missed := count(weights, all)
	require.Greater(t, weights[1], 1.0)
	require.Less(t, weights[2]*weights[2], 0.3)
	require.Equal(t, 200, found+missed)
	require.Greater(t, found, 150)
	require.Less(t, wrong, 50)
}

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.PubTator")
	var gold strings.Builder
	for i := range 12 {
		name := string(rune('a'+i)) + "mycin"
		gold.WriteString("1|t|Effects of " + name + ".\n1|a|We gave " + name + " to rats. No rat was harmed by " + name + ".\n1\t0\t3\tx\n\n")
	}
	require.NoError(t, os.WriteFile(path, []byte(gold.String()), 0o600))
	var out bytes.Buffer
	require.NoError(t, run([]string{path, path}, &out))
	require.Contains(t, out.String(), "3 articles a text: 8 borders found, 0 missed, 0 found where there are none")
	require.ErrorIs(t, run([]string{path + "x", path}, &out), os.ErrNotExist)
	require.ErrorContains(t, run(nil, &out), "expected two files")
}
