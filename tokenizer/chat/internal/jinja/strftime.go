package jinja

import (
	"fmt"
	"strings"
	"time"
)

// directives of strftime, as formats of package time.
var directives = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'd': "02", 'm': "01", 'y': "06", 'Y': "2006",
	'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'j': "002",
	'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'D': "01/02/06", 'F': "2006-01-02",
	'T': "15:04:05", 'R': "15:04", 'h': "Jan", 'e': "_2",
}

// strftime formats a time as Python does in the C locale.
func strftime(t time.Time, format string) string {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		c, trim := format[i], false
		if c == '-' && i+1 < len(format) { // glibc's flag: no leading zero
			i++
			c, trim = format[i], true
		}
		s := directive(t, c)
		if trim && s != "" {
			s = strings.TrimLeft(s[:len(s)-1], "0 ") + s[len(s)-1:]
		}
		out.WriteString(s)
	}
	return out.String()
}

func directive(t time.Time, c byte) string {
	switch c {
	case '%':
		return "%"
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000)
	case 'u':
		return fmt.Sprint((int(t.Weekday())+6)%7 + 1)
	case 'w':
		return fmt.Sprint(int(t.Weekday()))
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'z', 'Z':
		return "" // a time without a zone
	}
	layout, ok := directives[c]
	if !ok {
		fail("strftime_now with %%%c", c)
	}
	return t.Format(layout)
}
