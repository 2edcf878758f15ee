package parquet

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// column holds what the rows of a group have in a column. An entry is a value, a
// null, or an empty list.
type column struct {
	name           string
	physical       format.Type
	dict           bool
	optional, list bool // at most one of them

	values      []byte // in the encoding PLAIN; with dict the different ones
	count       int    // values, where the same ones count each time
	index       map[string]int32
	indexes     []int32 // of each value, with dict
	definition  []uint8 // of each entry 1, or 0 for a null or an empty list
	repetition  []uint8 // of each entry 1 if it is in the list of the entry before
	least, most []byte  // of the values, in the encoding PLAIN without lengths
	unordered   bool    // some value is NaN
}

func newColumn(name string, t reflect.Type, dict bool) *column {
	c := &column{name: name, dict: dict}
	switch t.Kind() {
	case reflect.Pointer:
		c.optional, t = true, t.Elem()
	case reflect.Slice:
		c.list, t = true, t.Elem()
	default:
	}
	switch t.Kind() {
	case reflect.String:
		c.physical = format.ByteArray
	case reflect.Int, reflect.Int64:
		c.physical = format.Int64
	case reflect.Float64:
		c.physical = format.Double
	case reflect.Bool:
		c.physical = format.Boolean
	default:
		panic("parquet: column " + name + " of type " + t.String())
	}
	if name == "" || dict && (c.physical != format.ByteArray || c.optional || c.list) {
		panic(fmt.Sprintf("parquet: column %q: expected a name, and dict for texts in every row only", name))
	}
	c.reset()
	return c
}

// reset forgets the rows.
func (c *column) reset() {
	c.values, c.indexes = c.values[:0], c.indexes[:0]
	c.definition, c.repetition = c.definition[:0], c.repetition[:0]
	c.count, c.least, c.most, c.unordered = 0, nil, nil, false
	c.index = map[string]int32{}
}

// entries returns how many entries the column has.
func (c *column) entries() int {
	if c.optional || c.list {
		return len(c.definition)
	}
	return c.count
}

// size returns about how many bytes the column holds.
func (c *column) size() int {
	return len(c.values) + 4*len(c.indexes) + len(c.definition) + len(c.repetition)
}

// add adds what a row has.
func (c *column) add(v reflect.Value) {
	switch {
	case c.list && v.Len() == 0:
		c.definition, c.repetition = append(c.definition, 0), append(c.repetition, 0)
	case c.list:
		for i := range v.Len() {
			c.definition, c.repetition = append(c.definition, 1), append(c.repetition, uint8(min(i, 1)))
			c.addValue(v.Index(i))
		}
	case c.optional && v.IsNil():
		c.definition = append(c.definition, 0)
	case c.optional:
		c.definition = append(c.definition, 1)
		c.addValue(v.Elem())
	default:
		c.addValue(v)
	}
}

func (c *column) addValue(v reflect.Value) {
	switch c.physical { //nolint:exhaustive // newColumn makes no others
	case format.ByteArray:
		text := v.String()
		c.extend([]byte(text), bytes.Compare)
		if !c.dict {
			c.values = plain.AppendByteArrayString(c.values, text)
			break
		}
		i, known := c.index[text]
		if !known {
			i = int32(len(c.index))
			c.index[text] = i
			c.values = plain.AppendByteArrayString(c.values, text)
		}
		c.indexes = append(c.indexes, i)
	case format.Int64:
		c.values = plain.AppendInt64(c.values, v.Int())
		c.extend(plain.Int64(v.Int()), func(a, b []byte) int {
			return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
		})
	case format.Double:
		c.values = plain.AppendDouble(c.values, v.Float())
		c.unordered = c.unordered || math.IsNaN(v.Float())
		c.extend(plain.Double(v.Float()), func(a, b []byte) int {
			return cmp.Compare(math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b)))
		})
	default:
		c.values = plain.AppendBoolean(c.values, c.count, v.Bool())
		c.extend(plain.Boolean(v.Bool()), bytes.Compare)
	}
	c.count++
}

// extend notes a value in the bounds of the group.
func (c *column) extend(value []byte, compare func(a, b []byte) int) {
	if c.count == 0 || compare(value, c.least) < 0 {
		c.least = value
	}
	if c.count == 0 || compare(value, c.most) > 0 {
		c.most = value
	}
}

// maxBound is the length in bytes of the bounds that the metadata has, at most: it
// is read whole.
const maxBound = 64

func (c *column) statistics() format.Statistics {
	s := format.Statistics{NullCount: int64(c.entries() - c.count)}
	if c.count > 0 && len(c.least) <= maxBound && len(c.most) <= maxBound && !c.unordered {
		s.MinValue, s.MaxValue = c.least, c.most
	}
	return s
}

func (c *column) encoding() format.Encoding {
	if c.dict {
		return format.RLEDictionary
	}
	return format.Plain
}

// page returns the page of the values: their levels, then themselves.
func (c *column) page() ([]byte, error) {
	var data []byte
	for _, levels := range [][]uint8{c.repetition, c.definition} {
		if len(levels) == 0 {
			continue
		}
		encoded, err := (&rle.Encoding{BitWidth: 1}).EncodeLevels(nil, levels)
		if err != nil {
			return nil, err
		}
		data = binary.LittleEndian.AppendUint32(data, uint32(len(encoded)))
		data = append(data, encoded...)
	}
	if !c.dict {
		return append(data, c.values...), nil
	}
	indexes, err := (&rle.DictionaryEncoding{}).EncodeInt32(nil, c.indexes)
	return append(data, indexes...), err
}

// path returns the names that lead to the values.
func (c *column) path() []string {
	if c.list {
		return []string{c.name, "list", "element"}
	}
	return []string{c.name}
}

// schema returns what the metadata says of the column.
func (c *column) schema() []format.SchemaElement {
	value := format.SchemaElement{Type: thrift.New(c.physical), Name: c.path()[len(c.path())-1], RepetitionType: thrift.New(format.Required)}
	switch c.physical { //nolint:exhaustive // the others have no logical type
	case format.ByteArray:
		value.ConvertedType = thrift.New(deprecated.UTF8)
		value.LogicalType = format.LogicalType{Value: &format.StringType{}}
	case format.Int64:
		value.ConvertedType = thrift.New(deprecated.Int64)
		value.LogicalType = format.LogicalType{Value: &format.IntType{BitWidth: 64, IsSigned: true}}
	default:
	}
	if c.optional {
		value.RepetitionType = thrift.New(format.Optional)
	}
	if !c.list {
		return []format.SchemaElement{value}
	}
	return slices.Concat([]format.SchemaElement{
		{
			Name: c.name, RepetitionType: thrift.New(format.Required), NumChildren: thrift.New(int32(1)),
			ConvertedType: thrift.New(deprecated.List), LogicalType: format.LogicalType{Value: &format.ListType{}},
		},
		{Name: "list", RepetitionType: thrift.New(format.Repeated), NumChildren: thrift.New(int32(1))},
	}, []format.SchemaElement{value})
}
