// Command fit fits the weights of package border: it glues the articles of a file
// in PubTator's format together in several ways, and has a logistic regression tell
// where one ends. It prints the weights, and how many borders they find between the
// articles of another file, and how many they find where there are none.
//
//	go run ./ner/internal/border/fit TRAINING.PubTator CHECK.PubTator
package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/internal/border"
	"github.com/medner/medner/ner/internal/sentence"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(1)
	}
}

func run(paths []string, out io.Writer) error {
	if len(paths) != 2 {
		return fmt.Errorf("%d arguments: expected two files, to fit to and to check with", len(paths))
	}
	given, err := articles(paths[0])
	if err != nil {
		return err
	}
	check, err := articles(paths[1])
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var all []place
	for _, glued := range []int{3, 10, 30, 10} {
		rng.Shuffle(len(given), func(i, j int) { given[i], given[j] = given[j], given[i] })
		all = append(all, places(given, glued)...)
	}
	weights := fit(all)
	fmt.Fprintf(out, "bias %.2f\n", weights[0])
	for i, name := range border.Names {
		fmt.Fprintf(out, "%s %.2f\n", name, weights[i+1])
	}
	for _, glued := range []int{3, 10, 50} {
		found, wrong, missed := count(weights, places(check, glued))
		fmt.Fprintf(out, "%d articles a text: %d borders found, %d missed, %d found where there are none\n", glued, found, missed, wrong)
	}
	return nil
}

// mostBytes is the size of the largest file that is read.
const mostBytes = 1 << 30

// articles reads titles and abstracts of a file in PubTator's format.
func articles(path string) (all []string, err error) {
	data, err := files.Read(path, mostBytes, "gold annotations")
	if err != nil {
		return nil, err
	}
	for block := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n\n") {
		var parts []string
		for line := range strings.Lines(block) {
			if f := strings.SplitN(line, "|", 3); len(f) == 3 && (f[1] == "t" || f[1] == "a") {
				parts = append(parts, strings.TrimSpace(f[2]))
			}
		}
		all = append(all, strings.Join(parts, " "))
	}
	return all, nil
}

// place is the beginning of a sentence.
type place struct {
	signs  []float64 // the first is 1, for the bias
	border bool      // an article begins here
}

// places glues articles together, a number of them a text, and returns where
// sentences begin.
func places(articles []string, glued int) (all []place) {
	for i := 0; i < len(articles); i += glued {
		group := articles[i:min(len(articles), i+glued)]
		borders := map[int]bool{}
		at := 0
		for _, a := range group {
			borders[at] = true
			at += len(a) + 1
		}
		text := strings.Join(group, " ")
		var units []border.Unit
		start := 0
		for _, end := range append(sentence.Starts(text), len(text)) {
			units = append(units, border.Unit{Start: start, End: end})
			start = end
		}
		for u, s := range border.Signs(text, units) {
			if u > 0 {
				all = append(all, place{append([]float64{1}, s[:]...), borders[units[u].Start]})
			}
		}
	}
	return all
}

// odds returns the logarithm of the odds that a place is a border.
func odds(weights []float64, p place) (sum float64) {
	for i, w := range weights {
		sum += w * p.signs[i]
	}
	return sum
}

// fit returns the weights under which places are likeliest what they are, with a
// penalty of half the square of each weight but the bias: Newton's method.
func fit(all []place) []float64 {
	const rounds = 25
	n := len(all[0].signs)
	weights := make([]float64, n)
	for range rounds {
		system := make([][]float64, n) // the Hessian, and the gradient as its last column
		for i := range system {
			system[i] = make([]float64, n+1)
			if i > 0 {
				system[i][i], system[i][n] = 1, -weights[i]
			}
		}
		for _, p := range all {
			q := 1 / (1 + math.Exp(-odds(weights, p)))
			target := 0.0
			if p.border {
				target = 1
			}
			for i, s := range p.signs {
				for j, t := range p.signs {
					system[i][j] += q * (1 - q) * s * t
				}
				system[i][n] += (target - q) * s
			}
		}
		solve(system)
		for i := range weights {
			weights[i] += system[i][n]
		}
	}
	return weights
}

// solve solves a system of linear equations in place; its matrix is positive
// definite, so that no pivot is 0. The last column becomes the solution.
func solve(system [][]float64) {
	for i, row := range system {
		pivot := row[i]
		for j := range row {
			row[j] /= pivot
		}
		for k, other := range system {
			if k != i {
				factor := other[i]
				for j := range other {
					other[j] -= factor * row[j]
				}
			}
		}
	}
}

// count counts the places that the weights hold for borders: those that are, those
// that aren't, and those that are missing.
func count(weights []float64, all []place) (found, wrong, missed int) {
	for _, p := range all {
		switch said := odds(weights, p) > 0; {
		case said && p.border:
			found++
		case said:
			wrong++
		case p.border:
			missed++
		}
	}
	return found, wrong, missed
}
