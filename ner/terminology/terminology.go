package terminology

// The types of concepts that mentions are validated by.
const (
	Chemical = "chemical" // MeSH trees D
	Disease  = "disease"  // MeSH trees C and F03
	Other    = "other"    // known to be neither
)

// How a match was found.
const (
	Exact        = "exact"
	Normalized   = "normalized"
	Abbreviation = "abbreviation"
	Composite    = "composite"
	Fuzzy        = "fuzzy" // spelt likewise
	Wider        = "wider" // spelt likewise, but for words of the mention that the name lacks
)

// The scores of the steps above fuzzy, whose score is the similarity. An
// abbreviation's is that of its long form times abbreviationFactor, a composite
// mention's part that of the part times compositeFactor, that of a wider name
// the similarity times widerFactor.
const (
	exactScore         = 1.0
	normalizedScore    = 0.95
	abbreviationFactor = 0.95
	compositeFactor    = 0.9
	widerFactor        = 0.8
)

// DefaultMinScore is the least similarity of a fuzzy match; indexes are made for
// it, so that a lookup can ask for more but not for less.
const DefaultMinScore = 0.7

// DefaultLimit is how many matches a lookup returns at most.
const DefaultLimit = 5

// Query is a mention to look up.
type Query struct {
	Text string
	// Type leaves out the concepts that are known to be of another type:
	// Chemical, Disease or Other; any other word leaves nothing out.
	Type string
	// Abbreviations maps short forms, as the article defines them, to long ones.
	Abbreviations map[string]string
	Limit         int     // matches; 0: DefaultLimit
	MinScore      float64 // of fuzzy matches; at least DefaultMinScore, above 1: none
}

// Match is a concept that a mention may mean.
type Match struct {
	ID     string   `json:"id"`    // "MESH:D008094", "CHEBI:28112", "UMLS:C0023870" or as the table says
	Name   string   `json:"name"`  // the concept's preferred name
	Found  string   `json:"found"` // the name that matched
	Method string   `json:"method"`
	Score  float64  `json:"score"` // 0..1
	Types  []string `json:"types"`
	// Part is the part of a composite mention that the match is for; such a
	// mention has one match a part.
	Part string `json:"part,omitempty"`
}

// Concept is an entry of a terminology.
type Concept struct {
	ID    string
	Name  string
	Types []string
	// Trees are MeSH tree numbers; those of a supplementary concept are of the
	// headings that it maps to.
	Trees []string
	Names []string // all, the preferred one too
}

// Info describes an index.
type Info struct {
	Name     string       `json:"name"`
	Release  string       `json:"release"`
	Licence  string       `json:"licence"`
	Hash     string       `json:"sha256"` // of the sources' hashes, in order
	Concepts int          `json:"concepts"`
	Names    int          `json:"names"`
	Keys     int          `json:"keys"` // different normalised names
	Chemical int          `json:"chemicals"`
	Disease  int          `json:"diseases"`
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
	Skipped int    `json:"skipped"` // names that have no letter or digit, or are too long
}

// typeBits are a concept's types in an index; 0: nothing is known.
type typeBits uint8

const (
	chemicalBit typeBits = 1 << iota
	diseaseBit
	otherBit
	knownBits = chemicalBit | diseaseBit | otherBit
)

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

func (b typeBits) names() []string {
	var out []string
	for _, t := range []string{Chemical, Disease, Other} {
		if b&bitOf(t) != 0 {
			out = append(out, t)
		}
	}
	return out
}

// fits says whether a concept may be of a type.
func (b typeBits) fits(typ string) bool {
	bit := bitOf(typ)
	return bit == 0 || b == 0 || b&bit != 0
}

// typesOfTree classifies a MeSH tree number.
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
