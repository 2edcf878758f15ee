package jinja

// scope holds the variables of a block; those of the blocks around it are seen
// through it.
type scope struct {
	parent *scope
	few    []binding // the variables, as long as they are few
	many   map[string]value
}

type binding struct {
	name  string
	value value
}

// manyVariables is from how many on a scope finds its variables in a map.
const manyVariables = 9

func (s *scope) inner() *scope { return &scope{parent: s} }

func (s *scope) set(r *run, name string, v value) {
	r.alloc(64)
	if s.many != nil {
		s.many[name] = v
		return
	}
	for i := range s.few {
		if s.few[i].name == name {
			s.few[i].value = v
			return
		}
	}
	if s.few = append(s.few, binding{name, v}); len(s.few) < manyVariables {
		return
	}
	s.many = map[string]value{}
	for _, b := range s.few {
		s.many[b.name] = b.value
	}
}

// get returns the value of a variable. Each block that is looked through is a
// step.
func (s *scope) get(r *run, name string) (value, bool) {
	for ; s != nil; s = s.parent {
		r.step(1)
		if s.many != nil {
			if v, ok := s.many[name]; ok {
				return v, true
			}
			continue
		}
		for i := range s.few {
			if s.few[i].name == name {
				return s.few[i].value, true
			}
		}
	}
	return nil, false
}
