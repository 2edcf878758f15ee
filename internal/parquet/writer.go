// Package parquet writes structs as the rows of a Parquet file. The encodings and the
// file's metadata are those of github.com/parquet-go/parquet-go, by its packages for
// them: its writer would link its readers and every codec with them, 4 MB.
package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Rows are held in memory until a group of them is written.
const (
	groupRows  = 1 << 16 // rows of a group, at most
	groupBytes = 8 << 20 // bytes of a group's values, about
)

// magic begins and ends a file.
const magic = "PAR1"

// Writer writes rows of type R, a struct whose fields are strings, integers, numbers
// and truth values, pointers to these (nil is null), and slices of them. A field has
// a tag as parquet-go's readers want it:
//
//	parquet:"NAME[,dict|optional|list]"
//
// dict stores each different value of a group once, optional is a pointer, list a
// slice.
type Writer[R any] struct {
	w       io.Writer
	at      int64 // bytes written
	columns []*column
	rows    int // in the group
	all     int64
	groups  []format.RowGroup
	z       *zstd.Encoder
}

// NewWriter returns a writer of rows to w. It panics if R has a field of another type.
func NewWriter[R any](w io.Writer) *Writer[R] {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // can't be: the options are constants
	}
	p := &Writer[R]{w: w, z: z}
	row := reflect.TypeFor[R]()
	for i := range row.NumField() {
		name, options, _ := strings.Cut(row.Field(i).Tag.Get("parquet"), ",")
		p.columns = append(p.columns, newColumn(name, row.Field(i).Type, options == "dict"))
	}
	return p
}

// Write adds rows.
func (p *Writer[R]) Write(rows ...R) error {
	for i := range rows {
		row := reflect.ValueOf(&rows[i]).Elem()
		size := 0
		for c, column := range p.columns {
			column.add(row.Field(c))
			size += column.size()
		}
		p.rows++
		if p.rows >= groupRows || size >= groupBytes {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close writes the rows that are held, and the file's metadata.
func (p *Writer[R]) Close() error {
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.begin(); err != nil {
		return err
	}
	meta := format.FileMetaData{Version: 1, NumRows: p.all, RowGroups: p.groups, CreatedBy: "medner version 1"}
	meta.Schema = append(meta.Schema, format.SchemaElement{Name: "medner", NumChildren: thrift.New(int32(len(p.columns)))})
	for _, c := range p.columns {
		meta.Schema = append(meta.Schema, c.schema()...)
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		return err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return p.write(append(footer, magic...))
}

func (p *Writer[R]) write(data []byte) error {
	n, err := p.w.Write(data)
	p.at += int64(n)
	return err
}

// begin writes what stands before the first group.
func (p *Writer[R]) begin() error {
	if p.at > 0 {
		return nil
	}
	return p.write([]byte(magic))
}

// flush writes the rows that are held as a group.
func (p *Writer[R]) flush() error {
	if p.rows == 0 {
		return nil
	}
	if err := p.begin(); err != nil {
		return err
	}
	group := format.RowGroup{NumRows: int64(p.rows), FileOffset: p.at, Ordinal: int16(min(len(p.groups), math.MaxInt16))}
	for _, c := range p.columns {
		meta, err := p.chunk(c)
		if err != nil {
			return err
		}
		group.Columns = append(group.Columns, format.ColumnChunk{MetaData: *meta})
		group.TotalByteSize += meta.TotalUncompressedSize
		group.TotalCompressedSize += meta.TotalCompressedSize
		c.reset()
	}
	p.groups = append(p.groups, group)
	p.all += int64(p.rows)
	p.rows = 0
	return nil
}

// chunk writes what a column has of a group: its dictionary, if it has one, and one
// page of values.
func (p *Writer[R]) chunk(c *column) (*format.ColumnMetaData, error) {
	meta := &format.ColumnMetaData{
		Type: c.physical, Encoding: []format.Encoding{format.RLE, c.encoding()}, PathInSchema: c.path(), Codec: format.Zstd,
		NumValues: int64(c.entries()), Statistics: c.statistics(),
	}
	if c.dict {
		meta.Encoding = append(meta.Encoding, format.Plain)
		meta.DictionaryPageOffset = p.at
		header := format.PageHeader{
			Type:                 format.DictionaryPage,
			DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(len(c.index)), Encoding: format.Plain}),
		}
		if err := p.page(meta, header, c.values); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	meta.DataPageOffset = p.at
	data, err := c.page()
	if err == nil {
		err = p.page(meta, format.PageHeader{
			Type: format.DataPage,
			DataPageHeader: thrift.New(format.DataPageHeader{
				NumValues: int32(c.entries()), Encoding: c.encoding(), DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
			}),
		}, data)
	}
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", c.name, err)
	}
	return meta, nil
}

// page writes a page, and adds its sizes to those of its chunk.
func (p *Writer[R]) page(meta *format.ColumnMetaData, header format.PageHeader, data []byte) error {
	if len(data) > math.MaxInt32/2 { // so that it fits compressed too
		return fmt.Errorf("%d bytes in a page of Parquet, expected at most %d", len(data), math.MaxInt32/2)
	}
	packed := p.z.EncodeAll(data, nil)
	header.UncompressedPageSize, header.CompressedPageSize = int32(len(data)), int32(len(packed))
	head, err := thrift.Marshal(new(thrift.CompactProtocol), &header)
	if err != nil {
		return err
	}
	meta.TotalUncompressedSize += int64(len(head) + len(data))
	meta.TotalCompressedSize += int64(len(head) + len(packed))
	if err := p.write(head); err != nil {
		return err
	}
	return p.write(packed)
}
