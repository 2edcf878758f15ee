// Package python does with strings what Python does where Jinja shows it.
package python

import (
	"fmt"
	"strings"
	"unicode"
)

// Trim strips white space from both ends of s, as Jinja's filter trim and
// Python's str.strip do.
func Trim(s string) string { return strings.TrimFunc(s, IsSpace) }

// IsSpace reports whether str.isspace of r is true.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// Quote writes a string as Python's JSON does with ensure_ascii off: all but
// quotes, backslashes and control characters stay as they are.
func Quote(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		out.WriteString(EscapeJSON(r))
	}
	out.WriteByte('"')
	return out.String()
}

// EscapeJSON returns r as it stands inside the quotes of a JSON string.
func EscapeJSON(r rune) string {
	switch r {
	case '"', '\\':
		return `\` + string(r)
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	}
	if r < 0x20 {
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}

// EscapeRepr returns r as it stands inside the quotes of a repr.
func EscapeRepr(r, quote rune) string {
	switch r {
	case quote, '\\':
		return `\` + string(r)
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	switch {
	case unicode.IsPrint(r):
		return string(r)
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
