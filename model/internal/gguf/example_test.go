package gguf_test

import (
	"fmt"
	"log"

	"github.com/medner/medner/model/internal/gguf"
)

func Example() {
	f, err := gguf.Open("model.gguf")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	architecture, err := f.String("general.architecture")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(architecture)
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		fmt.Println(t.Name, t.Type, t.Dims)
	}
}
