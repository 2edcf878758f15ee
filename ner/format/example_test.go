package format_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/medner/medner/ner/format"
)

func ExampleConvert() {
	const article = "1|t|Lithium and tremor\n1|a|\n1\t0\t7\tLithium\tChemical\tMESH:D008094\n"
	r, err := format.NewReader("article.txt", strings.NewReader(article), format.ReadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := format.NewWriter(os.Stdout, format.WriteOptions{Format: format.DisplaCy})
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := format.Convert(context.Background(), r.Results(), w, func(err error) { fmt.Println(err) })
	fmt.Println(n.Documents, n.Failed, err)
	// Output:
	// {"id":"1","text":"Lithium and tremor","ents":[{"start":0,"end":7,"label":"CHEMICAL","kb_id":"MESH:D008094"}],"title":null}
	// 1 0 <nil>
}

func ExampleReader_Documents() {
	const bad = "1|t|Lithium\n1\t0\t3\tTin\tChemical\tD014001\n\n2|t|Tin\n"
	r, err := format.NewReader("articles.txt", strings.NewReader(bad), format.ReadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for d, err := range r.Documents() {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(d.ID, d.Text)
	}
	// Output:
	// articles.txt: line 2 (document 1): found "Lit" at 0 to 3, expected "Tin", in code points, bytes or UTF-16 units
	// 2 Tin
}
