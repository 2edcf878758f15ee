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

// signatures has the signatures with the names of structs, by function: avo is
// given their fields, as it knows no names of package kernels.
var signatures = map[string]*gotypes.Signature{}

// inArgs says that the parameters of the function that is written are fields of
// its parameter a.
var inArgs bool

// BeginArgs is Begin of a function whose only parameter is a struct of argsFile,
// such as vectorArgs or scoresArgs[uint16].
func BeginArgs(name, args, doc, computes string) {
	DeclareArgs(name, attr.NOSPLIT, args, doc, computes)
}

// DeclareArgs is Declare of such a function.
func DeclareArgs(name string, attributes attr.Attribute, args, doc, computes string) {
	named, err := types.Eval(token.NewFileSet(), argsPackage, token.NoPos, args)
	if err != nil {
		panic(err)
	}
	Declare(name, attributes, "func(a "+named.Type.Underlying().String()+")", doc, computes)
	parameter := types.NewTuple(types.NewParam(token.NoPos, argsPackage, "a", named.Type))
	signatures[name+target.Suffix] = gotypes.NewSignature(argsPackage, types.NewSignatureType(nil, nil, nil, parameter, nil, false))
	inArgs = true
}

// nameStructs puts the names of structs into the signature of a function.
func nameStructs(f *ir.Function) error {
	if s, ok := signatures[f.Name]; ok {
		f.Signature = s
	}
	return nil
}

// parameter returns a parameter, or the field of that name of the struct.
func parameter(name string) gotypes.Component {
	if inArgs {
		return Param("a").Field(name)
	}
	return Param(name)
}
