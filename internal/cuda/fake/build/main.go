// Command build compiles the fake CUDA driver with the kernels of a folder and
// prints the library's path, for MEDNER_LIBCUDA.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/medner/medner/internal/cuda/fake"
	"github.com/medner/medner/internal/cuda/shim"
)

func main() {
	log.SetFlags(0)
	source := flag.String("src", "internal/cuda/gpukernels/src", "the folder of .cu files")
	ptx := flag.String("ptx", "internal/cuda/gpukernels/ptx", "the folder of their PTX")
	mode := flag.String("mode", string(shim.Trap), "what is watched: plain, trap, sanitize, race")
	flag.Parse()
	path, err := fake.Compile(shim.Mode(*mode), *source, os.DirFS(*ptx))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(path)
}
