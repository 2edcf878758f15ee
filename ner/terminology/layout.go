package terminology

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"github.com/medner/medner/badinput"
)

// An index file is a header and sections, all little-endian. The header has the
// magic, the version, the number of sections, the file's size, the SHA-256 of
// what follows the header, and of each section offset and size; its last four
// bytes are its CRC-32. Sections begin at multiples of 8.
//
// Names are sorted by key, then by themselves, so that the names of one key are
// a range, and keys can be found by bisection. Tables of offsets have one entry
// more than what they are about.
const (
	magic        = "medner\x00T"
	indexVersion = 2
	headerSize   = 8 + 4 + 4 + 8 + 32 + sections*16 + 4
)

const (
	secInfo         = iota // Info as JSON
	secKeyOffsets          // u32: of keys in secKeys
	secKeys                // the keys' bytes, sorted
	secKeyNames            // u32: of keys, the first name
	secNameOffsets         // u32: of names in secNames
	secNames               // the names' bytes
	secNameConcepts        // u32: the concept of each name
	secIDOffsets           // u32: of identifiers in secIDs
	secIDs                 // the concepts' identifiers, sorted
	secPreferred           // u32: of concepts, the preferred name
	secTypes               // u8: of concepts, their types
	secTreeOffsets         // u32: of concepts in secTrees
	secTrees               // tree numbers, joined by pipes
	secConceptNames        // u32: of concepts, the first entry in secNamesOf
	secNamesOf             // u32: names, concept by concept
	secGrams               // u64: the grams, sorted
	secGramKeys            // u32: of grams, how many keys have them
	secGramOffsets         // u32: of grams, the first word of four bytes in secPostings
	secPostings            // for each gram the keys that have it among their rarest
	secWide                // 2 u64: of keys, their grams' wide signature
	sections
)

// span is where a section lies.
type span struct{ offset, size uint64 }

// header returns the bytes before the sections.
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

// parsed is an index's header and what it says of the sections.
type parsed struct {
	sections [sections][]byte
	sum      [32]byte
	info     Info
}

// parse checks everything that costs no reading of the sections.
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

// checkSizes compares the sections' sizes with the counts.
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
