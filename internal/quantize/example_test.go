package quantize_test

import (
	"context"
	"log"

	"github.com/medner/medner/internal/quantize"
	"github.com/medner/medner/model/checkpoint"
)

func ExampleConvert() {
	src, err := checkpoint.Open("Llama-3.2-1B-Instruct")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	if err := quantize.Convert(context.Background(), src, "Llama-3.2-1B-Instruct-NF4", quantize.Options{DoubleQuant: true}); err != nil {
		log.Fatal(err)
	}
}
