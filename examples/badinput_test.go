package embedder

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/checkpoint"
)

// A program tells a file that is bad, which its user must mend, from a file
// that isn't there.
func Example_badinput() {
	_, bad := arch.ParseConfig("config.json", []byte(`{"model_type": "llama", "vocab_size": 0}`))
	_, missing := checkpoint.Open("no/such/model")
	for _, err := range []error{bad, missing} {
		var input *badinput.Error
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fmt.Println("there is no such file")
		case errors.As(err, &input):
			fmt.Printf("%s, field %s: %s instead of %s\n", input.File, input.Field, input.Found, input.Want)
		}
	}
	// Output:
	// config.json, field vocab_size: 0 instead of a whole number from 1 to 16777216
	// there is no such file
}
