package shards

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seen returns the state of the only shard, whose lease has a holder that last wrote it so
// long ago on the clock of the file system.
func seen(t *testing.T, m *Manifest, f folder, h holder, ago time.Duration) State {
	t.Helper()
	data, err := json.Marshal(h)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.lease(0), data, 0o600))
	// A clock that is days off this machine's.
	written := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, os.Chtimes(f.lease(0), written, written))
	o := observer{folder: f, now: func() time.Time { return written.Add(ago) }}
	return o.state(m, &m.Shards[0])
}

// What status says of a process that works on a shard, or did.
func TestSignsOfLife(t *testing.T) {
	m := corpus(t, 4, 1)
	f := folder(t.TempDir())
	other := holder{Host: "elsewhere", PID: 7, Boot: "another", Locked: true}
	st := seen(t, m, f, other, 10*time.Second)
	require.Equal(t, Running, st.State)
	require.Equal(t, "process 7: last sign of life 10s ago", st.Life())
	st = seen(t, m, f, other, 4*time.Minute)
	require.Equal(t, Stale, st.State)
	require.False(t, st.Gone)
	require.Equal(t, "process 7: last sign of life 4m0s ago, which is more than 1m0s", st.Life())
	require.InDelta(t, 240, *st.Silent, 0)
	st = seen(t, m, f, other, -time.Hour)
	require.Zero(t, *st.Silent)

	// On this machine the lock tells: a process that holds none is dead at once, and one
	// that holds it lives, however long it has been silent.
	if bootID() == "" {
		t.Skip("this system doesn't tell its runs apart")
	}
	here := holder{Host: "here", PID: 8, Boot: bootID(), Locked: true}
	st = seen(t, m, f, here, time.Second)
	require.Equal(t, Stale, st.State)
	require.True(t, st.Gone)
	require.Equal(t, "process 8: last sign of life 1s ago, now gone", st.Life())
	require.NoError(t, os.Remove(f.lease(0)))
	l, err := leases{time: time.Hour}.take(t.Context(), f.lease(0), 0, 0)
	require.NoError(t, err)
	written := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, os.Chtimes(f.lease(0), written, written))
	st = observer{folder: f, now: func() time.Time { return written.Add(time.Hour) }}.state(m, &m.Shards[0])
	require.Equal(t, Running, st.State)
	require.NoError(t, l.release())

	// Without a lease nothing is said of life, and looking leaves no files.
	st = Status(m, string(f))[0]
	require.Equal(t, Pending, st.State)
	require.Empty(t, st.Life())
	require.Empty(t, names(t, string(f)))
}

// A lease that says anything at all is one of somebody.
func FuzzLease(f *testing.F) {
	for _, text := range []string{
		"", "{}", "null", "[1]", `{"token":1}`, `{"pid":1e999}`, `{"pid":-9223372036854775808,"beat":99999999999999999999}`,
		`{"host":"\u0000\u001b[2J","boot":"` + strings.Repeat("x", 70000) + `"}`, "{\"host\":\"a\"}\n{\"host\":\"b\"}", "\xff\xfe",
	} {
		f.Add([]byte(text))
	}
	m := &Manifest{Shards: []Shard{{Documents: 1}}}
	dir := folder(f.TempDir())
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(dir.lease(0), data, 0o600); err != nil {
			t.Fatal(err)
		}
		st := observer{folder: dir, now: time.Now}.state(m, &m.Shards[0])
		if st.State != Running && st.State != Stale || st.Silent == nil || st.Life() == "" {
			t.Fatalf("%+v", st)
		}
		if _, err := json.Marshal(st); err != nil {
			t.Fatal(err)
		}
	})
}
