package asm

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// argsFile declares sizes and structs of arguments; it refers to nothing outside
// it.
const argsFile = "../../args.go"

// argsPackage is package kernels as far as argsFile declares it.
var argsPackage = func() *types.Package {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, argsFile, nil, 0)
	if err != nil {
		panic(err)
	}
	pkg, err := new(types.Config).Check("kernels", files, []*ast.File{f}, nil)
	if err != nil {
		panic(err)
	}
	return pkg
}()

// Size returns the constant of that name in argsFile.
func Size(name string) int {
	v, _ := constant.Int64Val(constantOf(name))
	return int(v)
}

// Float32 returns the constant of that name in argsFile.
func Float32(name string) float32 {
	v, _ := constant.Float32Val(constantOf(name))
	return v
}

func constantOf(name string) constant.Value {
	return argsPackage.Scope().Lookup(name).(*types.Const).Val()
}

// signatures has the signatures with the names of structs, by function: avo, which
// knows no names of package kernels, is given a pointer instead.
var signatures = map[string]*gotypes.Signature{}

// args has the fields of the struct that the parameter a of the function that is
// written points to, nil if it has plain parameters.
var args map[string]int64

// BeginArgs is Begin of a function whose only parameter is a pointer to a struct of
// argsFile, such as vectorArgs or scoresArgs[uint16].
func BeginArgs(name, structName, doc, computes string) {
	DeclareArgs(name, attr.NOSPLIT, structName, doc, computes)
}

// DeclareArgs is Declare of such a function.
func DeclareArgs(name string, attributes attr.Attribute, structName, doc, computes string) {
	named, err := types.Eval(token.NewFileSet(), argsPackage, token.NoPos, structName)
	if err != nil {
		panic(err)
	}
	Declare(name, attributes, "func(a *byte)", doc, computes)
	parameter := types.NewTuple(types.NewParam(token.NoPos, argsPackage, "a", types.NewPointer(named.Type)))
	signatures[name+target.Suffix] = gotypes.NewSignature(argsPackage, types.NewSignatureType(nil, nil, nil, parameter, nil, false))

	fields := named.Type.Underlying().(*types.Struct)
	var all []*types.Var
	for i := range fields.NumFields() {
		all = append(all, fields.Field(i))
	}
	args = map[string]int64{}
	for i, offset := range types.SizesFor("gc", "amd64").Offsetsof(all) {
		args[all[i].Name()] = offset
	}
}

// nameStructs puts the names of structs into the signature of a function.
func nameStructs(f *ir.Function) error {
	if s, ok := signatures[f.Name]; ok {
		f.Signature = s
	}
	return nil
}

// loadField loads 8 bytes of the struct of arguments, some bytes after a field's
// beginning, by way of the register that gets them.
func loadField(field string, after int64) Register {
	offset, ok := args[field]
	if !ok {
		panic("no argument " + field)
	}
	v := GP64()
	Note("%s: "+field+map[int64]string{8: ", its length"}[after], v)
	Load(Param("a"), v)
	MOVQ(Mem{Base: v, Disp: int(offset + after)}, v)
	return v
}
