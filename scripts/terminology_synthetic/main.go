// Command terminology_synthetic writes a synthetic terminology as large as
// MeSH (desc2000.xml and supp2000.xml) into a folder:
//
//	go run ./scripts/terminology_synthetic FOLDER
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medner/medner/internal/synthetic"
)

func main() {
	concepts := flag.Int("concepts", 350000, "concepts, a tenth of them descriptors")
	flag.Parse()
	if err := run(flag.Arg(0), *concepts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string, concepts int) error {
	if folder == "" {
		return errors.New("no folder given")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	d, err := os.Create(filepath.Join(folder, "desc2000.xml"))
	if err != nil {
		return err
	}
	s, err := os.Create(filepath.Join(folder, "supp2000.xml"))
	if err != nil {
		return errors.Join(err, d.Close())
	}
	return errors.Join(synthetic.MeSH(d, s, concepts, 1), d.Close(), s.Close())
}
