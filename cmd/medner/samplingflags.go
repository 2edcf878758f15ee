package main

import (
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/model"
)

// registerSampling adds the flags that draw tokens; without them the likeliest
// token is taken.
func registerSampling(fs *pflag.FlagSet, s *model.Sampling) {
	fs.Float64Var(&s.Temperature, "temperature", 0, "draw tokens, the logits divided by `T`; 0: take the likeliest token")
	fs.IntVar(&s.TopK, "top-k", 0, "draw from the `K` likeliest tokens; 0: from all")
	fs.Float64Var(&s.TopP, "top-p", 1, "draw from the likeliest tokens that together have the probability `P`")
	fs.Uint64Var(&s.Seed, "seed", 0, "seed of the draws; the same seed draws the same tokens")
}

// checkSampling refuses flags that can't be carried out, and those that would
// have no effect.
func checkSampling(cmd *cobra.Command, s model.Sampling) error {
	if t := s.Temperature; math.IsNaN(t) || math.IsInf(t, 0) || t < 0 {
		return usagef("--temperature %g: expected a number above 0, or 0 to take the likeliest token", t)
	}
	if s.TopK < 0 {
		return usagef("--top-k %d: expected 1 or more, or 0 to draw from all tokens", s.TopK)
	}
	if !(s.TopP > 0 && s.TopP <= 1) {
		return usagef("--top-p %g: expected a number above 0 and at most 1", s.TopP)
	}
	for _, flag := range []string{"top-k", "top-p", "seed"} {
		if s.Temperature == 0 && cmd.Flags().Changed(flag) {
			return usagef("--%s has no effect without --temperature: the likeliest token is taken", flag)
		}
	}
	return nil
}
