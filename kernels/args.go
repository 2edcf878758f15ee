package kernels

// The generators of assembly read this file: sizes, and the structs of arguments.
// It refers to nothing outside it.

// PageSize is the number of positions in a page of the KV cache.
const PageSize = 64

const (
	// rowTile is the number of query rows that one call of an attention kernel
	// takes at most. A query row is the query of one head at one position.
	rowTile = 6

	// transposeRows is the number of rows that a transposition takes at most, and
	// the number of positions written to the cache at a time: few, so that they
	// stay in the first-level cache.
	transposeRows = 8

	// panelTiles is the number of tiles whose weights are expanded together: 64
	// rows by 64 along K as float32 are 16 KiB, half of a first-level cache.
	panelTiles = 4

	// codeMost is the code of a 4-bit codebook's greatest value, and fourMost what
	// the codes of four activations of one sign sum to at most, before rounding
	// adds up to 2: see fast.go.
	codeMost = 86
	fourMost = 188

	// groupZeros is the bytes of a group's zeros, which come before its scales.
	groupZeros = 16

	// The formats of a group's scales: those of type Format.
	scaleF32  = 0
	scaleBF16 = 1
	scaleF16  = 2

	// tiny8 is the greatest magnitude, not included, of blocks that int8 codes hold
	// as zeros: its inverse times 127 must not overflow.
	tiny8 = 0x1p-100
)

// Kernels that take more than a few arguments get a pointer to a struct of them. Go
// moves what such a pointer points to, to the heap, as kernels are called through
// function values: so callers keep the structs in scratch space. (Passed by value,
// they cost an attention kernel some percent.)
//
// Of two dimensions, a stride is the distance from one row to the next, in
// elements.

// vectorArgs are the arguments of matrixOps.vector.
type vectorArgs struct {
	y       []float32 // [n][yStride], of which tiles·16 are written
	yStride int
	words   []uint32 // of the tiles, see layout.go
	scales  []float32
	x       []float32 // [n][xStride], of which k are read
	xStride int
	n       int // tokens
	k       int // K with its padding
	tiles   int
	code    *[32]float32 // the codebook's lookup, of 4 bits

	// Of kinds with zeros, in place of scales and code.
	groups     []uint32 // of the tiles, see layout.go
	tileGroups int      // words of a tile's groups
	group      int      // steps along K of a group, whole blocks
	scale      int      // the format of scales: scaleF32, scaleBF16 or scaleF16
}

// blockArgs are the arguments of matrixOps.block.
type blockArgs struct {
	y           []float32 // [n][yStride], of which tiles·16 are added to
	yStride     int
	panel       []float32 // [tiles][panelStride], of which [k][16] are read
	panelStride int
	x           []float32 // [k][n]
	scales      []float32 // [tiles][scaleStride], of which 16 are read
	scaleStride int
	k           int // steps of K, a multiple of 4
	n           int // tokens
	tiles       int
}

// fastVectorArgs are the arguments of fastOps.fastVector.
type fastVectorArgs struct {
	y       []float32 // [n][yStride], of which tiles·16 are written
	yStride int
	words   []uint32
	scales  []float32
	x       []uint32  // [K/64][xStride][16] words of four codes
	xScales []float32 // [blocks][xStride]
	starts  []int32   // [blocks][xStride], see fastOps.raised4
	xStride int       // tokens of a block, of which n are read
	n       int       // tokens
	k       int       // K with its padding
	tiles   int
	code    *[16]int8 // of 4 bits

	// Of kinds with zeros, as in vectorArgs.
	groups     []uint32
	tileGroups int
	group      int
	scale      int
}

// groupArgs are the arguments of matrixOps.group.
type groupArgs struct {
	scales     []float32 // [tiles][16]
	zeros      []float32 // [tiles][16]
	words      []uint32  // of the tiles' groups, from one on
	tileGroups int       // words of a tile's groups
	tiles      int
	scale      int // the format of scales
}

// fastBlockArgs are the arguments of fastOps.fastBlock4 and fastBlock8.
type fastBlockArgs struct {
	y           []float32 // [n][yStride], of which tiles·16 are written
	yStride     int
	from        []float32 // [n][fromStride]: what the products are added to; may be y
	fromStride  int
	panel       []uint32 // [tiles][panelStride]
	panelStride int
	x           []uint32  // [n][16] words of four codes, of which k codes are read
	xScales     []float32 // [n]
	starts      []int32   // [n], see fastOps.raised4
	scales      []float32 // [tiles][scaleStride], of which 16 are read
	scaleStride int
	k           int // steps of K: 64, or 32 of int8
	n           int // tokens
	tiles       int
}

// channelArgs are the arguments of fastOps.addChannel.
type channelArgs struct {
	y           []float32 // [token][yStride], of which tiles·16 are added to
	yStride     int
	words       []uint32 // [tiles][wordStride], of which 16 are read
	wordStride  int
	scales      []float32 // [tiles][scaleStride], of which 16 are read
	scaleStride int
	zeros       []float32 // of kinds with zeros, as scales
	shift       int       // the first bit of the channel's codes in words
	tiles       int
	tokens      []uint32 // that have an outlier in the channel
	x           []float32
	code        *[32]float32 // the codebook's lookup, of 4 bits
}

// scoresArgs are the arguments of vectorOps.scores32 and scores16, whose keys
// are float32 or float16.
type scoresArgs[T float32 | uint16] struct {
	dst       []float32 // [rows][dstStride], of which positions are written
	dstStride int
	q         []float32 // [rows][dim]
	k         []T       // [dim][PageSize]
	next      []T       // as k: is wanted soon
	dim       int
	rows      int // queries, rowTile at most
	positions int // a multiple of 16, PageSize at most
}

// weighArgs are the arguments of vectorOps.weigh32 and weigh16, whose values are
// float32 or float16.
type weighArgs[T float32 | uint16] struct {
	dst          []float32 // [rows][vStride]
	weights      []float32 // [rows][weightStride], of which positions are read
	weightStride int
	v            []T // [positions][vStride]
	next         []T // as v: is wanted soon
	vStride      int // a multiple of 16
	rows         int // queries, rowTile at most
	positions    int
}
