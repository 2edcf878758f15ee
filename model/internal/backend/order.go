package backend

import "iter"

// ByAdapter visits the spans in the order in which a device computes them: the
// spans under the base first, then those of each adapter, by its index.
func ByAdapter(spans []Span) iter.Seq[*Span] {
	return func(yield func(*Span) bool) {
		for adapter, done := -1, 0; done < len(spans); adapter++ {
			for i := range spans {
				if spans[i].Adapter != adapter {
					continue
				}
				done++
				if !yield(&spans[i]) {
					return
				}
			}
		}
	}
}
