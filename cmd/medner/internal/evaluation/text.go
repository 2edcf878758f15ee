package evaluation

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/medner/medner/ner/eval"
)

// Print writes an evaluation for people; notice ends its last line.
func (out *Evaluation) Print(w io.Writer, notice string) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "level\t\tTP\tpredicted\tgold\tP\tR\tF1\t95 %\t")
	printLevel(t, eval.DocumentLevel, eval.Level{Tasks: out.Tasks, Micro: out.Micro, Macro: out.Macro})
	for _, name := range eval.SpanLevels() {
		if l := out.Levels[name]; l.Micro.Gold > 0 {
			printLevel(t, name, l)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(out.Errors) > 0 {
		fmt.Fprintln(w, "\nerrors")
		for _, e := range out.Errors {
			fmt.Fprintf(w, "  %-10s  %5d  %s", e.Task, e.Count, e.Kind)
			if len(e.Examples) > 0 {
				fmt.Fprint(w, ", such as ", example(e.Examples[0]))
			}
			fmt.Fprintln(w)
		}
	}
	if len(out.Strategies) > 0 {
		fmt.Fprintln(w, "\nP / R / F1 at the document level, if answers had been filtered otherwise")
		if err := printStrategies(w, out.Strategies); err != nil {
			return err
		}
	}
	if len(out.Thresholds) > 0 {
		fmt.Fprintln(w, "\nwithout less sure items: F1 (P / R)")
	}
	for _, th := range out.Thresholds {
		printThreshold(t, th)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	switch {
	case out.CrossFitted && len(out.Calibration) > 0:
		fmt.Fprintln(w, "\nconfidences, cross-fitted")
	case len(out.Calibration) > 0:
		fmt.Fprintln(w, "\nconfidences, as they are")
	}
	for _, task := range eval.Tasks() {
		if c, ok := out.Calibration[task]; ok {
			fmt.Fprintf(w, "  %-10s  %d items, calibration error %.1f %% debiased%s, %.1f %% plain, Brier %.3f%s\n", task, c.Items, 100*c.Debiased, percentInterval(c.DebiasedCI), 100*c.ECE, c.Brier, interval(c.BrierCI))
		}
	}
	if len(out.Differences) > 0 {
		fmt.Fprintln(w, "\nF1 of --compare minus F1 of --predictions")
	}
	for _, d := range out.Differences {
		fmt.Fprintf(w, "  %-15s  %-10s  %+.1f %s  p = %.3f\n", d.Level, d.Task, 100*d.Delta, percentInterval(&d.CI), d.P)
	}
	if r := out.Resolution; r != nil {
		fmt.Fprintf(w, "\nidentifiers of predictions: %d their own, %d of the gold mention with the same text, %d without\n", r.Given, r.GoldMentions, r.None)
	}
	for _, warning := range out.Warnings {
		fmt.Fprintf(w, "warning: %s\n", warning)
	}
	_, err := fmt.Fprintf(w, "%d documents, %.1f s. %s\n", out.Documents, out.Seconds, notice)
	return err
}

func printThreshold(w io.Writer, th eval.Threshold) {
	fmt.Fprintf(w, "≥ %.1f\t", th.Confidence)
	for _, named := range []struct {
		name  string
		level *eval.Level
	}{{"document", &th.Document}, {"mention", th.Mention}, {"relation", th.Relation}} {
		if named.level == nil {
			continue
		}
		fmt.Fprintf(w, "%s\t", named.name)
		for _, task := range eval.Tasks() {
			if s, ok := named.level.Tasks[task]; ok {
				fmt.Fprintf(w, "%s %.1f (%.1f / %.1f)\t", task, 100*s.F1, 100*s.Precision, 100*s.Recall)
			}
		}
	}
	fmt.Fprintln(w)
}

func printLevel(w io.Writer, name string, l eval.Level) {
	line := func(task string, s eval.Score) {
		fmt.Fprintf(w, "%s\t%s\t%g\t%d\t%d\t%.1f\t%.1f\t%.1f\t%s\t\n", name, task, s.TP, s.Predicted, s.Gold, 100*s.Precision, 100*s.Recall, 100*s.F1, percentInterval(s.F1CI))
		name = ""
	}
	for _, task := range eval.Tasks() {
		if s, ok := l.Tasks[task]; ok {
			line(task, s)
		}
	}
	if len(l.Tasks) > 1 {
		line("micro", l.Micro)
		fmt.Fprintf(w, "\tmacro\t\t\t\t%.1f\t%.1f\t%.1f\t%s\t\n", 100*l.Macro.Precision, 100*l.Macro.Recall, 100*l.Macro.F1, percentInterval(l.Macro.F1CI))
	}
}

// printStrategies writes a line for each.
func printStrategies(w io.Writer, list []eval.Strategy) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprint(t, "  \t")
	for _, task := range eval.Tasks() {
		if _, ok := list[0].Tasks[task]; ok {
			fmt.Fprintf(t, "%s\t", task)
		}
	}
	fmt.Fprintln(t, "micro\tmacro")
	cell := func(precision, recall, f1 float64) string {
		return fmt.Sprintf("%.1f / %.1f / %.1f", 100*precision, 100*recall, 100*f1)
	}
	for _, s := range list {
		fmt.Fprintf(t, "  %s\t", s.Name)
		for _, task := range eval.Tasks() {
			if c, ok := s.Tasks[task]; ok {
				fmt.Fprintf(t, "%s\t", cell(c.Precision, c.Recall, c.F1))
			}
		}
		fmt.Fprintf(t, "%s\t%s\n", cell(s.Micro.Precision, s.Micro.Recall, s.Micro.F1), cell(s.Macro.Precision, s.Macro.Recall, s.Macro.F1))
	}
	return t.Flush()
}

func example(e eval.Example) string {
	switch {
	case e.Predicted == "":
		return fmt.Sprintf("%q", e.Gold)
	case e.Gold == "":
		return fmt.Sprintf("%q", e.Predicted)
	}
	return fmt.Sprintf("%q for %q", e.Predicted, e.Gold)
}

func percentInterval(i *eval.Interval) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf(" [%.1f, %.1f]", 100*i.Low, 100*i.High)
}

func interval(i *eval.Interval) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf(" [%.3f, %.3f]", i.Low, i.High)
}
