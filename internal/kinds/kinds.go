// Package kinds is the table of the forms in which weights lie in memory and
// enter products. Package kernels, the generators of its assembly and the GPU's
// kernels (whose header src/kinds.cuh is generated) take what they need from it.
package kinds

// TileRows is the number of rows that are packed together: a lane of a vector
// each.
const TileRows = 16

// The steps along K of one partial sum: Int8Block in Int8, 32 in U4x32, and BlockK in
// every other kind.
const (
	BlockK    = 64
	Int8Block = 32
)

// A Kind is a form of packed weights with its arithmetic: for each there are
// kernels of its own. GPU kernels know it by its number.
type Kind uint8

// The kinds.
const (
	F32 Kind = iota
	BF16
	F16
	Int8
	Bits4     // 4 bits, weight = code·scale
	Bits4BF16 // 4 bits, weight = code·scale rounded to bfloat16
	Bits4F16  // 4 bits, weight = code·scale rounded to float16
	U4        // 4 bits, weight = (code − zero)·scale
	U4x32     // U4 in blocks of 32
	Count
)

// Scaling says where the scale of a block enters a product.
type Scaling uint8

// The scalings. One row of weights and a block of K make, of activations x,
//
//	Unscaled       y += Σ w·x
//	AfterSum       y += scale·Σ code·x, or with zero points y += scale·Σ (code − zero)·x
//	BeforeSum      y += Σ round(code·scale)·x
const (
	Unscaled Scaling = iota
	AfterSum
	BeforeSum
)

// Rounding names the format that a scaled weight is rounded to before it enters a sum.
type Rounding uint8

// The roundings, to nearest, ties to even.
const (
	Exact Rounding = iota
	ToBF16
	ToF16
)

// A Form describes a kind.
type Form struct {
	Name   string // in names of CPU kernels
	Device string // in names of GPU kernels
	CUDA   string // the constant in CUDA sources

	Bits  int // of a code
	Block int // steps along K of one partial sum, which share a scale and a zero if the kind has them
	// K is padded to a multiple of Align in the layout of the CPU, and of DeviceAlign in
	// the layout of the GPU.
	Align, DeviceAlign int

	Scale Scaling
	// Zeros says that codes are relative to zero points. A run of blocks, a group,
	// shares a scale and a zero.
	Zeros    bool
	Codebook bool // codes stand for 16 values of the matrix's own
	Round    Rounding
}

// Table has a form for each kind.
var Table = [Count]Form{
	F32:  {Name: "F32", Device: "f32", CUDA: "F32", Bits: 32, Block: BlockK, Align: 8, DeviceAlign: 16},
	BF16: {Name: "BF16", Device: "bf16", CUDA: "BF16", Bits: 16, Block: BlockK, Align: 8, DeviceAlign: 16},
	F16:  {Name: "F16", Device: "f16", CUDA: "F16", Bits: 16, Block: BlockK, Align: 8, DeviceAlign: 16},
	Int8: {Name: "Int8", Device: "int8", CUDA: "INT8", Bits: 8, Block: Int8Block, Align: Int8Block, DeviceAlign: 64, Scale: AfterSum},
	Bits4: {Name: "4", Device: "4bit", CUDA: "BITS4", Bits: 4, Block: BlockK, Align: BlockK, DeviceAlign: 64,
		Scale: AfterSum, Codebook: true},
	Bits4BF16: {Name: "4BF16", Device: "4bit_bf16", CUDA: "BITS4_BF16", Bits: 4, Block: BlockK, Align: BlockK, DeviceAlign: 64,
		Scale: BeforeSum, Codebook: true, Round: ToBF16},
	Bits4F16: {Name: "4F16", Device: "4bit_f16", CUDA: "BITS4_F16", Bits: 4, Block: BlockK, Align: BlockK, DeviceAlign: 64,
		Scale: BeforeSum, Codebook: true, Round: ToF16},
	U4:    {Name: "U4", Device: "u4", CUDA: "U4", Bits: 4, Block: BlockK, Align: BlockK, DeviceAlign: 64, Scale: AfterSum, Zeros: true},
	U4x32: {Name: "U4x32", Device: "u4x32", CUDA: "U4X32", Bits: 4, Block: 32, Align: 32, DeviceAlign: 64, Scale: AfterSum, Zeros: true},
}

// Form returns the description of k.
func (k Kind) Form() *Form { return &Table[k] }

// OfZeros returns the kind of 4-bit codes with zeros, in rows of cols codes of which each
// group shares a scale and a zero. It is U4 if a group is whole blocks of BlockK or all
// of a row, and U4x32 if not: the blocks of U4 are as long as those of activations.
func OfZeros(group, cols int) Kind {
	if group%BlockK != 0 && group < cols {
		return U4x32
	}
	return U4
}

// Words8 is the number of 32-bit words that 8 steps along K of a tile take.
func (f *Form) Words8() int { return f.Bits * 8 * TileRows / 32 }

// Scaled says that blocks have scales.
func (f *Form) Scaled() bool { return f.Scale != Unscaled }

// Depth is K padded, in the layout of the CPU.
func (f *Form) Depth(k int) int { return roundUp(k, f.Align) }

// DeviceDepth is K padded, in the layout of the GPU.
func (f *Form) DeviceDepth(k int) int { return roundUp(k, f.DeviceAlign) }

func roundUp(n, to int) int { return (n + to - 1) / to * to }
