package terminology

// The types of concepts.
const (
	Chemical = "chemical" // in MeSH: trees D
	Disease  = "disease"  // in MeSH: trees C and F03
	Other    = "other"    // known to be neither
)

// The values of [Match.Method]; the package's comment says more.
const (
	Exact        = "exact"
	Normalized   = "normalized"
	Abbreviation = "abbreviation"
	Composite    = "composite"
	Fuzzy        = "fuzzy"
	Wider        = "wider" // fuzzy, with a name that lacks words of the mention, and so may mean more
)

// The scores of matches. A fuzzy match has the similarity as its score. The factors
// multiply the score of the long form of an abbreviation, of a part of a composite
// mention, and of a wider name.
const (
	exactScore         = 1.0
	normalizedScore    = 0.95
	abbreviationFactor = 0.95
	compositeFactor    = 0.9
	widerFactor        = 0.8
)

// DefaultMinScore is the least similarity of a fuzzy match. An index is made for
// it, so that a lookup can ask for more but not for less.
const DefaultMinScore = 0.7

// DefaultLimit is the largest number of matches that a lookup returns.
const DefaultLimit = 5

// Query is a mention to look up.
type Query struct {
	Text string
	// Type, if it is Chemical, Disease or Other, leaves out concepts that are
	// known to be of other types only.
	Type string
	// Abbreviations has the long forms of the short forms that the article
	// defines.
	Abbreviations map[string]string
	Limit         int // the largest number of matches; 0 stands for DefaultLimit
	// MinScore is the least similarity of fuzzy matches, DefaultMinScore or more.
	// Above 1 there are none.
	MinScore float64
}

// Match is a concept that a mention may mean.
type Match struct {
	ID     string   `json:"id"`    // "MESH:D008094", "CHEBI:28112", "UMLS:C0023870", or as the table has it
	Name   string   `json:"name"`  // the concept's preferred name
	Found  string   `json:"found"` // the name that fits the mention
	Method string   `json:"method"`
	Score  float64  `json:"score"` // from 0 to 1
	Types  []string `json:"types"` // none if nothing is known
	// Part is the part of a composite mention that the match is for. There is one
	// match for each part.
	Part string `json:"part,omitempty"`
}

// Concept is an entry of a terminology.
type Concept struct {
	ID    string
	Name  string // the preferred name
	Types []string
	// Trees are MeSH tree numbers. A supplementary concept has those of the
	// headings that it maps to.
	Trees []string
	Names []string // all names, with the preferred one
}

// Info describes an index.
type Info struct {
	Name     string       `json:"name"`
	Release  string       `json:"release"`
	Licence  string       `json:"licence"`
	Hash     string       `json:"sha256"` // SHA-256 of the sources' hashes, in order
	Concepts int          `json:"concepts"`
	Names    int          `json:"names"`
	Keys     int          `json:"keys"`      // different keys of names
	Chemical int          `json:"chemicals"` // concepts of the type
	Disease  int          `json:"diseases"`  // concepts of the type
	Sources  []SourceInfo `json:"sources"`
	Version  int          `json:"index_version"`
	Bytes    int64        `json:"bytes"`
}

// SourceInfo describes a file that an index was made from.
type SourceInfo struct {
	File    string `json:"file"` // without its folder
	Format  Format `json:"format"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Skipped int    `json:"skipped"` // names left out, without a letter or digit or too long
}

// typeBits is the set of a concept's types, in an index; empty if nothing is known.
type typeBits uint8

const (
	chemicalBit typeBits = 1 << iota
	diseaseBit
	otherBit
	knownBits = chemicalBit | diseaseBit | otherBit
)

// bitOf returns the bit of a type, and 0 for any other word.
func bitOf(typ string) typeBits {
	switch typ {
	case Chemical:
		return chemicalBit
	case Disease:
		return diseaseBit
	case Other:
		return otherBit
	}
	return 0
}

// names returns the types in b.
func (b typeBits) names() []string {
	var out []string
	for _, t := range []string{Chemical, Disease, Other} {
		if b&bitOf(t) != 0 {
			out = append(out, t)
		}
	}
	return out
}

// fits tells whether a concept with these types may be of a type.
func (b typeBits) fits(typ string) bool {
	bit := bitOf(typ)
	return bit == 0 || b == 0 || b&bit != 0
}

// typesOfTree returns the type of the concepts with a MeSH tree number.
func typesOfTree(tree string) typeBits {
	switch {
	case tree == "":
		return 0
	case tree[0] == 'D':
		return chemicalBit
	case tree[0] == 'C', len(tree) >= 3 && tree[:3] == "F03":
		return diseaseBit
	}
	return otherBit
}
