package quant

import "encoding/binary"

// nibbles is a matrix of 4-bit numbers in little-endian words of 32 bits. A word
// holds 8 neighbours along one axis; nibble 0 of a word is its lowest.
type nibbles struct {
	data []byte
	// down says that a word holds 8 rows of one column. If not, it holds 8 columns of
	// one row.
	down bool
	// rowStep and colStep are the words from a row, and from a column, to the
	// next. Along the axis of the 8 neighbours the step is to the next 8.
	rowStep, colStep int
	// order[i] is the nibble that holds neighbour i.
	order *[8]uint8
}

// The orders of nibbles in a word. AWQ's puts neighbour 0 into nibble 0, neighbour 1
// into nibble 4, neighbour 2 into nibble 1 and so on.
var (
	ascending  = [8]uint8{0, 1, 2, 3, 4, 5, 6, 7}
	interlaced = [8]uint8{0, 4, 1, 5, 2, 6, 3, 7}
)

// word returns the word at an index.
func (n *nibbles) word(i int) uint32 { return binary.LittleEndian.Uint32(n.data[4*i:]) }

// at returns the number at a row and column.
func (n *nibbles) at(row, col int) byte {
	within := col % 8
	if n.down {
		within = row % 8
		row /= 8
	} else {
		col /= 8
	}
	return byte(n.word(row*n.rowStep+col*n.colStep)>>(4*n.order[within])) & 15
}

// readRows writes rows of cols numbers from a row on, two in a byte, the first of
// them in the high nibble. A row of an odd number ends in a byte whose low nibble
// is 0.
func (n *nibbles) readRows(dst []byte, rows, cols, from int) {
	if n.down {
		n.readDown(dst, rows, cols, from)
		return
	}
	size := ceilDiv(cols, 2)
	for at := 0; at < size; at += 4 {
		left := min(4, size-at)
		for row := range rows {
			w := n.word((from+row)*n.rowStep + at/4*n.colStep)
			w = w>>4&0x0f0f0f0f | w<<4&0xf0f0f0f0
			line := dst[row*size+at:]
			if left == 4 {
				binary.LittleEndian.PutUint32(line, w)
				continue
			}
			for i := range left {
				line[i] = byte(w >> (8 * i))
			}
		}
	}
	if cols%2 == 1 {
		for row := range rows {
			dst[(row+1)*size-1] &= 0xf0
		}
	}
}

// readDown does what readRows does, of words that hold 8 rows of a column.
func (n *nibbles) readDown(dst []byte, rows, cols, from int) {
	size := ceilDiv(cols, 2)
	for row := from; row < from+rows; {
		eight := row / 8
		end := min(8*eight+8, from+rows)
		for at := range size {
			first := n.word(eight*n.rowStep + 2*at*n.colStep)
			second := uint32(0)
			if 2*at+1 < cols {
				second = n.word(eight*n.rowStep + (2*at+1)*n.colStep)
			}
			for r := row; r < end; r++ {
				shift := 4 * n.order[r%8]
				dst[(r-from)*size+at] = byte(first>>shift&15<<4 | second>>shift&15)
			}
		}
		row = end
	}
}
