package confidence_test

import (
	"fmt"

	"github.com/medner/medner/ner/confidence"
)

// Items of which the model was sure were right in nine of ten cases, others in
// two of ten. The fit draws both shares a little towards that of all items.
func ExampleFit() {
	sure := confidence.Of([]float32{-0.1, -0.05}, -0.1)
	unsure := confidence.Of([]float32{-1.5, -0.7}, -1.2)
	var samples []confidence.Sample
	for i := range 100 {
		samples = append(samples,
			confidence.Sample{Features: sure, Correct: i%10 != 0},
			confidence.Sample{Features: unsure, Correct: i%5 == 0})
	}
	curve := confidence.Fit(samples)
	fmt.Printf("sure: score %.2f, probability %.2f\n", sure.Score(), curve.Apply(sure))
	fmt.Printf("unsure: score %.2f, probability %.2f\n", unsure.Score(), curve.Apply(unsure))
	// Output:
	// sure: score 0.84, probability 0.88
	// unsure: score 0.10, probability 0.22
}
