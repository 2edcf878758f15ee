package embedder

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/format"
)

// A pipeline converts a PubTator file for displaCy. One of its documents is
// bad: it is reported with the line, and the others are converted.
func Example_format() {
	const file = "1|t|Lithium and tremor\n1\t0\t7\tLithium\tChemical\tMESH:D008094\n\n" +
		"2|t|Tin\n2\t0\t9\tTin\tChemical\tD014001\n\n" +
		"3|t|Tremor\n3\t0\t6\tTremor\tDisease\tMESH:D014202\n"
	reader, err := format.NewReader("corpus.txt", strings.NewReader(file), format.ReadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	writer, err := format.NewWriter(os.Stdout, format.WriteOptions{Format: format.DisplaCy})
	if err != nil {
		log.Fatal(err)
	}
	counts, err := format.Convert(context.Background(), reader.Results(), writer, func(err error) {
		var bad *badinput.Error
		if errors.As(err, &bad) {
			fmt.Println("bad:", bad.File, bad.Field)
		}
	})
	if err := errors.Join(err, writer.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %+v\n", reader.Format(), counts)
	// Output:
	// {"id":"1","text":"Lithium and tremor","ents":[{"start":0,"end":7,"label":"CHEMICAL","kb_id":"MESH:D008094"}],"title":null}
	// bad: corpus.txt line 5 (document 2)
	// {"id":"3","text":"Tremor","ents":[{"start":0,"end":6,"label":"DISEASE","kb_id":"MESH:D014202"}],"title":null}
	// pubtator: {Documents:3 Failed:1}
}
