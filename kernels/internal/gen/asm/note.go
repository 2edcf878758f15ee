package asm

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	. "github.com/mmcloughlin/avo/reg"
)

// notes holds the comments that wait for the names of registers, each by the
// address of its first line, which avo keeps as it is.
var notes = map[*string]note{}

type note struct {
	format string
	args   []any
}

// Note writes a comment, a line for each line of format. Arguments that are
// registers, lists of registers or memory are written as in the assembly:
//
//	Note("%s is %v", sums, "the sum of a column each")
//
// becomes
//
//	// Z0, Z1, Z2 is the sum of a column each
func Note(format string, args ...any) {
	lines := strings.Split(format, "\n")
	from := 0
	for i, line := range lines {
		to := from + strings.Count(line, "%") - 2*strings.Count(line, "%%")
		notes[&lines[i]] = note{line, args[from:to]}
		from = to
	}
	Comment(lines...)
}

// pass.Compile gives registers their names; notes and signatures follow.
func init() {
	pass.Compile = pass.Concat(pass.Compile, pass.FunctionPass(nameRegisters), pass.FunctionPass(nameStructs))
}

// nameRegisters fills in the notes of a function.
func nameRegisters(f *ir.Function) error {
	for _, node := range f.Nodes {
		c, ok := node.(*ir.Comment)
		if !ok {
			continue
		}
		for i := range c.Lines {
			n, ok := notes[&c.Lines[i]]
			if !ok {
				continue
			}
			args := make([]any, len(n.args))
			for j, a := range n.args {
				args[j] = named(f.Allocation, a)
			}
			c.Lines[i] = fmt.Sprintf(n.format, args...)
		}
	}
	return nil
}

// named returns an argument of a note as it is printed.
func named(a Allocation, arg any) any {
	switch v := arg.(type) {
	case Register:
		return a.LookupRegisterDefault(v).Asm()
	case Mem:
		v.Base, v.Index = a.LookupRegisterDefault(v.Base), a.LookupRegisterDefault(v.Index)
		return v.Asm()
	case []VecVirtual:
		names := make([]string, len(v))
		for i, r := range v {
			names[i] = a.LookupRegisterDefault(r).Asm()
		}
		return strings.Join(runs(names), ", ")
	case [][]VecVirtual:
		names := make([]string, len(v))
		for i, r := range v {
			names[i] = named(a, r).(string)
		}
		return strings.Join(names, "; ")
	}
	return arg
}

// runs shortens each run of three or more names that follow each other: Z0, Z1,
// Z2 become Z0-Z2.
func runs(names []string) []string {
	follows := func(i int) bool {
		var before, number int
		_, err1 := fmt.Sscanf(names[i-1][1:], "%d", &before)
		_, err2 := fmt.Sscanf(names[i][1:], "%d", &number)
		return err1 == nil && err2 == nil && number == before+1
	}
	var short []string
	for from := 0; from < len(names); {
		to := from + 1
		for to < len(names) && follows(to) {
			to++
		}
		if to-from < 3 {
			to = from + 1
			short = append(short, names[from])
		} else {
			short = append(short, names[from]+"-"+names[to-1])
		}
		from = to
	}
	return short
}
