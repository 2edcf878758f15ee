package model

import (
	"time"

	"github.com/medner/medner/model/internal/backend"
)

// step makes one pass over the weights: the latest token of every sequence
// that is being written, with drafted tokens after it, and as much of the
// prompts that are being read as a step may hold. Beside urgent prompts, patient
// sequences get a small part of the step.
func (s *scheduler) step() {
	s.number++
	s.spans, s.running = s.spans[:0], s.running[:0]
	budget := s.readBudget()
	rows := s.addUrgentReaders(s.urgentBudget(budget))
	spare := spareRows(rows) // for patient sequences; -1: any number
	patient := s.patientWriters(spare)
	if budget -= rows; spare >= 0 {
		budget = min(budget, spare-len(patient))
	}
	rows += s.addPatientReaders(budget)
	s.addWriters(rows, patient, spare < 0)
	if len(s.running) == 0 {
		return // the callers of all have just left
	}
	s.perform(rows, spare < 0 && !s.brokenOff)
}

// perform makes the step that was laid out, which reads a number of tokens, and hands
// out what it brought. If it yields and works for a patient sequence, the arrival of
// an urgent one breaks it off.
func (s *scheduler) perform(read int, yields bool) {
	ctx, ok := s.guard.begin(s.running, yields)
	if s.brokenOff = !ok; !ok {
		return // an urgent sequence has just arrived
	}
	start := time.Now()
	err := s.compute(ctx)
	took := time.Since(start)
	s.brokenOff = s.guard.end() && err != nil
	s.stats.update(func(st *Stats) {
		st.Steps++
		st.StepTime += took
		if s.brokenOff {
			st.Interrupted++
		}
	})
	switch {
	case err == nil:
		s.pace.observe(rowsOf(s.spans), took)
		s.settle(read, took)
	case ctx.Err() != nil:
		// Nobody waits for the step any more, and admit drops its sequences; or an
		// urgent sequence has arrived, and the step is laid out anew.
	default:
		s.fail(err)
	}
}

// rowsOf returns how many tokens spans have.
func rowsOf(spans []backend.Span) (n int) {
	for _, span := range spans {
		n += len(span.Tokens)
	}
	return n
}

// settle hands out what a step brought that read a number of tokens.
func (s *scheduler) settle(read int, took time.Duration) {
	s.stats.observe(read, took)
	for i, q := range s.running {
		if q.phase == reading {
			s.gate.read(q, len(s.spans[i].Tokens))
		}
		q.task.settle(s)
	}
}

// add puts a sequence's span into the step.
func (s *scheduler) add(q *sequence, tokens []int32) {
	s.spans = append(s.spans, backend.Span{Cache: q.cache, Tokens: tokens, Adapter: q.adapter, Rows: q.rows})
	s.running = append(s.running, q)
}

// addWriter adds a sequence to the writers of the step, with at most drafts drafted tokens.
func (s *scheduler) addWriter(q *sequence, drafts int) {
	t := q.task.(*writer) // the only task that comes to this phase
	t.lookup(drafts)
	s.writers = append(s.writers, t)
	s.drafts = append(s.drafts, draft{ids: t.draft, first: t.odds.first[t.gram], next: t.odds.next})
}

// addWriters adds the sequences that are being written, the urgent ones and the given
// patient ones, each with as many drafted tokens as are worth verifying beside the
// readRows rows that the step has already. Patient sequences get drafts only if
// patientDrafts is true.
func (s *scheduler) addWriters(readRows int, patient []*sequence, patientDrafts bool) {
	s.writers, s.drafts = s.writers[:0], s.drafts[:0]
	for _, q := range s.active {
		if q.phase == writing && !q.patient {
			s.addWriter(q, s.draft)
		}
	}
	drafts := 0
	if patientDrafts {
		drafts = s.draft
	}
	for _, q := range patient {
		s.addWriter(q, drafts)
	}
	s.chooseDrafts(readRows+len(s.writers), s.drafts)
	for i, t := range s.writers {
		if !t.claim(func() { t.ask(1+s.drafts[i].take, s.vocab) }) {
			continue
		}
		t.span = append(append(t.span[:0], t.tokens[len(t.tokens)-1]), t.draft[:len(t.rows)-1]...)
		s.add(t.sequence, t.span)
		t.lastStep = s.number
	}
}
