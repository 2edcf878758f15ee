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

	// codeMost is the int8 code of a 4-bit codebook's greatest value. fourMost is the
	// greatest sum of the codes of four activations that have one sign, before
	// rounding adds up to 2. See fast.go.
	codeMost = 86
	fourMost = 188

	// groupZeros is the number of bytes of a group's zeros, which its scales follow.
	groupZeros = 16

	// The formats of a group's scales, with the numbers that type Format gives them.
	scaleF32  = 0
	scaleBF16 = 1
	scaleF16  = 2

	// A block whose numbers are all smaller than tiny8 has zeros as int8 codes: the
	// inverse of its greatest number, times 127, could overflow.
	tiny8 = 0x1p-100
)

// Kernels that take more than a few arguments get a pointer to a struct of them. As
// kernels are called through function values, Go would put a struct of a single call
// on the heap: so callers keep the structs in scratch space. (Passed by value, they
// cost an attention kernel some percent.)
//
// The comments give the shapes of slices. "[n][yStride], tiles·16 of a row are written"
// says: there are n rows, row i begins at element i·yStride, and a kernel writes the
// first tiles·16 elements of each. Elements behind those belong to others. A slice of
// weights begins at the first tile that the call is for.

// vectorArgs are the arguments of matrixOps.vector.
type vectorArgs struct {
	y       []float32 // [n][yStride], tiles·16 of a row are written
	yStride int
	words   []uint32  // the tiles' weights or codes, see layout.go
	scales  []float32 // the tiles' scales, see layout.go
	x       []float32 // [n][xStride], k of a row are read
	xStride int
	n       int // number of tokens
	k       int // K with its padding
	tiles   int
	code    *[32]float32 // kinds with 4-bit codes: the codebook as the kernels look it up
	untied  int          // kinds that round: 1 if the tiles aren't tied, see ties.go

	// Kinds with zeros have these in place of scales and code.
	groups     []uint32 // the tiles' zeros and scales, see layout.go
	tileGroups int      // number of words that a tile has in groups
	group      int      // length of a group along K: whole blocks
	scale      int      // format of the scales: scaleF32, scaleBF16 or scaleF16
}

// blockArgs are the arguments of matrixOps.block.
type blockArgs struct {
	y           []float32 // [n][yStride], tiles·16 of a row are added to
	yStride     int
	panel       []float32 // [tiles][panelStride], k·16 of a row are read, as [k][16]
	panelStride int
	x           []float32 // [k][n]
	scales      []float32 // [tiles][scaleStride], 16 of a row are read
	scaleStride int
	k           int // length of the block along K, a multiple of 4
	n           int // number of tokens
	tiles       int
}

// fastVectorArgs are the arguments of fastOps.fastVector.
type fastVectorArgs struct {
	y       []float32 // [n][yStride], tiles·16 of a row are written
	yStride int
	words   []uint32  // as in vectorArgs
	scales  []float32 // as in vectorArgs
	x       []uint32  // [K/64][xStride][16] words of four codes each
	xScales []float32 // [blocks][xStride]
	starts  []int32   // [blocks][xStride], see fastOps.raised4
	xStride int       // number of tokens that x has room for; the first n are read
	n       int       // number of tokens
	k       int       // K with its padding
	tiles   int
	code    *[16]int8 // kinds with 4-bit codes: the codebook

	// Kinds with zeros have these in place of scales and code, as in vectorArgs.
	groups     []uint32
	tileGroups int
	group      int
	scale      int
}

// groupArgs are the arguments of matrixOps.group.
type groupArgs struct {
	scales     []float32 // [tiles][16], written
	zeros      []float32 // [tiles][16], written
	words      []uint32  // the tiles' groups; begins at the group that is read of the first tile
	tileGroups int       // number of words from a tile's group to that of the next tile
	tiles      int
	scale      int // format of the scales: scaleF32, scaleBF16 or scaleF16
}

// fastBlockArgs are the arguments of fastOps.fastBlock4 and fastBlock8.
type fastBlockArgs struct {
	y           []float32 // [n][yStride], tiles·16 of a row are written: from plus the products
	yStride     int
	from        []float32 // [n][fromStride], tiles·16 of a row are read; may be y itself
	fromStride  int
	panel       []uint32 // [tiles][panelStride]
	panelStride int
	x           []uint32  // [n][16] words of four codes each; the first k codes of a row are read
	xScales     []float32 // [n]
	starts      []int32   // [n], see fastOps.raised4
	scales      []float32 // [tiles][scaleStride], 16 of a row are read
	scaleStride int
	k           int // length of the block along K: 64, and 32 of int8
	n           int // number of tokens
	tiles       int
}

// channelArgs are the arguments of fastOps.addChannel.
type channelArgs struct {
	y           []float32 // [token][yStride], tiles·16 of each row that tokens names are added to
	yStride     int
	words       []uint32 // [tiles][wordStride], 16 of a row are read
	wordStride  int
	scales      []float32 // [tiles][scaleStride], 16 of a row are read
	scaleStride int
	zeros       []float32 // kinds with zeros: as scales
	shift       int       // the first bit of the channel's codes in words
	tiles       int
	tokens      []uint32     // the tokens that have an outlier in the channel
	x           []float32    // [len(tokens)], the outliers of these tokens
	code        *[32]float32 // kinds with 4-bit codes: the codebook as the kernels look it up
}

// scoresArgs are the arguments of vectorOps.scores32, whose keys are float32, and of
// scores16, whose keys are float16.
type scoresArgs[T float32 | uint16] struct {
	dst       []float32 // [rows][dstStride], the first positions of a row are written
	dstStride int
	q         []float32 // [rows][dim]
	k         []T       // [dim][PageSize]: a page's keys, transposed
	next      []T       // what is read after k, which the kernel may fetch into the processor's cache
	dim       int
	rows      int // number of query rows, rowTile at most
	positions int // number of positions, a multiple of 16, PageSize at most
}

// weighArgs are the arguments of vectorOps.weigh32, whose values are float32, and of
// weigh16, whose values are float16.
type weighArgs[T float32 | uint16] struct {
	dst          []float32 // [rows][vStride]
	weights      []float32 // [rows][weightStride], the first positions of a row are read
	weightStride int
	v            []T // [positions][vStride]: a page's values
	next         []T // what is read after v, which the kernel may fetch into the processor's cache
	vStride      int // a multiple of 16
	rows         int // number of query rows, rowTile at most
	positions    int
}
