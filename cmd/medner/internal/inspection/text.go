package inspection

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// Print writes the inspection for people.
func (r *Inspection) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if r.Model != "" {
		r.printModel(w)
	}
	for _, a := range r.Adapters {
		a.print(w)
	}
	if r.Memory != nil {
		r.printMemory(w)
	}
	for i, note := range r.Notes {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "note\t%s\n", note)
	}
	return w.Flush()
}

func (r *Inspection) printModel(w io.Writer) {
	a := r.Architecture
	fmt.Fprintf(w, "model\t%s\n", r.Model)
	fmt.Fprintf(w, "architecture\t%s: %s, hidden %d, intermediate %d, %d heads of %d, %d of keys and values\n",
		a.Type, english.Plural(a.Layers, "layer", ""), a.Hidden, a.Intermediate, a.Heads, a.HeadDim, a.KVHeads)
	head := "a head of its own"
	switch {
	case a.Tied:
		head = "the head tied to the embedding"
	case a.NoHead:
		head = "no language-model head"
	}
	fmt.Fprintf(w, "vocabulary\t%d, %s\n", a.Vocabulary, head)
	fmt.Fprintf(w, "positions\t%d, rope %s with theta %g\n", a.Positions, a.RopeType, a.RopeTheta)
	if a.Window > 0 {
		fmt.Fprintf(w, "window\t%s positions before a token are seen by it, itself included\n", humanize.Comma(int64(a.Window)))
	}
	for _, q := range r.Quantisation {
		fmt.Fprintf(w, "quantisation\t%s\n", q)
	}
	fmt.Fprintf(w, "parameters\t%s\n", humanize.Comma(r.Parameters))
	if r.VocabularyIDs > 0 {
		fmt.Fprintf(w, "tokenizer\t%d ids\n", r.VocabularyIDs)
	}
	printHead(w, r.Classes, r.Labels)
	if r.ChatTemplate != "" {
		fmt.Fprintf(w, "chat template\t%s\n", r.ChatTemplate)
	}
	fmt.Fprintln(w)
	for _, t := range r.Weights {
		fmt.Fprintf(w, "%s\t%s\t%d × %d\t%s\n", t.Name, times(t.Count), t.Shape[0], t.Shape[1], t.Format)
	}
}

// printHead prints the labels of a token classification head, if there is one.
func printHead(w io.Writer, classes int, labels []string) {
	switch {
	case classes == 0:
	case labels == nil:
		fmt.Fprintf(w, "labels\t%d, without names\n", classes)
	default:
		fmt.Fprintf(w, "labels\t%s\n", strings.Join(labels, ", "))
	}
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("%d times", n)
}

func (a *Adapter) print(w io.Writer) {
	targets := strings.Join(a.TargetModules, ", ")
	if a.TargetPattern != "" {
		targets = a.TargetPattern
	}
	fmt.Fprintf(w, "\nadapter\t%s: %s of rank %d, alpha %g, on %s\n", a.Name, a.Kind, a.Rank, a.Alpha, targets)
	if a.BaseModel != "" {
		fmt.Fprintf(w, "trained on\t%s\n", a.BaseModel)
	}
	if len(a.SavedModules) > 0 {
		fmt.Fprintf(w, "replaces\t%s\n", strings.Join(a.SavedModules, ", "))
	}
	printHead(w, a.Classes, a.Labels)
	for _, c := range a.Changes {
		var how []string
		if c.Rank > 0 {
			how = append(how, fmt.Sprintf("rank %d, scale %g", c.Rank, c.Scale))
		}
		for _, what := range []struct {
			is   bool
			name string
		}{{c.DoRA, "DoRA"}, {c.Replaced, "replaced"}, {c.Bias, "bias"}} {
			if what.is {
				how = append(how, what.name)
			}
		}
		most := ""
		if c.Count > 1 {
			most = fmt.Sprintf(", at most %.2f %%", 100*c.Strongest)
		}
		if c.weight == 0 && c.Strength == 0 { // the base has no such module
			fmt.Fprintf(w, "%s\t%s\t%s\tthe adapter's own\n", c.Name, times(c.Count), strings.Join(how, ", "))
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t‖Δ‖/‖W‖ %.2f %%%s\n", c.Name, times(c.Count), strings.Join(how, ", "), 100*c.Strength, most)
	}
}

func (r *Inspection) printMemory(w io.Writer) {
	m, size := r.Memory, func(n int64) string { return humanize.IBytes(uint64(n)) }
	how := "projections as the file has them"
	if m.Held != "keep" {
		how = "projections as " + m.Held
	}
	if r.LoRA != "" {
		how += ", adapters by " + r.LoRA
	}
	fmt.Fprintf(w, "\nweights\t%s packed (%s); %s read a token\n", size(m.Weights), how, size(m.Step))
	if m.Embedding > 0 {
		fmt.Fprintf(w, "embedding\t%s, mapped from its file\n", size(m.Embedding))
	}
	fmt.Fprintf(w, "keys and values\t%s a position, %s for %d\n", size(m.KVPosition), size(m.KV), m.Context)
	fmt.Fprintf(w, "together\t%s with one full context\n", size(m.Total))
	fmt.Fprintf(w, "abstracts\tabout %s for medner ner and batch run, %d at once\n", size(m.Abstracts), abstracts)
	fmt.Fprintf(w, "\nkernels\t%s, %s: %s\n", r.Kernels.Device, r.Kernels.Variant, r.Kernels.Reason)
	for _, v := range r.Kernels.Variants {
		if !v.Available {
			fmt.Fprintf(w, "\tnot %s: %s\n", v.Name, v.Reason)
		}
	}
	fmt.Fprintf(w, "threads\t%d\n", r.Kernels.Threads)
}
