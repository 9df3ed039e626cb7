package meter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program returns a module with this number of functions, each with this number of locals and
// this body.
func program(functions, locals int, body string) string {
	var text strings.Builder
	text.WriteString(`(module (func (export "_start"))`)
	for range functions {
		fmt.Fprintf(&text, "(func (local %s) %s)", strings.Repeat("i32 ", locals), body)
	}
	text.WriteString(")")
	return text.String()
}

// globals returns a module with this number of mutable globals and a function with this body.
func globals(n int, body string) string {
	return `(module (func (export "_start")) ` + strings.Repeat("(global (mut i32) (i32.const 0))", n) + "(func " + body + "))"
}

// TestFunctionsThatNoCompilerCopesWithAreRefused checks that functions are refused if each of
// them takes a compiler seconds and gigabytes, or ends its process.
func TestFunctionsThatNoCompilerCopesWithAreRefused(t *testing.T) {
	wide := strings.Repeat("i32 ", 1000)
	for name, c := range map[string]struct {
		most func(n int) string
		n    int
	}{
		"loops":        {func(n int) string { return program(1, 0, strings.Repeat("(loop)", n)) }, 2917},
		"wide loops":   {func(n int) string { return program(1, 1022, strings.Repeat("(loop)", n)) }, 1546},
		"empty blocks": {func(n int) string { return program(1, 0, strings.Repeat("(block)", n)) }, 16653},
		"empty ifs":    {func(n int) string { return program(1, 0, strings.Repeat("(if (i32.const 1) (then))", n)) }, 16653},
		"blocks":       {func(n int) string { return program(1, 1022, strings.Repeat("(block)", n)) }, 2114},
		"ifs":          {func(n int) string { return program(1, 1022, strings.Repeat("(if (i32.const 1) (then) (else))", n)) }, 1069},
		"jumps": {func(n int) string {
			return program(1, 1022, "(block "+strings.Repeat("(br_if 0 (i32.const 1))", n)+")")
		}, 2081},
		"jumps alone": {func(n int) string { return program(1, 0, "(block "+strings.Repeat("(br_if 0 (i32.const 1))", n)+")") }, 11802},
		"calls":       {func(n int) string { return program(1, 0, strings.Repeat("(call 0)", n)) }, 275000},
		"calls beside many globals": {func(n int) string {
			return globals(MaxMutableGlobals, strings.Repeat("(call 0)", n))
		}, MaxFunctionJoins / (callValues + MaxMutableGlobals - freeGlobals)},
		"calls beside few globals": {func(n int) string {
			return globals(freeGlobals, strings.Repeat("(call 0)", n))
		}, MaxFunctionJoins / callValues},
		"loops in blocks": {func(n int) string {
			return program(1, 0, strings.Repeat("(block ", n)+strings.Repeat("(loop ", 200)+strings.Repeat(")", n+200))
		}, 8283},
		"tables": {func(n int) string {
			return program(1, 1022, "(block (br_table "+strings.Repeat("0 ", n)+"(i32.const 1)))")
		}, 2147},
		"results": {func(n int) string {
			return program(1, 1115, strings.Repeat("(block (result "+wide+") unreachable) "+strings.Repeat("drop ", 1000), n))
		}, 1035},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rewrite(assembled(t, c.most(c.n)))
			require.NoError(t, err)
			_, err = rewrite(assembled(t, c.most(c.n+1)))
			require.ErrorIs(t, err, ErrUnsupported)
			require.ErrorContains(t, err, "split the function")
		})
	}
}

func TestModulesThatNoCompilerCopesWithAreRefused(t *testing.T) {
	blocks := strings.Repeat("(block)", 2114)
	_, err := rewrite(assembled(t, program(MaxModuleJoins/MaxFunctionJoins, 1022, blocks)))
	require.NoError(t, err)
	_, err = rewrite(assembled(t, program(MaxModuleJoins/MaxFunctionJoins+1, 1022, blocks)))
	require.ErrorIs(t, err, ErrUnsupported)
	require.ErrorContains(t, err, "of all functions")
}

// emptyFunctions returns the bytes of a module with this number of functions, each with this
// number of locals and no code.
func emptyFunctions(n, locals uint32) []byte {
	section := func(id byte, content []byte) []byte {
		return append(appendU32([]byte{id}, uint32(len(content))), content...)
	}
	code := append(appendU32([]byte{1}, locals), typeI64, opEnd)
	code = append(appendU32(nil, uint32(len(code))), code...)
	functions, bodies := appendU32(nil, n), appendU32(nil, n)
	for range n {
		functions, bodies = append(functions, 0), append(bodies, code...)
	}
	wasm := append([]byte("\x00asm\x01\x00\x00\x00"), section(1, []byte{1, 0x60, 0, 0})...)
	wasm = append(wasm, section(3, functions)...)
	wasm = append(wasm, section(7, append(append([]byte{1, 6}, "_start"...), 0, 0))...)
	return append(wasm, section(10, bodies)...)
}

// TestManyFunctionsWithManyLocalsAreRefused checks that the locals of functions without blocks
// count too: reading a function takes memory for each of them.
func TestManyFunctionsWithManyLocalsAreRefused(t *testing.T) {
	_, err := rewrite(emptyFunctions(MaxModuleJoins/MaxFunctionLocals, MaxFunctionLocals))
	require.NoError(t, err)
	_, err = rewrite(emptyFunctions(MaxModuleJoins/MaxFunctionLocals+1, MaxFunctionLocals))
	require.ErrorIs(t, err, ErrUnsupported)
	require.ErrorContains(t, err, "of all functions")
}

// TestOnlySoManyGlobalsMayChange checks the number of mutable globals; constant ones are free.
func TestOnlySoManyGlobalsMayChange(t *testing.T) {
	constant := strings.Repeat("(global i32 (i32.const 0))", 2*MaxMutableGlobals)
	_, err := rewrite(assembled(t, strings.TrimSuffix(globals(MaxMutableGlobals, ""), ")")+constant+")"))
	require.NoError(t, err)
	_, err = rewrite(assembled(t, globals(MaxMutableGlobals+1, "")))
	require.ErrorIs(t, err, ErrUnsupported)
	require.ErrorContains(t, err, "513 mutable globals, at most 512 are allowed")
}

// TestAsManySegmentsAsBrowsersTakeAreTaken checks that a module may have as many data segments
// as in browsers. A linker makes up to that number, because it starts a new segment wherever
// it leaves out zeros.
func TestAsManySegmentsAsBrowsersTakeAreTaken(t *testing.T) {
	module := func(n int) string {
		return `(module (memory 1) (func (export "_start")) ` + strings.Repeat(`(data (i32.const 0) "a")`, n) + ")"
	}
	_, err := rewrite(assembled(t, module(100_000)))
	require.NoError(t, err)
	_, err = rewrite(assembled(t, module(100_001)))
	require.ErrorIs(t, err, ErrUnsupported)
	require.ErrorContains(t, err, "100001 data segments, at most 100000 are allowed")
}
