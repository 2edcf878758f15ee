package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimeLeft(t *testing.T) {
	for _, c := range []struct {
		elapsed    time.Duration
		read, rest int64
		want       time.Duration
		ok         bool
	}{
		{10 * time.Second, 100, 900, 90 * time.Second, true},
		{10 * time.Second, 100, 0, 0, true},
		{10 * time.Second, 0, 900, 0, false},
		{time.Millisecond, 100, 900, 0, false},
		{10 * time.Second, 100, -101, 0, false}, // the size of the input is unknown
	} {
		if got, ok := timeLeft(c.elapsed, c.read, c.rest); got != c.want || ok != c.ok {
			t.Errorf("%v: %v, %v", c, got, ok)
		}
	}
}

// A run that writes its messages to a file says each minute how far it is.
func TestLinesOfProgressWithoutATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.txt")
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out, []string{path})
		expect := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := out.String(); got != want {
				t.Errorf("printed %q, want %q", got, want)
			}
			out.Reset()
		}
		time.Sleep(59 * time.Second)
		expect("")
		time.Sleep(2 * time.Second)
		expect("medner: working after 1m0s\n")
		p.read(250)
		p.Done(1, 0)
		time.Sleep(30 * time.Second)
		p.read(250)
		p.Failed(errors.New("bad"))
		p.Done(2, 1)
		expect("medner: bad\n")
		time.Sleep(30 * time.Second)
		expect("medner: 2 documents, 1 failed, 50% of the input read, 1m58s left after 2m0s\n")
		p.stop()
		p.stop() // a run may be stopped twice
		time.Sleep(5 * time.Minute)
		expect("")

		// The size of standard input is unknown.
		p = newProgress(&out, []string{"-"})
		p.read(70)
		time.Sleep(time.Minute)
		expect("medner: 70 bytes read after 1m0s\n")
		p.stop()
	})
}
