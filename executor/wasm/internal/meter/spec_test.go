package meter

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/thetaedge/theta/executor/wasm/internal/bigstack"
	"github.com/thetaedge/theta/executor/wasm/internal/linear"
)

// suite is the folder of the specification's own tests in the module of wazero.
const suite = "internal/integration_test/spectest/v2/testdata"

type specCommand struct {
	Type       string `json:"type"`
	Line       int    `json:"line"`
	Filename   string `json:"filename"`
	ModuleType string `json:"module_type"`
	Name       string `json:"name"`
	Text       string `json:"text"`
	Action     struct {
		Type   string      `json:"type"`
		Field  string      `json:"field"`
		Module string      `json:"module"`
		Args   []specValue `json:"args"`
	} `json:"action"`
	Expected []specValue `json:"expected"`
}

type specValue struct {
	Type  string `json:"type"`
	Lane  string `json:"lane_type"`
	Value any    `json:"value"`
}

// pattern describes the allowed values of a 64-bit part of a value.
type pattern struct{ bits, mask uint64 }

func (p pattern) fits(v uint64) bool { return v&p.mask == p.bits&p.mask }

// unsigned allows NaNs of either sign.
func (p pattern) unsigned(v specValue) pattern {
	sign := uint64(1) << 63
	if v.Type == "f32" || v.Lane == "f32" {
		sign |= 1 << 31
	}
	p.mask &^= sign
	return p
}

// patterns returns the parts of a value: two for a vector, and one for any other. If the
// specification leaves the bits of a NaN open, the profile requires the canonical ones.
func (v specValue) patterns(t *testing.T) []pattern {
	if v.Type != "v128" {
		width := 64
		if v.Type == "i32" || v.Type == "f32" {
			width = 32
		}
		p := part(t, v.Value, width)
		if v.Type == "externref" && v.Value != "null" {
			p.bits++ // zero means null
		}
		return []pattern{p}
	}
	width, err := strconv.Atoi(v.Lane[1:])
	require.NoError(t, err)
	out := make([]pattern, 2)
	for i, lane := range v.Value.([]any) {
		p := part(t, lane, width)
		at := i * width
		out[at/64].bits |= p.bits << (at % 64)
		out[at/64].mask |= p.mask << (at % 64)
	}
	return out
}

func part(t *testing.T, value any, width int) pattern {
	text, is := value.(string)
	require.True(t, is)
	mask := ^uint64(0) >> (64 - width)
	switch {
	case text == "null":
		return pattern{bits: 0, mask: ^uint64(0)}
	case strings.HasPrefix(text, "nan:") && width == 32:
		return pattern{bits: canonical32, mask: mask}
	case strings.HasPrefix(text, "nan:"):
		return pattern{bits: canonical64, mask: mask}
	}
	bits, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		signed, err := strconv.ParseInt(text, 10, 64)
		require.NoError(t, err)
		bits = uint64(signed)
	}
	return pattern{bits: bits & mask, mask: mask}
}

// specRun contains the modules of one file.
type specRun struct {
	t       *testing.T
	runtime wazero.Runtime
	dir     string
	current api.Module
	named   map[string]api.Module
	loaded  specCommand // the command that loaded current
	shared  bool        // a module that would have changed another one was left out
	modules, checks, refusals,
	skipped int
}

// TestTheSpecificationsTestsHold checks that the rewritten form of each module of the
// specification's tests gives the specified results, and that the package itself refuses each
// module that is not valid.
func TestTheSpecificationsTestsHold(t *testing.T) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	require.NoError(t, err)
	dir := filepath.Join(strings.TrimSpace(string(root)), filepath.FromSlash(suite))
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(files), 100)
	var total specRun
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			s := newSpecRun(t, dir)
			s.file(file)
			total.modules += s.modules
			total.checks += s.checks
			total.refusals += s.refusals
			total.skipped += s.skipped
		})
	}
	t.Logf("%d modules, %d results and traps, %d refusals; %d commands need imports that the profile does not have", total.modules, total.checks, total.refusals, total.skipped)
	require.Greater(t, total.checks, 40_000)
	require.Greater(t, total.refusals, 2000)
}

func newSpecRun(t *testing.T, dir string) *specRun {
	ctx := context.Background()
	s := &specRun{t: t, dir: dir, named: map[string]api.Module{}, runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())}
	t.Cleanup(func() { require.NoError(t, s.runtime.Close(ctx)) })
	refill := func(_ context.Context, m api.Module, _ []uint64) { fill(m) }
	_, err := s.runtime.NewHostModuleBuilder(ImportModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(refill), nil, nil).Export(ImportRefill).Instantiate(ctx)
	require.NoError(t, err)
	host := s.runtime.NewHostModuleBuilder("spectest")
	for name, params := range map[string][]api.ValueType{
		"print": nil, "print_i32": {api.ValueTypeI32}, "print_i64": {api.ValueTypeI64}, "print_f32": {api.ValueTypeF32}, "print_f64": {api.ValueTypeF64},
		"print_i32_f32": {api.ValueTypeI32, api.ValueTypeF32}, "print_f64_f64": {api.ValueTypeF64, api.ValueTypeF64},
	} {
		host.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) {}), params, nil).Export(name)
	}
	_, err = host.Instantiate(ctx)
	require.NoError(t, err)
	return s
}

func fill(m api.Module) { m.ExportedGlobal(ExportFuel).(api.MutableGlobal).Set(1 << 40) }

func (s *specRun) file(path string) {
	text, err := os.ReadFile(path)
	require.NoError(s.t, err)
	var script struct {
		Commands []specCommand `json:"commands"`
	}
	require.NoError(s.t, json.Unmarshal(text, &script))
	for _, c := range script.Commands {
		s.command(c)
	}
}

func (s *specRun) command(c specCommand) {
	switch c.Type {
	case "module":
		s.load(c)
	case "assert_invalid", "assert_malformed":
		if c.ModuleType == "text" {
			return
		}
		m, err := Read(s.read(c))
		if err == nil {
			_, err = m.rewrite(0)
		}
		require.Error(s.t, err, "line %d: %s", c.Line, c.Text)
		s.refusals++
	case "assert_uninstantiable":
		s.load(c)
		require.Nil(s.t, s.current, "line %d", c.Line)
	case "assert_return", "action":
		s.returns(c)
	case "assert_trap", "assert_exhaustion":
		s.traps(c)
	}
}

func (s *specRun) read(c specCommand) []byte {
	wasm, err := os.ReadFile(filepath.Join(s.dir, c.Filename))
	require.NoError(s.t, err)
	return wasm
}

// load instantiates a module, unless it has imports that the profile does not have.
func (s *specRun) load(c specCommand) {
	s.current, s.loaded = nil, c
	delete(s.named, c.Name)
	m, err := Read(s.read(c))
	if err == nil {
		for _, i := range m.Imports() {
			if i.Module != "spectest" {
				s.shared = true
				s.skipped++
				return
			}
		}
	}
	var metered Metered
	if err == nil {
		metered, err = m.rewrite(MaxTraces)
	}
	if err != nil {
		// Only a module that imports anything other than functions, or exceeds a limit, may be
		// refused.
		require.ErrorIs(s.t, err, ErrUnsupported, "line %d of %s", c.Line, c.Filename)
		s.shared = true
		s.skipped++
		return
	}
	s.modules++
	if metered.Trap != "" {
		return
	}
	ctx := context.Background()
	instance, err := s.runtime.InstantiateWithConfig(ctx, metered.Wasm, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	require.NoError(s.t, err, "line %d of %s", c.Line, c.Filename)
	fill(instance)
	if metered.HasStart {
		if _, err := instance.ExportedFunction(ExportStart).Call(ctx); err != nil {
			return
		}
	}
	s.current = instance
	if c.Name != "" {
		s.named[c.Name] = instance
	}
}

// invoke makes the call that a command names. The result called is false if the module is not
// loaded.
func (s *specRun) invoke(c specCommand) (m api.Module, results []uint64, called bool, err error) {
	m = s.current
	if c.Action.Module != "" {
		if m = s.named[c.Action.Module]; s.shared {
			m = nil
		}
	}
	if m == nil || c.Action.Type != "invoke" {
		s.skipped++
		return nil, nil, false, nil
	}
	f := m.ExportedFunction(c.Action.Field)
	require.NotNil(s.t, f, "line %d: %s", c.Line, c.Action.Field)
	var stack []uint64
	for _, arg := range c.Action.Args {
		for _, p := range arg.patterns(s.t) {
			stack = append(stack, p.bits)
		}
	}
	size := 0
	for _, kind := range f.Definition().ResultTypes() {
		if size++; kind == typeV128 {
			size++
		}
	}
	for len(stack) < size {
		stack = append(stack, 0)
	}
	if c.Type == "assert_exhaustion" {
		// The counted stack may need more native stack than wazero alone would give.
		native, err := linear.Reserve(256 << 20)
		require.NoError(s.t, err)
		defer native.Free()
		require.NoError(s.t, bigstack.Give(f, native.Reallocate(256<<20)))
	}
	err = f.CallWithStack(context.Background(), stack)
	s.checks++
	return m, stack[:size], true, err
}

func (s *specRun) returns(c specCommand) {
	m, results, called, err := s.invoke(c)
	if !called {
		return
	}
	if err != nil && m.ExportedGlobal(ExportOutOfMemory).Get() != 0 {
		return // the profile ends a program whose memory cannot grow
	}
	require.NoError(s.t, err, "line %d: %s", c.Line, c.Action.Field)
	at := 0
	for _, want := range c.Expected {
		for _, p := range want.patterns(s.t) {
			if strings.Contains(c.Action.Field, "neg") {
				p = p.unsigned(want) // the only instruction here that gives NaNs of either sign
			}
			if want.Type != "externref" && want.Type != "funcref" || want.Value == "null" {
				require.True(s.t, p.fits(results[at]), "line %d: %s gives %x, expected %x", c.Line, c.Action.Field, results[at], p.bits)
			}
			at++
		}
	}
}

func (s *specRun) traps(c specCommand) {
	m, _, called, err := s.invoke(c)
	if !called {
		return
	}
	require.ErrorContains(s.t, err, "wasm error: ", "line %d: %s", c.Line, c.Action.Field)
	if c.Type == "assert_exhaustion" {
		require.EqualValues(s.t, 1, m.ExportedGlobal(ExportOverflow).Get(), "line %d", c.Line)
		s.load(s.loaded) // the units of the frames are not given back
		return
	}
	for text, found := range map[string]string{
		"integer divide by zero": "integer divide by zero", "integer overflow": "integer overflow", "unreachable": "unreachable",
		"invalid conversion": "invalid conversion", "out of bounds memory": "out of bounds memory", "indirect call type": "indirect call type",
	} {
		if strings.HasPrefix(c.Text, text) {
			require.ErrorContains(s.t, err, found, "line %d", c.Line)
		}
	}
}
