//go:build !unix

package growth

import "time"

var started = time.Now()

// spent returns the time since the start in place of the processor time, which
// can't be asked for here.
func spent() time.Duration { return time.Since(started) }
