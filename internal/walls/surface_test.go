package walls

import (
	"bytes"
	"encoding/json"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A caller of another module can neither name nor make a value of an internal
// type, and shall not depend on the modules that this one uses. So no exported name
// may need a type of either.
func TestExportedNamesNeedNoHiddenType(t *testing.T) {
	for _, p := range load(t, public) {
		seek := seeker{visited: map[types.Type]bool{}}
		for _, name := range p.Scope().Names() {
			if object := p.Scope().Lookup(name); object.Exported() {
				seek.in(object.Type(), name)
			}
		}
		for _, found := range seek.found {
			t.Errorf("%s: %s", p.Path(), found)
		}
	}
}

// The seeker must find the types that the test above is for.
func TestSeekerFindsHiddenTypes(t *testing.T) {
	inner := types.NewPackage(module+"/internal/x", "x")
	secret := named(inner, "Secret", types.Typ[types.Int])
	outer := types.NewPackage(module+"/y", "y")
	field := func(name string, of types.Type, embedded bool) types.Type {
		return types.NewStruct([]*types.Var{types.NewField(token.NoPos, outer, name, of, embedded)}, nil)
	}
	function := types.NewSignatureType(nil, nil, nil, types.NewTuple(types.NewParam(token.NoPos, outer, "", types.NewSlice(secret))), nil, false)
	withMethod := named(outer, "M", types.NewStruct(nil, nil))
	withMethod.AddMethod(types.NewFunc(token.NoPos, outer, "Do", function))
	hidden := named(outer, "M", types.NewStruct(nil, nil))
	hidden.AddMethod(types.NewFunc(token.NoPos, outer, "do", function))
	for _, c := range []struct {
		what  string
		in    types.Type
		found bool
	}{
		{"alias", types.NewAlias(types.NewTypeName(token.NoPos, outer, "A", nil), secret), true},
		{"parameter", function, true},
		{"method", withMethod, true},
		{"method that isn't exported", hidden, false},
		{"field", named(outer, "F", field("Field", types.NewPointer(secret), false)), true},
		{"field that isn't exported", named(outer, "F", field("field", secret, false)), false},
		{"embedded field", named(outer, "E", field("Secret", secret, true)), true},
		{"type that isn't exported", named(outer, "u", field("Field", secret, false)), true},
		{"defined over it", named(outer, "D", secret.Underlying()), false},
		{"another module's", named(types.NewPackage("example.org/x", "x"), "X", types.Typ[types.Int]), true},
		{"the standard library's", named(types.NewPackage("time", "time"), "Duration", types.Typ[types.Int64]), false},
	} {
		seek := seeker{visited: map[types.Type]bool{}}
		seek.in(c.in, c.what)
		require.Equal(t, c.found, len(seek.found) > 0, c.what)
	}
}

func named(in *types.Package, name string, underlying types.Type) *types.Named {
	return types.NewNamed(types.NewTypeName(token.NoPos, in, name, nil), underlying, nil)
}

// TestCountExportedNames fails for a package without any; with -v it prints
// how many each has.
func TestCountExportedNames(t *testing.T) {
	t.Logf("%-20s %6s %6s %8s %6s %9s", "package", "types", "funcs", "methods", "fields", "variables")
	var sum counts
	for _, p := range load(t, public) {
		c := count(p)
		require.NotZero(t, c.types+c.functions, p.Path())
		t.Logf("%-20s %6d %6d %8d %6d %9d", strings.TrimPrefix(p.Path(), module+"/"), c.types, c.functions, c.methods, c.fields, c.variables)
		sum.types += c.types
		sum.functions += c.functions
		sum.methods += c.methods
		sum.fields += c.fields
		sum.variables += c.variables
	}
	t.Logf("%-20s %6d %6d %8d %6d %9d", "all", sum.types, sum.functions, sum.methods, sum.fields, sum.variables)
}

// counts tells how many exported names a package has; fields are those of its
// exported structs, methods also those of its interfaces.
type counts struct {
	types, functions, methods, fields int
	variables                         int // and constants
}

func count(p *types.Package) counts {
	var c counts
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch object := object.(type) {
		case *types.Func:
			c.functions++
		case *types.Var, *types.Const:
			c.variables++
		case *types.TypeName:
			c.types++
			if t, ok := object.Type().(*types.Named); ok {
				c.methods += len(methods(t))
				c.fields += len(fields(t))
			}
		}
	}
	return c
}

// methods returns the exported methods that t declares.
func methods(t *types.Named) []*types.Func {
	var all []*types.Func
	for m := range t.Methods() {
		if m.Exported() {
			all = append(all, m)
		}
	}
	if i, ok := t.Underlying().(*types.Interface); ok {
		for m := range i.Methods() {
			if m.Exported() {
				all = append(all, m)
			}
		}
	}
	return all
}

// fields returns the exported fields that t has if it is a struct.
func fields(t types.Type) []*types.Var {
	var all []*types.Var
	if s, ok := t.Underlying().(*types.Struct); ok {
		for f := range s.Fields() {
			if f.Exported() {
				all = append(all, f)
			}
		}
	}
	return all
}

// A seeker collects where types stand that are of internal packages or of other
// modules.
type seeker struct {
	found   []string
	visited map[types.Type]bool
}

// in seeks in t and all that a caller reaches from t; where says how a caller
// reaches t.
func (s *seeker) in(t types.Type, where string) {
	if s.visited[t] {
		return
	}
	s.visited[t] = true
	switch t := t.(type) {
	case *types.Alias:
		s.name(t.Obj(), where)
		s.in(t.Rhs(), where)
	case *types.Named:
		s.named(t, where)
	case *types.Pointer:
		s.in(t.Elem(), where)
	case *types.Slice:
		s.in(t.Elem(), where)
	case *types.Array:
		s.in(t.Elem(), where)
	case *types.Chan:
		s.in(t.Elem(), where)
	case *types.Map:
		s.in(t.Key(), where)
		s.in(t.Elem(), where)
	case *types.Tuple:
		for v := range t.Variables() {
			s.in(v.Type(), where)
		}
	case *types.Signature:
		s.in(t.Params(), where)
		s.in(t.Results(), where)
		for p := range t.TypeParams().TypeParams() {
			s.in(p.Constraint(), where)
		}
	case *types.Struct:
		for _, f := range fields(t) {
			s.in(f.Type(), where+"."+f.Name())
		}
	case *types.Interface:
		for m := range t.Methods() {
			s.in(m.Type(), where+"."+m.Name())
		}
		for embedded := range t.EmbeddedTypes() {
			s.in(embedded, where)
		}
	}
}

// named seeks in a defined type: only types of this module lead to more of it.
func (s *seeker) named(t *types.Named, where string) {
	s.name(t.Obj(), where)
	for argument := range t.TypeArgs().Types() {
		s.in(argument, where)
	}
	if p := t.Obj().Pkg(); p == nil || !strings.HasPrefix(p.Path(), module+"/") {
		return
	}
	s.in(t.Underlying(), where)
	for _, m := range methods(t) {
		s.in(m.Type(), where+"."+m.Name())
	}
}

// name notes a type of an internal package or of another module, which, other than
// the standard library's, has a dot in the first element of its path.
func (s *seeker) name(o *types.TypeName, where string) {
	if o.Pkg() == nil {
		return
	}
	path, ours := strings.CutPrefix(o.Pkg().Path(), module+"/")
	first, _, _ := strings.Cut(path, "/")
	internal := ours && strings.Contains("/"+path+"/", "/internal/")
	foreign := !ours && strings.Contains(first, ".")
	if internal || foreign {
		s.found = append(s.found, where+" needs "+path+"."+o.Name())
	}
}

// load reads the exported names of packages of this module from what the
// compiler writes for those who import them.
func load(t *testing.T, paths []string) []*types.Package {
	t.Helper()
	arguments := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, path := range paths {
		arguments = append(arguments, module+"/"+path)
	}
	list := exec.Command("go", arguments...)
	list.Stderr = os.Stderr
	listed, err := list.Output()
	require.NoError(t, err)
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(listed)); d.More(); {
		var p struct{ ImportPath, Export string }
		require.NoError(t, d.Decode(&p))
		exports[p.ImportPath] = p.Export
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var loaded []*types.Package
	for _, path := range paths {
		p, err := from.Import(module + "/" + path)
		require.NoError(t, err, path)
		loaded = append(loaded, p)
	}
	return loaded
}
