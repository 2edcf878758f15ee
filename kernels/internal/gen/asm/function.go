package asm

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Begin starts a function of the target that does not keep its arguments: name
// with the target's suffix, the twin in Go that it equals with a remark, and
// what it computes in lines of pseudo-Go.
func Begin(name, signature, doc, computes string) {
	Declare(name, attr.NOSPLIT, signature, doc, computes)
}

// Declare is Begin with other attributes: a function that holds much on the
// stack can't be NOSPLIT.
func Declare(name string, attributes attr.Attribute, signature, doc, computes string) {
	args = nil
	TEXT(name+target.Suffix, attributes, signature)
	Pragma("noescape")
	Doc(name + target.Suffix + " is " + doc)
	Note(computes)
}

// End returns; results are stored before it.
func End() {
	VZEROUPPER()
	RET()
}

// Pointer loads the base of a slice parameter.
func Pointer(param string) Register {
	if args != nil {
		return loadField(param, 0)
	}
	return Load(Param(param).Base(), GP64())
}

// Length loads the length of a slice parameter.
func Length(param string) Register {
	if args != nil {
		return loadField(param, 8)
	}
	return Load(Param(param).Len(), GP64())
}

// Integer loads an integer or a pointer.
func Integer(param string) Register {
	if args != nil {
		return loadField(param, 0)
	}
	return Load(Param(param), GP64())
}

// Bytes loads a parameter that counts elements of 2 or 4 bytes, in bytes.
func Bytes(param string, size int) Register {
	v := Integer(param)
	SHLQ(Imm(map[int]uint64{2: 1, 4: 2}[size]), v)
	return v
}

// FloatBytes loads a parameter that counts float32s, in bytes.
func FloatBytes(param string) Register { return Bytes(param, 4) }

// Broadcast loads a float32 parameter into all lanes.
func Broadcast(param string) VecVirtual {
	addr, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	v := NewVector()
	VBROADCASTSS(addr.Addr, v)
	return v
}
