package arch_test

import (
	"fmt"

	"github.com/medner/medner/model/arch"
)

func ExampleParseConfig() {
	_, err := arch.ParseConfig("config.json", []byte(`{"model_type":"llama","vocab_size":32000,"hidden_size":4096,
		"intermediate_size":11008,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":5}`))
	fmt.Println(err)
	// Output: config.json: num_key_value_heads: found 5, expected a divisor of num_attention_heads, 32
}

func ExampleRope_InvFreq() {
	rope := arch.Rope{Type: "default", Theta: 10000}
	fmt.Println(rope.InvFreq(8))
	// Output: [1 0.1 0.01 0.001]
}
