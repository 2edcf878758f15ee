package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/lora"
)

// active says under which adapter, or sum of adapters, requests run that name none.
type active struct {
	name string     // of an adapter, of a sum of adapters, or Base; "": the model has no adapters
	sum  *lora.Plan // what the sum changes; nil: name is not the name of a sum
	// refused says why requests that name no adapter are refused: there are several, the
	// options name none of them, and they have no sum. nil: such requests run.
	refused error
}

// activate finds the adapters that o.Active names: one, the base, or a sum. The plans are
// those of the open adapters.
func (a *adapters) activate(plans []*lora.Plan, o Options) error {
	names := make([]string, len(a.open))
	for i, opened := range a.open {
		names[i] = opened.Name
	}
	switch {
	case o.Active == Base && a.mode == Unmerged, slices.Contains(names, o.Active):
		a.active.name = o.Active
		return nil
	case o.Active == "" && len(names) == 1:
		a.active.name = names[0]
		return nil
	}
	parts, partPlans := a.open, plans
	if o.Active != "" {
		parts, partPlans = nil, nil
		for _, name := range strings.Split(o.Active, "+") {
			i := slices.Index(names, name)
			if i < 0 || slices.Contains(parts, a.open[i]) {
				return badinput.New("", "active adapter", fmt.Sprintf("%q", o.Active), a.choice(names))
			}
			parts, partPlans = append(parts, a.open[i]), append(partPlans, plans[i])
		}
	}
	a.active.name = lora.SumName(parts)
	if slices.Contains(names, a.active.name) {
		return badinput.New("", "adapter", fmt.Sprintf("the name %q, which is also that of a sum", a.active.name), "names that differ from it")
	}
	var err error
	if a.active.sum, err = lora.Sum(parts, partPlans); err == nil {
		return nil
	}
	err = fmt.Errorf("%w; choose: %s", err, a.choice(names))
	if o.Active != "" || a.mode != Unmerged {
		return err
	}
	a.active.refused = err
	return nil
}

// choice says which names Options.Active may have.
func (a *adapters) choice(names []string) string {
	if a.mode == Unmerged {
		names = append([]string{Base}, names...)
	}
	return fmt.Sprintf("one of %q, or some adapters with + between", names)
}
