// Package clip shortens what errors quote of a file, which may be as long as the file.
package clip

import "strings"

// limit is the most bytes that Text leaves.
const limit = 120

// Text returns s, of which it leaves the first 120 bytes and "…" if s is longer.
func Text[T ~string | ~[]byte](s T) string { return At(s, limit) }

// At returns s, of which it leaves the first most bytes and "…" if s is longer. It cuts
// no character in two.
func At[T ~string | ~[]byte](s T, most int) string {
	if len(s) <= most {
		return string(s)
	}
	return strings.ToValidUTF8(string(s[:most]), "") + "…"
}
