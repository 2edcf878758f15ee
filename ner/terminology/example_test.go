package terminology_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medner/medner/ner/terminology"
)

func Example() {
	dir, err := os.MkdirTemp("", "terminology")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	index := filepath.Join(dir, "mesh.index")
	_, err = terminology.Import(context.Background(), index, []terminology.Source{{Path: "testdata/desc2026.xml"}}, terminology.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := terminology.Open(index)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = x.Close() }()
	for _, text := range []string{"α-tocopherols", "renal or hepatic toxicity"} {
		matches, err := x.Lookup(terminology.Query{Text: text})
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, m := range matches {
			fmt.Println(m.ID, m.Name, m.Method)
		}
	}
	// Output:
	// MESH:D024502 alpha-Tocopherol normalized
	// MESH:D007674 Kidney Diseases composite
	// MESH:D056486 Chemical and Drug Induced Liver Injury composite
}
