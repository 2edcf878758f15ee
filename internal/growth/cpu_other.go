//go:build !unix

package growth

import "time"

var begun = time.Now()

// spent is the time that has gone by: a guess at what was computed for.
func spent() time.Duration { return time.Since(begun) }
