package eval

// Counts are the sums that every measure here comes from. TP is a fraction
// only at the partial level.
type Counts struct {
	TP        float64 `json:"tp"`
	Predicted int     `json:"predicted"`
	Gold      int     `json:"gold"`
}

// Add returns the pooled counts.
func (c Counts) Add(d Counts) Counts {
	return Counts{c.TP + d.TP, c.Predicted + d.Predicted, c.Gold + d.Gold}
}

// Precision is the share of predicted items that are right.
func (c Counts) Precision() float64 { return ratio(c.TP, float64(c.Predicted)) }

// Recall is the share of gold items that were found.
func (c Counts) Recall() float64 { return ratio(c.TP, float64(c.Gold)) }

// F1 is the harmonic mean of precision and recall.
func (c Counts) F1() float64 { return ratio(2*c.TP, float64(c.Predicted+c.Gold)) }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Score is a line of a report.
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

// Level is the result at one level: by task or type, pooled, and averaged.
type Level struct {
	Tasks map[string]Score `json:"tasks"`
	Micro Score            `json:"micro"`
	Macro Mean             `json:"macro"`
}

// Mean averages over tasks.
type Mean struct {
	Precision float64   `json:"precision"`
	Recall    float64   `json:"recall"`
	F1        float64   `json:"f1"`
	F1CI      *Interval `json:"f1_ci95,omitempty"`
}

// perDocument holds a level's counts by task and document, in one order.
type perDocument struct {
	tasks  []string
	counts map[string][]Counts
}

func newPerDocument(documents int, tasks ...string) *perDocument {
	p := &perDocument{tasks: tasks, counts: map[string][]Counts{}}
	for _, t := range tasks {
		p.counts[t] = make([]Counts, documents)
	}
	return p
}

// total sums task's counts over the documents picked; nil picks each once.
func (p *perDocument) total(task string, pick []int) Counts {
	var sum Counts
	if pick == nil {
		for _, c := range p.counts[task] {
			sum = sum.Add(c)
		}
		return sum
	}
	for _, i := range pick {
		sum = sum.Add(p.counts[task][i])
	}
	return sum
}

// f1 returns the tasks' F1 in order, then micro's, then macro's.
func (p *perDocument) f1(pick []int) []float64 {
	out := make([]float64, 0, len(p.tasks)+2)
	var pooled Counts
	macro := 0.0
	for _, t := range p.tasks {
		c := p.total(t, pick)
		pooled = pooled.Add(c)
		macro += c.F1() / float64(len(p.tasks))
		out = append(out, c.F1())
	}
	return append(out, pooled.F1(), macro)
}

// level sums up, with confidence intervals from resamples (none if 0).
func (p *perDocument) level(documents, resamples int) Level {
	l := Level{Tasks: map[string]Score{}}
	intervals := bootstrap(documents, resamples, p.f1)
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
		pooled = pooled.Add(c)
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
	return l
}
