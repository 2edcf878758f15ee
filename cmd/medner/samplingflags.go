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
	floatFlag(fs, &s.Temperature, "temperature", 0, notNegative, "draw tokens, the logits divided by `T`; 0: take the likeliest token")
	intFlag(fs, &s.TopK, "top-k", 0, 0, math.MaxInt32, "draw from the `K` likeliest tokens; 0: from all")
	floatFlag(fs, &s.TopP, "top-p", 1, probability, "draw from the likeliest tokens that together have the probability `P`")
	seedFlag(fs, &s.Seed, "seed", "seed of the draws; the same seed draws the same tokens")
}

// checkSampling refuses flags that would have no effect.
func checkSampling(cmd *cobra.Command, s model.Sampling) error {
	for _, flag := range []string{"top-k", "top-p", "seed"} {
		if s.Temperature == 0 && cmd.Flags().Changed(flag) {
			return usagef("--%s has no effect without --temperature: the likeliest token is taken", flag)
		}
	}
	return nil
}
