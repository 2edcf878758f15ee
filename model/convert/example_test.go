package convert_test

import (
	"context"
	"log"

	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/model/convert"
)

func ExampleConvert() {
	src, err := checkpoint.Open("Llama-3.2-1B-Instruct")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	if err := convert.Convert(context.Background(), src, "Llama-3.2-1B-Instruct-NF4", convert.Options{DoubleQuant: true}); err != nil {
		log.Fatal(err)
	}
}
