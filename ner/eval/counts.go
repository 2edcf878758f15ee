package eval

import "context"

// Counts are the numbers of items from which precision, recall and F1 follow.
type Counts struct {
	TP        float64 `json:"tp"` // true positives; may be fractional at the partial level
	Predicted int     `json:"predicted"`
	Gold      int     `json:"gold"`
}

// add returns the pooled counts.
func (c Counts) add(d Counts) Counts {
	return Counts{TP: c.TP + d.TP, Predicted: c.Predicted + d.Predicted, Gold: c.Gold + d.Gold}
}

// Precision returns the share of predicted items that are right.
func (c Counts) Precision() float64 { return ratio(c.TP, float64(c.Predicted)) }

// Recall returns the share of gold items that were predicted.
func (c Counts) Recall() float64 { return ratio(c.TP, float64(c.Gold)) }

// F1 returns the harmonic mean of precision and recall.
func (c Counts) F1() float64 { return ratio(2*c.TP, float64(c.Predicted+c.Gold)) }

// ratio returns a/b, and 0 for b = 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Score has the counts and the measures of one task, or of all tasks pooled.
type Score struct {
	Counts
	Precision float64   `json:"precision"`
	Recall    float64   `json:"recall"`
	F1        float64   `json:"f1"`
	F1CI      *Interval `json:"f1_ci95,omitempty"`
}

// Interval is a 95 % confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func score(c Counts) Score {
	return Score{Counts: c, Precision: c.Precision(), Recall: c.Recall(), F1: c.F1()}
}

// Level has the scores at one level.
type Level struct {
	Tasks map[string]Score `json:"tasks"`
	Micro Score            `json:"micro"` // of the pooled tasks
	Macro Mean             `json:"macro"`
}

// Mean is the mean over tasks.
type Mean struct {
	Precision float64   `json:"precision"`
	Recall    float64   `json:"recall"`
	F1        float64   `json:"f1"`
	F1CI      *Interval `json:"f1_ci95,omitempty"`
}

// perDocument has the counts of one level for each document.
type perDocument struct {
	tasks  []string
	counts map[string][]Counts // for each task, in the order of the gold documents
}

func newPerDocument(documents int, tasks ...string) *perDocument {
	p := &perDocument{tasks: tasks, counts: map[string][]Counts{}}
	for _, t := range tasks {
		p.counts[t] = make([]Counts, documents)
	}
	return p
}

// total returns the sum of a task's counts over the documents in pick, which may
// have a document several times; nil stands for all documents.
func (p *perDocument) total(task string, pick []int) Counts {
	var sum Counts
	if pick == nil {
		for _, c := range p.counts[task] {
			sum = sum.add(c)
		}
		return sum
	}
	for _, i := range pick {
		sum = sum.add(p.counts[task][i])
	}
	return sum
}

// f1 returns the F1 of each task, and then of the micro and the macro average, over
// the documents in pick.
func (p *perDocument) f1(pick []int) []float64 {
	out := make([]float64, 0, len(p.tasks)+2)
	var pooled Counts
	macro := 0.0
	for _, t := range p.tasks {
		c := p.total(t, pick)
		pooled = pooled.add(c)
		macro += c.F1() / float64(len(p.tasks))
		out = append(out, c.F1())
	}
	return append(out, pooled.F1(), macro)
}

// level returns the scores, with confidence intervals unless resamples is 0.
func (p *perDocument) level(ctx context.Context, documents, resamples int) (Level, error) {
	l := Level{Tasks: map[string]Score{}}
	intervals, err := bootstrap(ctx, documents, resamples, p.f1)
	if err != nil {
		return l, err
	}
	interval := func(i int) *Interval {
		if intervals == nil {
			return nil
		}
		return &intervals[i]
	}
	var pooled Counts
	n := float64(len(p.tasks))
	for i, t := range p.tasks {
		c := p.total(t, nil)
		pooled = pooled.add(c)
		s := score(c)
		s.F1CI = interval(i)
		l.Tasks[t] = s
		l.Macro.Precision += s.Precision / n
		l.Macro.Recall += s.Recall / n
		l.Macro.F1 += s.F1 / n
	}
	l.Micro = score(pooled)
	l.Micro.F1CI = interval(len(p.tasks))
	l.Macro.F1CI = interval(len(p.tasks) + 1)
	return l, nil
}
