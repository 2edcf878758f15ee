package badinput_test

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/medner/medner/badinput"
)

// An error that passed through other code still says where to look.
func Example() {
	err := fmt.Errorf("loading the model: %w", badinput.New("config.json", "vocab_size", strconv.Quote("many"), "a whole number"))
	fmt.Println(err)

	var bad *badinput.Error
	if errors.As(err, &bad) {
		fmt.Println("mend", bad.Field, "in", bad.File)
	}
	// Output:
	// loading the model: config.json: vocab_size: found "many", expected a whole number
	// mend vocab_size in config.json
}
