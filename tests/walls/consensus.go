package walls

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Finding is something that consensus code must not do, because two machines, or the same
// machine twice, could get different results.
type Finding struct {
	// Func is the function that contains it, as "package.Func" or "package.Type.Func", with
	// the package's path below the module.
	Func string
	// What contains a kind such as "map range", or the name that is used.
	What string
	// Position is file and line.
	Position string
}

func (f Finding) String() string { return f.Position + ": " + f.What + " in " + f.Func }

// forbiddenNames returns functions, and methods of types, whose results differ from machine
// to machine or from run to run.
func forbiddenNames() []string {
	return []string{
		"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.Tick",
		"time.NewTimer", "time.NewTicker",
		"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "os.Hostname",
		"maps.Keys", "maps.Values", "maps.All",
		"sync.Map.Range", "reflect.Value.MapKeys", "reflect.Value.MapRange",
		"time.LoadLocation", "time.Time.Local",
	}
}

// forbiddenPackages returns packages that are unpredictable as a whole.
func forbiddenPackages() []string {
	return []string{
		"math/rand", "math/rand/v2", "crypto/rand", "hash/maphash", "unsafe",
		"runtime", "net", "net/http", "os/exec",
	}
}

// checker checks one package.
type checker struct {
	path     string
	files    *token.FileSet
	info     *types.Info
	findings []Finding
}

// Check returns the findings in the hand-written files of a package of consensus code. load
// provides the compiled types of an imported package.
func Check(pkg Package, load importer.Lookup) ([]Finding, error) {
	fset := token.NewFileSet()
	var all, hand []*ast.File
	for _, name := range append(slices.Clone(pkg.GoFiles), pkg.CgoFiles...) {
		file, err := parser.ParseFile(fset, filepath.Join(pkg.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		all = append(all, file)
		if !generated(name) {
			hand = append(hand, file)
		}
	}
	return check(fset, ours(pkg.ImportPath), all, hand, load)
}

// generated reports whether a file was generated from the schemas.
func generated(name string) bool {
	return strings.HasSuffix(name, ".pb.go") || strings.HasSuffix(name, ".pb.gw.go")
}

func check(fset *token.FileSet, path string, all, hand []*ast.File, load importer.Lookup) ([]Finding, error) {
	c := &checker{path: path, files: fset, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Defs:  map[*ast.Ident]types.Object{},
		Uses:  map[*ast.Ident]types.Object{},
	}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", load)}
	if _, err := conf.Check(path, fset, all, c.info); err != nil {
		return nil, fmt.Errorf("types of %s: %w", path, err)
	}
	for _, file := range hand {
		c.file(file)
	}
	return c.findings, nil
}

func (c *checker) file(file *ast.File) {
	for _, spec := range file.Imports {
		if path := strings.Trim(spec.Path.Value, `"`); slices.Contains(forbiddenPackages(), path) {
			c.report("", path, spec)
		}
	}
	for _, decl := range file.Decls {
		name := ""
		if f, ok := decl.(*ast.FuncDecl); ok {
			name = receiver(f) + f.Name.Name
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			c.node(name, n)
			return true
		})
	}
}

// receiver returns the type before a method's name, with its dot.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	if ident, ok := t.(*ast.Ident); ok {
		return ident.Name + "."
	}
	return ""
}

func (c *checker) node(function string, n ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.report(function, "go statement", n)
	case *ast.SelectStmt:
		c.report(function, "select statement", n)
	case *ast.RangeStmt:
		if t := c.info.TypeOf(n.X); t != nil {
			if _, ok := t.Underlying().(*types.Map); ok {
				c.report(function, "map range", n)
			}
		}
	case *ast.Ident:
		c.use(function, n)
	}
	if e, ok := n.(ast.Expr); ok && c.isFloat(e) {
		c.report(function, "float", n)
	}
}

// use checks a name by what it refers to, whatever name its import has.
func (c *checker) use(function string, ident *ast.Ident) {
	f, ok := c.info.Uses[ident].(*types.Func)
	if !ok || f.Pkg() == nil {
		return
	}
	if name := f.Pkg().Path() + "." + owner(f) + f.Name(); slices.Contains(forbiddenNames(), name) {
		c.report(function, name, ident)
	}
}

// owner returns the type to which a method belongs, with its dot.
func owner(f *types.Func) string {
	recv := f.Signature().Recv()
	if recv == nil {
		return ""
	}
	t := recv.Type()
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name() + "."
	}
	return "."
}

// isFloat reports whether an expression is a float or names a float type. The parts of a
// float expression are reported through the whole.
func (c *checker) isFloat(e ast.Expr) bool {
	t := c.info.TypeOf(e)
	if t == nil {
		return false
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsFloat|types.IsComplex) != 0
}

// report notes at most one finding per line.
func (c *checker) report(function, what string, n ast.Node) {
	at := c.files.Position(n.Pos())
	f := Finding{
		Func:     strings.TrimSuffix(c.path+"."+function, "."),
		What:     what,
		Position: fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line),
	}
	if !slices.Contains(c.findings, f) {
		c.findings = append(c.findings, f)
	}
}

// exports returns a loader of compiled types from the output of `go list -export`.
func exports(packages []Package) importer.Lookup {
	files := make(map[string]string, len(packages))
	for _, p := range packages {
		files[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) {
		file, ok := files[path]
		if !ok || file == "" {
			return nil, fmt.Errorf("expected compiled types of %s, found none", path)
		}
		return os.Open(file)
	}
}
