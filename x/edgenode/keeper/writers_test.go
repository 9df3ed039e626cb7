package keeper_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// writers returns the functions that may write each collection of nodes, of their indexes and of
// unbondings.
func writers() map[string][]string {
	return map[string][]string{
		"states":     {"save", "remove"},
		"profiles":   {"reindex", "remove"},
		"workers":    {"reindexWorker"},
		"leases":     {"reindexLease"},
		"totals":     {"moveTotals"},
		"snapshots":  {"uncount", "RollEpoch", "pruneSnapshots", "InitGenesis"},
		"unbondings": {"addUnbonding", "takeUnbonding", "slashUnbondings"},
		"queue":      {"addUnbonding", "takeUnbonding"},
	}
}

// use is a place in the source that uses a collection in another way than by reading it.
type use struct{ collection, function string }

// writes returns the places in Go files that may write collections, in order.
func writes(files []*ast.File) []use {
	var found []use
	for _, file := range files {
		for _, decl := range file.Decls {
			function := "a variable"
			if f, ok := decl.(*ast.FuncDecl); ok {
				function = f.Name.Name
			}
			reads := readings(decl)
			ast.Inspect(decl, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && writers()[s.Sel.Name] != nil && !reads[s] {
					found = append(found, use{s.Sel.Name, function})
				}
				return true
			})
		}
	}
	return found
}

// readings returns the expressions of a declaration whose collection is only read, either by a
// method that reads or by a function that walks the collection.
func readings(decl ast.Decl) map[ast.Expr]bool {
	reads := map[ast.Expr]bool{}
	ast.Inspect(decl, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.SelectorExpr:
			if slices.Contains([]string{"Get", "Has", "Iterate", "Walk"}, f.Sel.Name) {
				reads[f.X] = true
			}
			if f.Sel.Name == "CollectionPaginate" {
				reads[call.Args[1]] = true
			}
		case *ast.Ident:
			if f.Name == "dueItems" {
				reads[call.Args[1]] = true
			}
		}
		return true
	})
	return reads
}

// parsed returns the files of the keeper, without its tests.
func parsed(t *testing.T) []*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	return files
}

// TestOnlySaveWritesNodesAndTheirIndexes checks that nodes are saved in one place only. If
// there were a second way to save a node, that way could forget an index.
func TestOnlySaveWritesNodesAndTheirIndexes(t *testing.T) {
	written := map[use]bool{}
	for _, found := range writes(parsed(t)) {
		require.Contains(t, writers()[found.collection], found.function,
			"expected %s to be written by these functions only, found it in %s; load the node, change it and save it", found.collection, found.function)
		written[found] = true
	}
	for collection, functions := range writers() {
		for _, function := range functions {
			require.True(t, written[use{collection, function}], "%s does not write %s any more; take it off the list", function, collection)
		}
	}
}

func TestASecondWayToWriteNodesIsFound(t *testing.T) {
	for body, collection := range map[string]string{
		"k.states.Set(ctx, operator, state)":        "states",
		"k.profiles.Remove(ctx, operator)":          "profiles",
		"n.keeper.leases.Clear(ctx, nil)":           "leases",
		"totals := k.totals; totals.Set(ctx, a, b)": "totals",
		"write(ctx, k.workers)":                     "workers",
		"dueItems(ctx, nil, k.unbondings)":          "unbondings",
		"set := k.queue.Set; set(ctx, key)":         "queue",
		"state.states.Get(k.states.Set(ctx, a, b))": "states",
	} {
		source := fmt.Sprintf("package keeper\nfunc (k *Keeper) sneak() { %s }", body)
		file, err := parser.ParseFile(token.NewFileSet(), "sneak.go", source, parser.SkipObjectResolution)
		require.NoError(t, err)
		require.Equal(t, []use{{collection, "sneak"}}, writes([]*ast.File{file}), body)
	}
	source := "package keeper\nfunc (k *Keeper) look() { k.states.Get(ctx, a); dueItems(ctx, k.leases, 1); k.queue.Has(ctx, b) }"
	file, err := parser.ParseFile(token.NewFileSet(), "look.go", source, parser.SkipObjectResolution)
	require.NoError(t, err)
	require.Empty(t, writes([]*ast.File{file}))
}
