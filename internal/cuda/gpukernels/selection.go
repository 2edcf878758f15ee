package gpukernels

import (
	"encoding/binary"
	"math"

	"github.com/medner/medner/internal/choice"
	driver "github.com/medner/medner/internal/cuda"
)

// Lists are the addresses in device memory of what a [choice.Rule] lists; 0 of
// a list that is empty.
type Lists struct {
	Penalised, Allowed driver.Ptr // bitmaps: 64-bit words
	Drafted, Probes    driver.Ptr // int32 ids; the probes are below the vocabulary
}

// RuleBytes and ChoiceBytes are the sizes in device memory.
const (
	RuleBytes   = 64
	ChoiceBytes = 32
)

// PutRule writes a rule for device memory: the choice from row of the logits is
// made under r, whose lists lie at the addresses. An Allowed without words
// allows nothing; nil allows all.
func PutRule(dst []byte, row int, r *choice.Rule, at Lists) {
	if r.Allowed == nil {
		at.Allowed = 0
	} else if at.Allowed == 0 {
		at.Allowed = noWords
	}
	for i, p := range []driver.Ptr{at.Penalised, at.Allowed, at.Drafted, at.Probes} {
		binary.LittleEndian.PutUint64(dst[8*i:], uint64(p))
	}
	for i, v := range []uint32{
		uint32(len(r.Penalised)), uint32(len(r.Allowed)), uint32(len(r.Drafted)), uint32(len(r.Probes)),
		math.Float32bits(r.Penalty), uint32(row), 0, 0,
	} {
		binary.LittleEndian.PutUint32(dst[32+4*i:], v)
	}
}

// noWords is an address that differs from 0 and that no kernel reads, since it
// comes with a count of no words.
const noWords driver.Ptr = 8

// What the kernels call a choice that was made, and why one was not.
const (
	statusChosen = iota
	statusNotFinite
	statusNothingAllowed
)

// ReadChoice reads a choice copied from device memory into c, all but the
// log-probabilities of probes.
func ReadChoice(src []byte, c *choice.Choice) {
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(src[4*i:]) }
	*c = choice.Choice{ProbeLogProbs: c.ProbeLogProbs[:0]}
	switch word(2) {
	case statusChosen:
		c.ID, c.LogProb = int32(word(0)), math.Float32frombits(word(1))
	case statusNotFinite:
		c.Err = &choice.NotFiniteError{ID: int(word(3)), Value: math.Float32frombits(word(4))}
	case statusNothingAllowed:
		c.Err = choice.ErrNothingAllowed
	}
}

// selectChunk is the run of the vocabulary that a block takes, and
// foundBytes what it finds.
const (
	selectChunk = 1024
	foundBytes  = 20
)

// SelectBytes is the scratch memory that Select needs.
func (k *Kernels) SelectBytes(rows Rows, vocab int) uint64 {
	return uint64(rows.Most) * uint64(ceilDiv(vocab, selectChunk)) * foundBytes
}

// Select makes greedy choices from logits, [any rows][vocab] float32: rules is
// [rows] of RuleBytes, choices [rows] of ChoiceBytes, and probes,
// [rows][mostProbes] float32, receives the log-probabilities of each rule's
// probes. Bits are those of package hostchoice.
func (k *Kernels) Select(s driver.Stream, choices, probes, rules, logits, scratch driver.Ptr, rows Rows, mostProbes, vocab int) error {
	if err := rows.check(); err != nil {
		return err
	}
	chunks := ceilDiv(vocab, selectChunk)
	for _, name := range []string{"select_scan", "select_sum"} {
		if err := k.launch(s, name, dim(chunks, rows.Most), dim(256, 1), 0,
			scratch, rules, logits, rows.Count, rows.Most, vocab); err != nil {
			return err
		}
	}
	return k.launch(s, "select_finish", dim(rows.Most, 1), dim(256, 1), 0,
		choices, probes, mostProbes, scratch, rules, logits, rows.Count, rows.Most, vocab, chunks)
}
