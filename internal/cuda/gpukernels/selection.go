package gpukernels

import (
	"encoding/binary"
	"math"

	driver "github.com/medner/medner/internal/cuda"
)

// Choice says under what a row of logits is chosen from; everything it points
// at is in device memory. Bitmaps hold id i in bit i%64 of word i/64 and zeros
// past their end. It means what [kernels.Selection] means.
type Choice struct {
	Row          int     // of the logits
	Penalty      float32 // 1 or 0: none
	Seen         driver.Ptr
	SeenWords    int
	Allowed      driver.Ptr // 0: all
	AllowedWords int
	Also         driver.Ptr // int32 ids
	Alsos        int
	Probe        driver.Ptr // int32 ids, below the vocabulary
	Probes       int
}

// ChoiceBytes and OutcomeBytes are the sizes in device memory.
const (
	ChoiceBytes  = 64
	OutcomeBytes = 32
)

// Put writes the choice for device memory.
func (c *Choice) Put(dst []byte) {
	for i, p := range []driver.Ptr{c.Seen, c.Allowed, c.Also, c.Probe} {
		binary.LittleEndian.PutUint64(dst[8*i:], uint64(p))
	}
	for i, v := range []uint32{
		uint32(c.SeenWords), uint32(c.AllowedWords), uint32(c.Alsos), uint32(c.Probes), math.Float32bits(c.Penalty), uint32(c.Row), 0, 0,
	} {
		binary.LittleEndian.PutUint32(dst[32+4*i:], v)
	}
}

// Status says how a choice went.
type Status int32

// Chosen has an ID; NotFinite a Bad id of the first logit that is NaN or
// infinite, and its Value; NothingAllowed neither.
const (
	Chosen Status = iota
	NotFinite
	NothingAllowed
)

// Outcome is what was chosen.
type Outcome struct {
	ID      int32
	LogProb float32 // of ID, by the raw logits
	Status  Status
	Bad     int32
	Value   float32
}

// ReadOutcome reads an outcome copied from device memory.
func ReadOutcome(src []byte) Outcome {
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(src[4*i:]) }
	return Outcome{
		ID: int32(word(0)), LogProb: math.Float32frombits(word(1)), Status: Status(word(2)),
		Bad: int32(word(3)), Value: math.Float32frombits(word(4)),
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

// Select makes greedy choices from logits, [any rows][vocab] float32: choices
// is [rows] of ChoiceBytes, outcomes [rows] of OutcomeBytes, and probes,
// [rows][mostProbes] float32, receives the log-probabilities of each choice's
// Probe. Bits are those of [kernels.Selector.Select].
func (k *Kernels) Select(s driver.Stream, outcomes, probes, choices, logits, scratch driver.Ptr, rows Rows, mostProbes, vocab int) error {
	if err := rows.check(); err != nil {
		return err
	}
	chunks := ceilDiv(vocab, selectChunk)
	for _, name := range []string{"select_scan", "select_sum"} {
		if err := k.launch(s, name, dim(chunks, rows.Most), dim(256, 1), 0,
			scratch, choices, logits, rows.Count, rows.Most, vocab); err != nil {
			return err
		}
	}
	return k.launch(s, "select_finish", dim(rows.Most, 1), dim(256, 1), 0,
		outcomes, probes, mostProbes, scratch, choices, logits, rows.Count, rows.Most, vocab, chunks)
}
