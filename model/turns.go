package model

import (
	"cmp"
	"slices"
	"time"
)

// Requests share the batch in two classes: urgent ones, for whose tokens somebody waits,
// and patient ones. Neither class keeps the other out:
//
//   - each has places beside the batch for a quarter of its size, which it takes where it
//     has fewer than those and the batch is full;
//   - a free place in the batch goes to an urgent sequence first;
//   - a step that reads urgent prompts has rows of patient sequences for a quarter of
//     the rows of those prompts, so that the first token of an urgent request comes about
//     as soon as it would alone.
//
// Within a class, tenants take turns: a place goes to the tenant that has the fewest.

// reserved returns how many places each class has beside a batch.
func reserved(batch int) int { return max(1, batch/4) }

// placesFor reports whether there is a place for a waiting sequence of a class.
func (s *scheduler) placesFor(patient bool) bool {
	n := len(s.active)
	if s.room > 0 && n >= s.room {
		return false
	}
	if n < s.batch {
		return true
	}
	own := 0
	for _, q := range s.active {
		if q.patient == patient {
			own++
		}
	}
	return own < reserved(s.batch) && n < s.batch+reserved(s.batch)
}

// next returns the index of the waiting sequence that gets the next place; -1 if there
// is no place for any.
func (s *scheduler) next() int {
	for _, patient := range []bool{false, true} {
		if s.placesFor(patient) {
			if i := s.nextOf(patient); i >= 0 {
				return i
			}
		}
	}
	return -1
}

// nextOf returns the index of the waiting sequence of a class that gets the next place:
// of the tenant with the fewest places, the first sibling of an active sequence, or else
// the sequence that has waited longest. Siblings that overtook others attract none
// themselves, so that the others wait no longer than until the sequences end that are
// active now. It returns -1 where no sequence of the class waits.
func (s *scheduler) nextOf(patient bool) int {
	first := s.firstInTurn(patient)
	if first < 0 {
		return -1
	}
	tenant := s.waiting[first].tenant
	for i, q := range s.ahead() {
		if q.patient != patient || q.tenant != tenant {
			continue
		}
		for _, r := range s.active {
			if !r.overtook && areSiblings(q, r) {
				q.overtook = q.overtook || i > first
				return i
			}
		}
	}
	return first
}

// firstInTurn returns the index of the sequence that has waited longest, among those of
// a class whose tenants have the fewest places.
func (s *scheduler) firstInTurn(patient bool) int {
	places := map[string]int{}
	for _, q := range s.active {
		if q.patient == patient {
			places[q.tenant]++
		}
	}
	first := -1
	for i, q := range s.waiting {
		if q.patient == patient && (first < 0 || places[q.tenant] < places[s.waiting[first].tenant]) {
			first = i
		}
	}
	return first
}

// place gives the waiting sequence at an index its place: waiting → reading.
func (s *scheduler) place(i int) {
	q := s.waiting[i]
	s.waiting = slices.Delete(s.waiting, i, i+1)
	s.active = append(s.active, q)
	q.phase = reading
	q.placed = time.Now()
	q.timings.Queued = q.placed.Sub(q.submitted)
	q.task.begin(s)
}

// patientReaders returns the patient sequences that are being read: the first of each
// tenant in order of admission, then the second of each, and so on.
func (s *scheduler) patientReaders() []*sequence {
	var readers []*sequence
	for _, q := range s.active {
		if q.phase == reading && q.patient {
			readers = append(readers, q)
		}
	}
	if len(readers) < 2 {
		return readers
	}
	turn := map[*sequence]int{} // how many of the tenant's sequences come before this one
	before := map[string]int{}
	for _, q := range readers {
		turn[q] = before[q.tenant]
		before[q.tenant]++
	}
	slices.SortStableFunc(readers, func(a, b *sequence) int { return cmp.Compare(turn[a], turn[b]) })
	return readers
}

// urgentBudget returns how many of the tokens that a step may read are for urgent
// prompts: all, or four fifths where patient prompts are being read.
func (s *scheduler) urgentBudget(budget int) int {
	for _, q := range s.active {
		if q.phase == reading && q.patient {
			return max(1, budget-budget/5)
		}
	}
	return budget
}

// spareRows returns how many rows of patient sequences a step may have that reads a
// number of tokens of urgent prompts; -1: any number, as it reads none.
func spareRows(urgent int) int {
	if urgent == 0 {
		return -1
	}
	return max(1, urgent/4)
}

// patientWriters returns the patient sequences that are being written. If most is not
// negative, it returns at most so many: those that a step wrote for the longest ago.
func (s *scheduler) patientWriters(most int) []*sequence {
	s.patient = s.patient[:0]
	for _, q := range s.active {
		if q.phase == writing && q.patient {
			s.patient = append(s.patient, q)
		}
	}
	if most >= 0 && most < len(s.patient) {
		slices.SortStableFunc(s.patient, func(a, b *sequence) int { return cmp.Compare(a.lastStep, b.lastStep) })
		return s.patient[:most]
	}
	return s.patient
}
