package embedder

import (
	"fmt"
	"log"

	"github.com/medner/medner/ner/confidence"
)

// A program learns from checked items how far the model's scores can be
// trusted, stores that, and asks for the items of which 8 in 10 are right.
func Example_confidence() {
	var samples []confidence.Sample
	for i := range 200 {
		sure := confidence.Of([]float32{-0.1, -0.05}, -0.1)
		unsure := confidence.Of([]float32{-1.5, -0.7}, -1.2)
		group := fmt.Sprint(i % 20)
		samples = append(samples,
			confidence.Sample{Features: sure, Correct: i%10 != 0, Group: group},
			confidence.Sample{Features: unsure, Correct: i%4 == 0, Group: group})
	}
	c := confidence.Calibration{
		Schema: confidence.Schema,
		Key:    confidence.Key{Model: "tiny", Prompt: "mine", Precision: "f32"},
		Tasks:  map[string]*confidence.Curve{"chemicals": confidence.Fit(samples)},
	}
	stored, err := c.Marshal()
	if err != nil {
		log.Fatal(err)
	}
	read, err := confidence.Parse("calibration.json", stored)
	if err != nil {
		log.Fatal(err)
	}
	curve := read.Tasks["chemicals"]
	item := confidence.Of([]float32{-0.1, -0.05}, -0.1)
	fmt.Printf("score %.2f, probability %.2f\n", item.Score(), curve.Apply(item))
	threshold, found := curve.Threshold(0.8)
	fmt.Printf("threshold %.2f %v\n", threshold, found)
	// Output:
	// score 0.84, probability 0.89
	// threshold 0.89 true
}
