package kernels

import "fmt"

// Force puts a variant into use by name, for tests and benchmarks, until
// restore is called. Results of products that run meanwhile are the same.
func Force(name string) (restore func(), err error) {
	for _, v := range variants() {
		if v.name != name {
			continue
		}
		if why := v.unfit(); why != "" {
			return nil, fmt.Errorf("kernels %s: %s", name, why)
		}
		before := current()
		chosen.Store(&choice{v, "forced"})
		return func() { chosen.Store(before) }, nil
	}
	return nil, fmt.Errorf("no kernels are named %q", name)
}
