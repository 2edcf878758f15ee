// Package jsontext finds in JSON what package encoding/json changes without a word.
package jsontext

import (
	"bytes"
	"fmt"
	"strconv"
)

// LoneSurrogate returns the first escape in the strings of raw, which is valid JSON, that is
// half of a surrogate pair without the other half, such as \ud800; and the offset at which
// it begins. It is "" if there is none. encoding/json would take U+FFFD for it, so that the
// text would be another than the client's.
func LoneSurrogate(raw []byte) (escape string, offset int) {
	for i := 0; ; {
		next := bytes.IndexByte(raw[i:], '\\')
		if next < 0 {
			return "", 0
		}
		i += next
		switch first := unit(raw[i:]); {
		case first < 0:
			i += 2 // a backslash and the character that it escapes
		case first < 0xd800 || first > 0xdfff:
			i += 6
		default:
			if second := unit(raw[min(i+6, len(raw)):]); first > 0xdbff || second < 0xdc00 || second > 0xdfff {
				return string(raw[i : i+6]), i
			}
			i += 12
		}
		if i >= len(raw) {
			return "", 0
		}
	}
}

// unit returns the UTF-16 unit of the escape \uXXXX that raw begins with; -1 if it begins
// with none.
func unit(raw []byte) int {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// Found says in an error what a lone surrogate is; Wanted is what was expected there.
func Found(escape string) string { return fmt.Sprintf("%s, half of a surrogate pair", escape) }

// Wanted is what is expected in place of a lone surrogate.
const Wanted = "whole characters"
