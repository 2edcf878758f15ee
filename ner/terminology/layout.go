package terminology

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"github.com/medner/medner/badinput"
)

// An index file is a header and sections. All numbers are little-endian, and
// sections begin at multiples of 8 bytes. The header has
//
//	8 bytes   magic
//	4         the version
//	4         the number of sections
//	8         the file's size in bytes
//	32        the SHA-256 of what follows the header
//	8 + 8     for each section, its offset in the file and its size in bytes
//	4         the CRC-32 of the header before it
//
// Names are sorted by their keys, and then by themselves: keys are found by
// bisection, and the names with one key have consecutive numbers. A section of
// offsets, or of first numbers, has one entry more than there are things, so that
// each entry also says where the thing before it ends.
const (
	magic        = "medner\x00T"
	indexVersion = 2
	headerSize   = 8 + 4 + 4 + 8 + 32 + sections*16 + 4
)

const (
	secInfo         = iota // Info as JSON
	secKeyOffsets          // u32 for each key: its offset in secKeys
	secKeys                // the bytes of the keys, sorted
	secKeyNames            // u32 for each key: its first name
	secNameOffsets         // u32 for each name: its offset in secNames
	secNames               // the bytes of the names
	secNameConcepts        // u32 for each name: its concept
	secIDOffsets           // u32 for each concept: the offset of its identifier in secIDs
	secIDs                 // the bytes of the identifiers, sorted
	secPreferred           // u32 for each concept: its preferred name
	secTypes               // u8 for each concept: its typeBits
	secTreeOffsets         // u32 for each concept: the offset of its tree numbers in secTrees
	secTrees               // tree numbers, joined by pipes
	secConceptNames        // u32 for each concept: its first entry in secNamesOf
	secNamesOf             // u32: the names of all concepts, concept by concept
	secGrams               // u64: the grams, sorted
	secGramKeys            // u32 for each gram: how many keys have it
	secGramOffsets         // u32 for each gram: its offset in secPostings, in words of 4 bytes
	secPostings            // for each gram, the keys that have it among their rarest; see write_grams.go
	secWide                // two u64 for each key: the wide signature of its grams
	sections
)

// span is the place of a section in the file, in bytes.
type span struct{ offset, size uint64 }

// header returns the header of a file of total bytes, where sum is the SHA-256 of
// the rest.
func header(spans [sections]span, total uint64, sum [32]byte) []byte {
	b := make([]byte, 0, headerSize)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, indexVersion)
	b = binary.LittleEndian.AppendUint32(b, sections)
	b = binary.LittleEndian.AppendUint64(b, total)
	b = append(b, sum[:]...)
	for _, s := range spans {
		b = binary.LittleEndian.AppendUint64(b, s.offset)
		b = binary.LittleEndian.AppendUint64(b, s.size)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// parsed is an index file, cut into its sections.
type parsed struct {
	sections [sections][]byte
	sum      [32]byte // the SHA-256 that the header states
	info     Info
}

// parse checks the header and the sizes of sections, without reading the sections.
func parse(file string, data []byte) (*parsed, error) {
	bad := func(field, found, want string) error { return badinput.New(file, field, found, want) }
	if len(data) < headerSize {
		return nil, bad("size", fmt.Sprintf("%d bytes", len(data)), "a terminology index")
	}
	if string(data[:8]) != magic {
		return nil, bad("", fmt.Sprintf("a file that begins with %q", data[:8]), "a terminology index, made by medner terminology import")
	}
	if v := binary.LittleEndian.Uint32(data[8:]); v != indexVersion {
		return nil, bad("version", fmt.Sprint(v), fmt.Sprintf("%d: import the terminology again", indexVersion))
	}
	if n := binary.LittleEndian.Uint32(data[12:]); n != sections {
		return nil, bad("sections", fmt.Sprint(n), fmt.Sprint(sections))
	}
	if sum := crc32.ChecksumIEEE(data[:headerSize-4]); sum != binary.LittleEndian.Uint32(data[headerSize-4:]) {
		return nil, bad("header", "a wrong checksum", "an undamaged file")
	}
	if n := binary.LittleEndian.Uint64(data[16:]); n != uint64(len(data)) {
		return nil, bad("size", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("%d", n))
	}
	p := &parsed{}
	copy(p.sum[:], data[24:])
	for i := range p.sections {
		at := 56 + 16*i
		s := span{binary.LittleEndian.Uint64(data[at:]), binary.LittleEndian.Uint64(data[at+8:])}
		if s.offset < headerSize || s.offset > uint64(len(data)) || s.size > uint64(len(data))-s.offset {
			return nil, bad(fmt.Sprintf("section %d", i), fmt.Sprintf("bytes %d to %d", s.offset, s.offset+s.size), fmt.Sprintf("a range within %d", len(data)))
		}
		p.sections[i] = data[s.offset : s.offset+s.size : s.offset+s.size]
	}
	if err := json.Unmarshal(p.sections[secInfo], &p.info); err != nil {
		return nil, badinput.Wrap(file, "info", err)
	}
	p.info.Version, p.info.Bytes = indexVersion, int64(len(data))
	return p, p.checkSizes(file)
}

// checkSizes compares the sizes of sections with the counts in Info.
func (p *parsed) checkSizes(file string) error {
	const most = 1 << 31
	i := p.info
	if i.Concepts < 0 || i.Names < 0 || i.Keys < 0 || i.Concepts >= most || i.Names >= most || i.Keys >= most {
		return badinput.New(file, "info", fmt.Sprintf("%d concepts, %d names, %d keys", i.Concepts, i.Names, i.Keys), "counts")
	}
	grams := len(p.sections[secGrams]) / 8
	for section, want := range map[int]int{
		secKeyOffsets: 4 * (i.Keys + 1), secKeyNames: 4 * (i.Keys + 1),
		secNameOffsets: 4 * (i.Names + 1), secNameConcepts: 4 * i.Names,
		secIDOffsets: 4 * (i.Concepts + 1), secPreferred: 4 * i.Concepts, secTypes: i.Concepts,
		secTreeOffsets: 4 * (i.Concepts + 1), secConceptNames: 4 * (i.Concepts + 1), secNamesOf: 4 * i.Names,
		secGrams: 8 * grams, secGramKeys: 4 * grams, secGramOffsets: 4 * (grams + 1),
		secWide: wideSize * i.Keys,
	} {
		if got := len(p.sections[section]); got != want {
			return badinput.New(file, fmt.Sprintf("section %d", section), fmt.Sprintf("%d bytes", got), fmt.Sprintf("%d", want))
		}
	}
	return nil
}
