package gpukernels

import (
	"encoding/binary"
	"fmt"
	"math"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/kinds"
)

// LowRank is what one adapter does to a linear map:
// y ← RowScale ∘ (y + Scale · Up (Down x)) + Bias. The zero LowRank does nothing.
type LowRank struct {
	Down, Up *Weights // [rank][inputs] and [outputs][rank], both dense; nil: no low-rank path
	Scale    float32
	RowScale driver.Ptr // [outputs] float32; 0: ones
	Bias     driver.Ptr // [outputs] float32 in place of the bias of the map; 0: that bias stays
}

// LowRankBytes is the bytes of a LowRank in device memory, an entry of a table.
const LowRankBytes = 48

// Put writes an entry of a table to dst, which is then copied to the device.
func (l *LowRank) Put(dst []byte) error {
	var down, up driver.Ptr
	var kindDown, kindUp kinds.Kind
	rank := 0
	if l.Down != nil {
		if l.Up == nil || l.Down.Rows != l.Up.Cols {
			return fmt.Errorf("gpukernels: a low-rank factor down of rank %d needs an up of as many columns", l.Down.Rows)
		}
		var err error
		if kindDown, err = denseKind(l.Down); err != nil {
			return err
		}
		if kindUp, err = denseKind(l.Up); err != nil {
			return err
		}
		down, up, rank = l.Down.Data, l.Up.Data, l.Down.Rows
	}
	for i, v := range []uint64{uint64(down), uint64(up), uint64(l.RowScale), uint64(l.Bias)} {
		binary.LittleEndian.PutUint64(dst[8*i:], v)
	}
	for i, v := range []uint32{uint32(rank), uint32(kindDown), uint32(kindUp), math.Float32bits(l.Scale)} {
		binary.LittleEndian.PutUint32(dst[32+4*i:], v)
	}
	return nil
}

// denseKind returns the kind of a low-rank factor, which must be dense.
func denseKind(w *Weights) (kinds.Kind, error) {
	if k := w.kind(); !k.Form().Scaled() {
		return k, nil
	}
	return 0, fmt.Errorf("gpukernels: low-rank factor in %s", w.Format)
}

// LowRankDown computes the first half of the low-rank paths of up to three linear
// maps of one input: hidden = Down x, for the rows whose adapter has such a path.
//
//	x         [rows][cols] in the input type
//	adapters  [rows] int32: the adapter of each row, or -1
//	tables    for each map the address of its table, [adapters] entries; 0: no adapter has a path
//	hidden    [maps][Most][mostRank] float32; no rank is above mostRank
func (k *Kernels) LowRankDown(s driver.Stream, hidden, x, adapters driver.Ptr, rows Rows, cols, mostRank int, tables ...driver.Ptr) error {
	if err := rows.check(); err != nil {
		return err
	}
	if len(tables) == 0 || len(tables) > maxMaps {
		return fmt.Errorf("gpukernels: low-rank paths of %d maps at once", len(tables))
	}
	var t [maxMaps]driver.Ptr
	copy(t[:], tables)
	grid := driver.Dim{X: uint32(ceilDiv(mostRank, 4)), Y: uint32(rows.Most), Z: uint32(len(tables))}
	return k.launch(s, "lowrank_down"+k.input(), grid, dim(128, 1), 0,
		hidden, t[0], t[1], t[2], x, adapters, rows.Count, rows.Most, cols, mostRank)
}

// LowRankHidden returns the address of one map's part of hidden, for LowRankUp.
func LowRankHidden(hidden driver.Ptr, rows Rows, mostRank, which int) driver.Ptr {
	return hidden + driver.Ptr(which*rows.Most*mostRank*4)
}

// LowRankUp finishes a linear map whose product y, [rows][outputs] float32, has no
// bias and no residual yet, each row under its adapter:
//
//	out = Residual + (RowScale ∘ (y + Scale·(Up hidden)) + bias)
//
// p.Y is y, and p.W is not used. out may be p.Y or p.Residual.
func (k *Kernels) LowRankUp(s driver.Stream, out, hidden, table, adapters driver.Ptr, rows Rows, outputs, mostRank int, p Product) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "lowrank_up", dim(ceilDiv(outputs, 128), rows.Most), dim(128, 1), 0,
		out, p.Y, hidden, table, p.Bias, p.Residual, adapters, rows.Count, rows.Most, outputs, mostRank)
}
