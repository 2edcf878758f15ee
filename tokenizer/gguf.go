package tokenizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// GGUFVocabulary holds the metadata of a GGUF file that describe its vocabulary. Their
// keys begin with tokenizer.ggml.
type GGUFVocabulary struct {
	File   string    // for errors
	Model  string    // model: "gpt2" (byte-level) or "llama" (SentencePiece)
	Pre    string    // pre: how a byte-level model cuts text into words
	Tokens []string  // tokens, by id
	Types  []int32   // token_type; nil if all are normal
	Scores []float32 // scores: SentencePiece merges the highest first
	Merges []string  // merges of a byte-level model

	BOS, EOS, Unknown *int32 // bos_token_id, eos_token_id, unknown_token_id

	// add_bos_token, add_eos_token, add_space_prefix; nil if the file doesn't
	// say.
	AddBOS, AddEOS, AddSpacePrefix *bool
}

// Token types of GGUF.
const (
	ggufUnknown     = 2
	ggufControl     = 3
	ggufUserDefined = 4
)

// FromGGUF makes a tokenizer of a GGUF file's vocabulary. The tokenizer gives the
// same ids as the tokenizer.json that such a file is made from.
func FromGGUF(v GGUFVocabulary) (*Tokenizer, error) {
	g := ggufBuilder{v: v, b: builder{name: v.File, vocab: &vocabulary{ids: make(map[string]int32, len(v.Tokens))}}}
	if len(v.Tokens) == 0 || len(v.Tokens) > maxID {
		return nil, g.wrong("tokens", fmt.Sprint(len(v.Tokens), " tokens"), fmt.Sprint("1 to ", maxID))
	}
	if v.Types != nil && len(v.Types) != len(v.Tokens) {
		return nil, g.wrong("token_type", fmt.Sprint(len(v.Types), " types"), fmt.Sprint(len(v.Tokens)))
	}
	for _, id := range []*int32{v.BOS, v.EOS, v.Unknown} {
		if id != nil && (*id < 0 || int(*id) >= len(v.Tokens)) {
			return nil, g.wrong("token ids", fmt.Sprint(*id), fmt.Sprint("ids below ", len(v.Tokens)))
		}
	}
	for id, token := range v.Tokens {
		g.b.token(token, int64(id))
	}
	switch v.Model {
	case "gpt2":
		return g.byteLevel()
	case "llama":
		return g.sentencePiece()
	}
	return nil, g.wrong("model", fmt.Sprintf("%q", clip.Text(v.Model)), `"gpt2" or "llama"`)
}

type ggufBuilder struct {
	v GGUFVocabulary
	b builder
}

func (g *ggufBuilder) wrong(key, found, want string) error {
	return badinput.New(g.v.File, "tokenizer.ggml."+key, found, want)
}

// added returns the added tokens: unknown, control and user-defined ones.
func (g *ggufBuilder) added() (added []addedToken) {
	for id, typ := range g.v.Types {
		switch typ {
		case ggufUnknown, ggufControl, ggufUserDefined:
			added = append(added, addedToken{ID: int32(id), Content: g.v.Tokens[id], Special: typ != ggufUserDefined})
		}
	}
	return added
}

// postProcessor returns the post-processor that adds BOS and EOS, or nil if it
// would add neither. bos says whether BOS is added if the file doesn't say.
func (g *ggufBuilder) postProcessor(bos bool) json.RawMessage {
	var before, after []int32
	if g.v.AddBOS != nil {
		bos = *g.v.AddBOS
	}
	if bos && g.v.BOS != nil {
		before = []int32{*g.v.BOS}
	}
	if g.v.AddEOS != nil && *g.v.AddEOS && g.v.EOS != nil {
		after = []int32{*g.v.EOS}
	}
	if before == nil && after == nil {
		return nil
	}
	return mustJSON(templateJSON(g.b.vocab, before, after))
}

type object = map[string]any

func (g *ggufBuilder) byteLevel() (*Tokenizer, error) {
	pre, ok := ggufPre[g.v.Pre]
	if !ok {
		return nil, g.wrong("pre", fmt.Sprintf("%q", clip.Text(g.v.Pre)), "one of "+strings.Join(slices.Sorted(maps.Keys(ggufPre)), ", "))
	}
	merges := make([]mergeRule, 0, len(g.v.Merges))
	for i, line := range g.v.Merges {
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return nil, g.wrong(fmt.Sprintf("merges[%d]", i), fmt.Sprintf("%q", clip.Text(line)), "two tokens with a space between")
		}
		merges = append(merges, g.b.merge(i, [2]string{left, right}))
	}
	level := object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}
	parts := componentsJSON{
		PreTokenizer:  mustJSON(object{"type": "Sequence", "pretokenizers": append(slices.Clone(pre.splits), level)}),
		PostProcessor: g.postProcessor(pre.bos),
		Decoder:       mustJSON(level),
	}
	if pre.nfc {
		parts.Normalizer = mustJSON(object{"type": "NFC"})
	}
	return g.b.build(g.added(), parts, modelJSON{IgnoreMerges: pre.ignoreMerges}, merges)
}

// preTokenization says how text is cut into words under a value of tokenizer.ggml.pre.
type preTokenization struct {
	splits       []object
	nfc          bool
	ignoreMerges bool
	bos          bool // BOS is added unless the file says otherwise
}

func split(pattern string) object {
	return object{"type": "Split", "pattern": object{"Regex": pattern}, "behavior": "Isolated", "invert": false}
}

const patternTekken = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

var (
	preLlama3 = preTokenization{splits: []object{split(patternLlama3)}, ignoreMerges: true, bos: true}
	preDigits = preTokenization{splits: []object{{"type": "Digits", "individual_digits": true}, split(patternGPT2)}}
)

var ggufPre = map[string]preTokenization{
	"llama-bpe": preLlama3,
	"llama3":    preLlama3,
	"llama-v3":  preLlama3,
	"smollm":    preDigits,
	"starcoder": preDigits,
	"refact":    preDigits,
	"command-r": preDigits,
	"gpt-2":     {splits: []object{split(patternGPT2)}},
	"qwen2":     {splits: []object{split(patternQwen2)}, nfc: true},
	"tekken":    {splits: []object{split(patternTekken)}, ignoreMerges: true, bos: true},
	"default": {splits: []object{
		split(`[\p{P}\$\+<=>\^~\|]+`), split(patternGPT2), split(`\p{N}+`), split(`[0-9][0-9][0-9]`),
	}},
}

// sentencePiece makes a tokenizer of a SentencePiece vocabulary. It derives the
// merges from the scores, as the conversion of such a model to a tokenizer.json
// does: each pair of tokens that makes a third is a merge; merges are in order of
// the third token's score, the highest first, and then of the ids.
func (g *ggufBuilder) sentencePiece() (*Tokenizer, error) {
	v := g.v
	if len(v.Scores) != len(v.Tokens) {
		return nil, g.wrong("scores", fmt.Sprint(len(v.Scores), " scores"), fmt.Sprint(len(v.Tokens)))
	}
	var merges []mergeRule
	for id, token := range v.Tokens {
		if len(token) > maxPiece {
			return nil, g.wrong("tokens", fmt.Sprintf("a token of %d bytes", len(token)), fmt.Sprintf("at most %d", maxPiece))
		}
		for i := range token {
			left, right := g.b.vocab.lookup(token[:i]), int32(none)
			if i > 0 && left != none {
				right = g.b.vocab.lookup(token[i:])
			}
			if right != none {
				merges = append(merges, mergeRule{left, right, int32(id)})
				if len(merges) > maxPieceMerges*len(v.Tokens) {
					return nil, g.wrong("tokens", fmt.Sprintf("more than %d ways to make %d tokens of two others", len(merges)-1, len(v.Tokens)), fmt.Sprint("at most ", maxPieceMerges, " for a token on average"))
				}
			}
		}
	}
	slices.SortFunc(merges, func(a, b mergeRule) int {
		return cmp.Or(-cmp.Compare(v.Scores[a.id], v.Scores[b.id]), cmp.Compare(a.id, b.id), cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right))
	})
	replace := func(from, to string) object {
		return object{"type": "Replace", "pattern": object{"String": from}, "content": to}
	}
	normalizers := []object{replace(" ", "▁")}
	decoders := []object{replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}}
	if v.AddSpacePrefix == nil || *v.AddSpacePrefix {
		normalizers = append([]object{{"type": "Prepend", "prepend": "▁"}}, normalizers...)
		decoders = append(decoders, object{"type": "Strip", "content": " ", "start": 1, "stop": 0})
	}
	options := modelJSON{FuseUnk: true, ByteFallback: true}
	if v.Unknown != nil {
		options.UnkToken = &v.Tokens[*v.Unknown]
	}
	return g.b.build(g.added(), componentsJSON{
		Normalizer:    mustJSON(object{"type": "Sequence", "normalizers": normalizers}),
		PostProcessor: g.postProcessor(true),
		Decoder:       mustJSON(object{"type": "Sequence", "decoders": decoders}),
	}, options, merges)
}

const (
	maxPiece       = 512 // bytes of a SentencePiece token
	maxPieceMerges = 32  // merges for each token, on average; Llama-2's have two
)
