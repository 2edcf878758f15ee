package arch

import "strconv"

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
	if f.boolean("do_sample") {
		g.Sampling = f.sampling()
	}
	if *f.err != nil {
		return nil, *f.err
	}
	return g, nil
}

// sampling reads how tokens are drawn.
func (f fields) sampling() *Sampling {
	s := &Sampling{Temperature: f.number("temperature", 1), TopK: f.integer("top_k", 0), TopP: f.number("top_p", 1)}
	f.positive("temperature", s.Temperature)
	if s.TopK < 0 {
		f.fail("top_k", strconv.Itoa(s.TopK), "a whole number from 0")
	}
	if !(s.TopP >= 0 && s.TopP <= 1) {
		f.fail("top_p", strconv.FormatFloat(s.TopP, 'g', -1, 64), "a number from 0 to 1")
	}
	return s
}
