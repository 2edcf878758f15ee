package arch

// ParseGeneration reads generation_config.json. file names it in errors.
func ParseGeneration(file string, data []byte) (*Generation, error) {
	f, err := parseFields(file, data)
	if err != nil {
		return nil, err
	}
	g := &Generation{
		EosTokenIDs:       f.ids("eos_token_id"),
		BosTokenID:        f.id("bos_token_id"),
		RepetitionPenalty: float32(f.number("repetition_penalty", 1)),
		MaxNewTokens:      f.integer("max_new_tokens", 0),
	}
	f.positive("repetition_penalty", float64(g.RepetitionPenalty))
	if f.raw("max_new_tokens") != nil {
		f.within("max_new_tokens", g.MaxNewTokens, maxLength)
	}
	if *f.err != nil {
		return nil, *f.err
	}
	return g, nil
}
