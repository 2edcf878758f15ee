package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// kind is the number that a file has for the type of a metadata value.
type kind uint32

const (
	kindUint8 kind = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
	kinds
)

var kindNames = [kinds]string{"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array", "uint64", "int64", "float64"}

// kindSizes has the bytes of a value by kind; 0 if values differ in size.
var kindSizes = [kinds]int{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}

func (k kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("type %d", uint32(k))
}

// value is a metadata value, not decoded.
type value struct {
	kind  kind // for an array, the kind of its elements
	array bool
	count int    // elements; 1 if it isn't an array
	data  []byte // a view of the file
}

func (v value) String() string {
	if v.array {
		return fmt.Sprintf("an array of %d × %s", v.count, v.kind)
	}
	return v.kind.String()
}

// value reads past one value of the metadata. field names it in errors.
func (c *cursor) value(field string) (v value) {
	v.kind, v.count = kind(c.u32(field+": type")), 1
	if v.kind == kindArray {
		v.array = true
		v.kind = kind(c.u32(field + ": element type"))
		v.count = c.count(field+": length", maxElements, 1)
	}
	if c.err != nil {
		return v
	}
	start := c.pos
	switch {
	case v.kind == kindArray:
		c.fail(field, "an array of arrays", "an array of plain values")
	case v.kind >= kinds:
		c.fail(field+": type", v.kind.String(), "a type of GGUF's")
	case v.kind == kindString:
		for range v.count {
			c.take(field, c.u64(field+": length"))
			if c.err != nil {
				return v
			}
		}
	default:
		c.take(field, uint64(v.count)*uint64(kindSizes[v.kind]))
	}
	if c.err == nil {
		v.data = c.data[start:c.pos]
	}
	return v
}

// Keys returns the metadata's keys in alphabetical order.
func (f *File) Keys() []string { return slices.Sorted(maps.Keys(f.metadata)) }

// Has reports whether the metadata has a key.
func (f *File) Has(key string) bool { _, ok := f.metadata[key]; return ok }

// read calls decode with the value of a key, if that has an allowed kind and is an
// array or not, as array tells. want says in errors what was expected.
func (f *File) read(key string, array bool, want string, decode func(v value) error, allowed ...kind) error {
	v, ok := f.metadata[key]
	if !ok {
		return badinput.New(f.path, key, "nothing", want)
	}
	if v.array != array || !slices.Contains(allowed, v.kind) {
		return badinput.New(f.path, key, v.String(), want)
	}
	err := mmap.Guard(func() error { return decode(v) })
	var bad *badinput.Error
	if errors.As(err, &bad) && bad.File == "" {
		return badinput.Wrap(f.path, key, err)
	}
	return err
}

var integers = []kind{kindUint8, kindInt8, kindUint16, kindInt16, kindUint32, kindInt32, kindUint64, kindInt64}

// integer decodes element i.
func (v value) integer(i int) (n int64, fits bool) {
	switch v.kind {
	case kindUint8, kindBool:
		return int64(v.data[i]), true
	case kindInt8:
		return int64(int8(v.data[i])), true
	case kindUint16:
		return int64(binary.LittleEndian.Uint16(v.data[2*i:])), true
	case kindInt16:
		return int64(int16(binary.LittleEndian.Uint16(v.data[2*i:]))), true
	case kindUint32:
		return int64(binary.LittleEndian.Uint32(v.data[4*i:])), true
	case kindInt32:
		return int64(int32(binary.LittleEndian.Uint32(v.data[4*i:]))), true
	case kindUint64:
		n := binary.LittleEndian.Uint64(v.data[8*i:])
		return int64(n), n <= math.MaxInt64
	}
	return int64(binary.LittleEndian.Uint64(v.data[8*i:])), true
}

// Int returns an integer of any width.
func (f *File) Int(key string) (n int, err error) {
	const want = "an integer"
	err = f.read(key, false, want, func(v value) error {
		wide, fits := v.integer(0)
		if n = int(wide); !fits || int64(n) != wide {
			return badinput.New(f.path, key, "an integer of more bits", want)
		}
		return nil
	}, integers...)
	return n, err
}

// Ints returns an array of integers of any width that all fit 32 bits.
func (f *File) Ints(key string) (list []int32, err error) {
	const want = "an array of 32-bit integers"
	err = f.read(key, true, want, func(v value) error {
		list = make([]int32, v.count)
		for i := range list {
			n, fits := v.integer(i)
			if list[i] = int32(n); !fits || int64(list[i]) != n {
				return badinput.New(f.path, fmt.Sprintf("%s[%d]", key, i), "an integer of more bits", want)
			}
		}
		return nil
	}, integers...)
	return list, err
}

func (v value) float(i int) float64 {
	if v.kind == kindFloat32 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(v.data[4*i:])))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(v.data[8*i:]))
}

// Float returns a floating-point number; a float32 is widened, and may be NaN.
func (f *File) Float(key string) (x float64, err error) {
	err = f.read(key, false, "a floating-point number", func(v value) error {
		x = v.float(0)
		return nil
	}, kindFloat32, kindFloat64)
	return x, err
}

// Floats returns an array of floating-point numbers in f32.
func (f *File) Floats(key string) (list []float32, err error) {
	err = f.read(key, true, "an array of floating-point numbers", func(v value) error {
		list = make([]float32, v.count)
		for i := range list {
			list[i] = float32(v.float(i))
		}
		return nil
	}, kindFloat32, kindFloat64)
	return list, err
}

// Bool returns a boolean.
func (f *File) Bool(key string) (b bool, err error) {
	err = f.read(key, false, "a boolean", func(v value) error {
		b = v.data[0] != 0
		return nil
	}, kindBool)
	return b, err
}

// String returns a string, byte for byte.
func (f *File) String(key string) (s string, err error) {
	err = f.read(key, false, "a string", func(v value) error {
		s = string(v.data[8:])
		return nil
	}, kindString)
	return s, err
}

// Strings returns an array of strings, byte for byte.
func (f *File) Strings(key string) (list []string, err error) {
	err = f.read(key, true, "an array of strings", func(v value) error {
		// One copy of the bytes serves all the strings. Their lengths are those of the
		// copy, and checked again: the file may have been overwritten since it was opened.
		bytes := slices.Clone(v.data)
		data := string(bytes)
		list = make([]string, v.count)
		for i := range list {
			if len(bytes) < 8 || binary.LittleEndian.Uint64(bytes) > uint64(len(bytes)-8) {
				return badinput.New(f.path, fmt.Sprintf("%s[%d]: length", key, i), "another than when the file was opened", "a file that nobody changes while it is in use")
			}
			n := 8 + int(binary.LittleEndian.Uint64(bytes))
			list[i] = data[8:n]
			data, bytes = data[n:], bytes[n:]
		}
		return nil
	}, kindString)
	return list, err
}
