package embedder

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/medner/medner/ner/terminology"
)

// A program brings a table of its own, makes an index of it once, and looks up
// mentions as articles spell them.
func Example_terminology() {
	dir, err := os.MkdirTemp("", "embedder")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	table := filepath.Join(dir, "drugs.tsv")
	const rows = "id\tname\tsynonyms\ttype\nD1\tlithium carbonate\tLithobid\tchemical\nD2\ttremor\tshaking\tdisease\n"
	if err := os.WriteFile(table, []byte(rows), 0o600); err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "drugs.index")
	info, err := terminology.Import(context.Background(), path, []terminology.Source{{Path: table}}, terminology.Options{Name: "drugs"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, info.Concepts, "concepts")

	index, err := terminology.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = index.Close() }()
	for _, mention := range []string{"Tremors", "lithium carbonat", "aspirin"} {
		matches, err := index.Lookup(terminology.Query{Text: mention})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(mention, ":")
		for _, m := range matches {
			fmt.Printf(" %s %s (%s %.2f)", m.ID, m.Name, m.Method, m.Score)
		}
		fmt.Println()
	}
	// Output:
	// drugs 2 concepts
	// Tremors: D2 tremor (normalized 0.95)
	// lithium carbonat: D1 lithium carbonate (fuzzy 0.91)
	// aspirin:
}
