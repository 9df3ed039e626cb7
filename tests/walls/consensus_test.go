package walls

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exception is a finding that is allowed, with the reason.
type exception struct{ function, what, why string }

func exceptions() []exception {
	return []exception{
		{"app.BlockedAddresses", "map range", "makes a set out of a set"},
		{"app.stores.all", "map range", "sorts what it has gathered"},
	}
}

func TestConsensusCodeSeesTheSameEverywhere(t *testing.T) {
	packages, err := list([]string{"-export", "-deps"}, "./x/...", "./app/...")
	require.NoError(t, err)
	load := exports(packages)
	used := make([]bool, len(exceptions()))
	looked := 0
	for _, pkg := range packages {
		if !in(ours(pkg.ImportPath), "x", "app") {
			continue
		}
		looked++
		findings, err := Check(pkg, load)
		require.NoError(t, err)
		for _, f := range findings {
			if i := allowed(f); i >= 0 {
				used[i] = true
				continue
			}
			t.Error(f)
		}
	}
	require.GreaterOrEqual(t, looked, 14, "packages of x and app")
	for i, e := range exceptions() {
		require.True(t, used[i], "%s no longer has a %s: take it from the exceptions", e.function, e.what)
	}
}

// allowed returns the index of the exception for a finding, or -1 if there is none.
func allowed(f Finding) int {
	for i, e := range exceptions() {
		if e.function == f.Func && e.what == f.What {
			return i
		}
	}
	return -1
}

// TestEveryRuleCanFail gives the checker small sources that each break one rule.
func TestEveryRuleCanFail(t *testing.T) {
	load := standard(t)
	for name, c := range map[string]struct {
		source string
		want   []string
	}{
		"clean":            {`func f(m map[string]int) int { return m["a"] }`, nil},
		"slice range":      {`func f(s []int) { for range s {} }`, nil},
		"block time":       {`import "time"; func f(t time.Time) int64 { return t.Unix() }`, nil},
		"wall clock":       {`import "time"; func f() int64 { return time.Now().Unix() }`, []string{"time.Now in x/p.f"}},
		"renamed import":   {`import clock "time"; func f() clock.Time { return clock.Now() }`, []string{"time.Now in x/p.f"}},
		"passed on":        {`import "time"; var now = time.Now`, []string{"time.Now in x/p"}},
		"elapsed time":     {`import "time"; func f(t time.Time) { _ = time.Since(t) }`, []string{"time.Since in x/p.f"}},
		"environment":      {`import "os"; type k struct{}; func (k) f() string { return os.Getenv("A") }`, []string{"os.Getenv in x/p.k.f"}},
		"randomness":       {`import "math/rand"; func f() int { return rand.Int() }`, []string{"math/rand in x/p"}},
		"map range":        {`type m map[string]int; func f(x m) { for range x {} }`, []string{"map range in x/p.f"}},
		"map keys":         {`import "maps"; func f(x map[int]int) { for range maps.Keys(x) {} }`, []string{"maps.Keys in x/p.f"}},
		"shared map":       {`import "sync"; func f(m *sync.Map) { m.Range(nil) }`, []string{"sync.Map.Range in x/p.f"}},
		"local time":       {`import "time"; func f(t time.Time) time.Time { return t.Local() }`, []string{"time.Time.Local in x/p.f"}},
		"machine":          {`import "runtime"; func f() int { return runtime.NumCPU() }`, []string{"runtime in x/p"}},
		"goroutine":        {`func f() { go f() }`, []string{"go statement in x/p.f"}},
		"select":           {`func f(c chan int) { select { case <-c: default: } }`, []string{"select statement in x/p.f"}},
		"float literal":    {`func f() bool { return 0.5 > 0.25 }`, []string{"float in x/p.f"}},
		"float conversion": {`func f(i int) int { return int(float64(i)) }`, []string{"float in x/p.f"}},
		"named float":      {`type ratio float32; func f(r ratio) ratio { return r }`, []string{"float in x/p", "float in x/p.f"}},
		"float result":     {`import "math/big"; func f(r *big.Rat) bool { x, _ := r.Float64(); return x > 0 }`, []string{"float in x/p.f"}},
	} {
		t.Run(name, func(t *testing.T) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, "p.go", "package p; "+c.source, parser.SkipObjectResolution)
			require.NoError(t, err)
			findings, err := check(fset, "x/p", []*ast.File{file}, []*ast.File{file}, load)
			require.NoError(t, err)
			var got []string
			for _, f := range findings {
				require.Equal(t, "p.go:1", f.Position)
				got = append(got, f.What+" in "+f.Func)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestGeneratedFilesAreNotJudged(t *testing.T) {
	for name, want := range map[string]bool{"tx.pb.go": true, "query.pb.gw.go": true, "keeper.go": false, "pb.go": false} {
		require.Equal(t, want, generated(name), name)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "tx.pb.go", "package p; func f() { go f() }", parser.SkipObjectResolution)
	require.NoError(t, err)
	findings, err := check(fset, "x/p", []*ast.File{file}, nil, standard(t))
	require.NoError(t, err)
	require.Empty(t, findings)
}

// standard loads the few packages that the small sources import.
func standard(t *testing.T) importer.Lookup {
	t.Helper()
	packages, err := list([]string{"-export", "-deps"}, strings.Fields("time os maps sync runtime math/rand math/big")...)
	require.NoError(t, err)
	return exports(packages)
}
