package model

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/internal/backend"
)

// rowsBy counts, for each step, the rows of sequences by the first token of their prompts.
type rowsBy struct {
	mu    sync.Mutex
	steps []map[int32]int
}

func (r *rowsBy) note(spans []backend.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := map[int32]int{}
	for _, s := range spans {
		first := s.Tokens[0]
		if c := s.Cache.(*toyCache); len(c.tokens) > 0 {
			first = c.tokens[0]
		}
		rows[first] += len(s.Tokens)
	}
	r.steps = append(r.steps, rows)
}

// since returns the steps made after the first n.
func (r *rowsBy) since(n int) []map[int32]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.steps[n:])
}

func (r *rowsBy) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.steps)
}

// job starts the patient questions of a number of documents, four about each, all at once.
func job(t *testing.T, m *Model, documents int) *sync.WaitGroup {
	var wg sync.WaitGroup
	for d := range documents {
		for _, r := range branches(prefixTokens(d+1, 100)) {
			r.Admitted, r.Tenant = true, "job"
			r.Tokens[0] = 1
			wg.Go(func() { requireAsAlone(t, m, t.Context(), r) })
		}
	}
	return &wg
}

// TestFirstTokenBesideABigJob: an interactive request that comes in the middle of a job
// of 20 documents breaks off the step that works for the job, is in the next one, and has
// four fifths of the rows until its first token; the job goes on beside it.
func TestFirstTokenBesideABigJob(t *testing.T) {
	m := steppedModel(t, Options{PrefillChunk: 64, Draft: -1, Batch: 8, Queue: 4, QueueTokens: 500})
	laid := &rowsBy{}
	m.toy.laid = laid.note
	working := job(t, m.Model, 20)
	m.stall()
	m.await(80)
	for range 20 {
		m.step()
	}
	before := laid.count()
	r := Request{Tokens: slices.Concat([]int32{2}, prefixTokens(50, 150)), MaxNewTokens: 5, Stop: []int32{}}
	want, err := plain(r, 0, nil, 400)
	require.NoError(t, err)
	var heard []int32
	r.OnToken = func(token Token) { heard = append(heard, token.ID) }
	ended := m.submit(t.Context(), r)
	m.stall() // no step ended: it was broken off
	require.EqualValues(t, 1, m.Stats().Interrupted)
	i := slices.IndexFunc(m.scheduler.active, func(q *sequence) bool { return !q.patient })
	for q := m.scheduler.active[i]; q.phase == reading; {
		m.step()
	}
	steps := laid.since(before)
	steps = steps[:len(steps)-1] // without the one in progress
	require.Len(t, steps, 3, "151 tokens, 52 a step")
	read := 0
	for _, rows := range steps {
		read += rows[2]
		require.Positive(t, rows[1], "the job goes on")
		require.LessOrEqual(t, rows[1], max(1, rows[2]/4))
	}
	require.Equal(t, 151, read)
	m.release()
	require.NoError(t, <-ended)
	for i, token := range want {
		require.Equal(t, token.ID, heard[i])
	}
	working.Wait()
}

// TestManyInteractiveRequestsLeaveAJobItsShare: with as many interactive requests as
// there are places, and more waiting, a patient request still gets a place and rows.
func TestManyInteractiveRequestsLeaveAJobItsShare(t *testing.T) {
	m := steppedModel(t, Options{PrefillChunk: 16, Draft: -1, Batch: 4, PrefixCache: -1})
	laid := &rowsBy{}
	m.toy.laid = laid.note
	var interactive sync.WaitGroup
	for i := range 12 {
		r := Request{Tokens: slices.Concat([]int32{2}, prefixTokens(i+3, 60)), MaxNewTokens: 8, Stop: []int32{}}
		interactive.Go(func() { requireAsAlone(t, m.Model, t.Context(), r) })
	}
	m.stall()
	m.await(12)
	r := Request{Tokens: slices.Concat([]int32{1}, prefixTokens(1, 20)), MaxNewTokens: 2, Stop: []int32{}, Patient: true}
	var patient sync.WaitGroup
	patient.Go(func() { requireAsAlone(t, m.Model, t.Context(), r) })
	m.await(13)
	from := laid.count()
	m.step()
	m.step()
	require.Len(t, m.scheduler.active, 5, "a place beside the batch")
	for m.inFlight() == 13 {
		m.step()
	}
	steps := laid.since(from)
	for _, rows := range steps[1 : len(steps)-1] { // up to the step that ended the request
		if rows[2] > 0 && rows[1] == 0 {
			t.Errorf("a step without the patient request: %v", rows)
		}
	}
	m.release()
	interactive.Wait()
	patient.Wait()
}

// TestTenantsTakeTurns: a tenant with two requests gets its places before the second half
// of another's many.
func TestTenantsTakeTurns(t *testing.T) {
	of := func(tenant string, seed int, patient bool) *sequence {
		q := newSequence(t.Context(), prefixTokens(seed, 20), 0, 10)
		q.tenant, q.patient = tenant, patient
		return q
	}
	s := &scheduler{batch: 4}
	for i := range 6 {
		s.waiting = append(s.waiting, of("many", i, true))
	}
	s.waiting = append(s.waiting, of("few", 20, true), of("few", 21, true), of("few", 22, false))
	var order []string
	for i := s.next(); i >= 0; i = s.next() {
		q := s.waiting[i]
		order = append(order, q.tenant)
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.active = append(s.active, q)
		q.phase = reading
	}
	require.Equal(t, []string{"few", "many", "few", "many"}, order, "the urgent one first, then in turns")
	require.Equal(t, []string{"many", "few", "many"}, tenants(s.patientReaders()))
	require.Equal(t, 1, reserved(4))

	s.waiting = append(s.waiting, of("late", 30, false))
	require.Equal(t, -1, s.next(), "the urgent class has its place")
	s.active[0].patient = true
	require.Equal(t, len(s.waiting)-1, s.next(), "a place beside the batch")
	s.room = 4
	require.Equal(t, -1, s.next(), "the device has no room")
}

func tenants(sequences []*sequence) (names []string) {
	for _, q := range sequences {
		names = append(names, q.tenant)
	}
	return names
}

// TestUrgentPromptsShareAStep: the short prompt is read whole in the first step, the long
// one has the rest.
func TestUrgentPromptsShareAStep(t *testing.T) {
	m := steppedModel(t, Options{PrefillChunk: 40, Draft: -1, PrefixCache: -1})
	laid := &rowsBy{}
	m.toy.laid = laid.note
	m.submit(t.Context(), Request{Tokens: []int32{9}, MaxNewTokens: 1, Stop: []int32{}})
	m.stall()
	for _, c := range []struct{ first, length int }{{1, 200}, {2, 5}, {3, 18}} {
		m.submit(t.Context(), Request{Tokens: slices.Concat([]int32{int32(c.first)}, prefixTokens(c.first, c.length-1)), MaxNewTokens: 1, Stop: []int32{}})
	}
	from := laid.count()
	m.step()
	require.Equal(t, []map[int32]int{{1: 17, 2: 5, 3: 18}}, laid.since(from))
	m.step()
	require.Equal(t, map[int32]int{1: 40}, laid.since(from)[1])
	m.release()
}

// TestArrivalsDoNotStopAJob: however many urgent requests arrive, no two steps in a row
// are broken off.
func TestArrivalsDoNotStopAJob(t *testing.T) {
	m := steppedModel(t, Options{Draft: -1, PrefixCache: -1, Batch: 2})
	r := Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: 20, Stop: []int32{}, Patient: true}
	long := m.submit(t.Context(), r)
	m.stall()
	r.Patient, r.MaxNewTokens = false, 1
	ctx, cancel := context.WithCancel(t.Context())
	m.submit(ctx, r)
	m.stall() // broken off
	for range 10 {
		m.submit(ctx, r)
	}
	require.EqualValues(t, 1, m.Stats().Interrupted)
	m.step()
	require.Positive(t, m.scheduler.active[0].cache.Len(), "the step was done")
	cancel()
	m.release()
	require.NoError(t, <-long)
}
