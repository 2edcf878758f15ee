package tokenizer

// vocabulary maps tokens to ids and back.
type vocabulary struct {
	tokens []string // by id; "" where there is none
	ids    map[string]int32
}

// lookup returns a token's id, or none.
func (v *vocabulary) lookup(token string) int32 {
	if id, ok := v.ids[token]; ok {
		return id
	}
	return none
}

// token returns the token of an id, "" if there is none.
func (v *vocabulary) token(id int32) string {
	if id < 0 || int(id) >= len(v.tokens) {
		return ""
	}
	return v.tokens[id]
}

// set adds a token with its id.
func (v *vocabulary) set(id int32, token string) {
	if missing := int(id) + 1 - len(v.tokens); missing > 0 {
		v.tokens = append(v.tokens, make([]string, missing)...)
	}
	v.tokens[id] = token
	v.ids[token] = id
}

// mergeRule joins the tokens left and right to the token id.
type mergeRule struct{ left, right, id int32 }
