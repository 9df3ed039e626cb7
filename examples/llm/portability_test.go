// Package llm_test tests the example as a whole: a published layout is converted, and the program
// gives the same answer natively and in wasm.
package llm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/thetaedge/theta/examples/llm/generate"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// build compiles the program, for wasm as build.sh does, or for this machine with the settings of
// this test, whose packages are compiled already.
func build(t *testing.T, wasm bool) string {
	t.Helper()
	// Reading the source tells the test cache what the result depends on.
	_, err := os.ReadFile("cmd/llm/main.go")
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), "llm")
	command := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", out)
	if wasm {
		command.Args = append(command.Args, "-trimpath")
		command.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOEXPERIMENT=", "GOWASM=")
	}
	command.Args = append(command.Args, "./cmd/llm")
	report, err := command.CombinedOutput()
	require.NoError(t, err, "%s", report)
	return out
}

// folders are what a program sees as /in and /out.
type folders struct{ in, out string }

func newFolders(t *testing.T, model, request string) folders {
	t.Helper()
	f := folders{t.TempDir(), t.TempDir()}
	content, err := os.ReadFile(model)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(f.in, "model"), content, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(f.in, "request.json"), []byte(request), 0o600))
	return f
}

// result is what a run leaves.
type result struct {
	code           uint32
	stdout, stderr string
	answer         generate.Answer
}

func (f folders) read(t *testing.T, r result) result {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(f.out, "answer.json"))
	if r.code != 0 {
		require.ErrorIs(t, err, os.ErrNotExist)
		return r
	}
	require.NoError(t, err, r.stderr)
	require.NoError(t, json.Unmarshal(content, &r.answer))
	return r
}

// native runs the program on this machine.
func native(t *testing.T, program, model, request string) result {
	t.Helper()
	f := newFolders(t, model, request)
	var stdout, stderr bytes.Buffer
	command := exec.Command(program, "--model", filepath.Join(f.in, "model"), "--request", filepath.Join(f.in, "request.json"), "--answer", filepath.Join(f.out, "answer.json"))
	command.Stdout, command.Stderr = &stdout, &stderr
	var r result
	if err := command.Run(); err != nil {
		r.code = uint32(command.ProcessState.ExitCode())
	}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return f.read(t, r)
}

// compiled is wazero's compiler, which compiles the program once per test.
func compiled(t *testing.T) wazero.RuntimeConfig {
	t.Helper()
	cache := wazero.NewCompilationCache()
	t.Cleanup(func() { require.NoError(t, cache.Close(context.Background())) })
	return wazero.NewRuntimeConfigCompiler().WithCompilationCache(cache)
}

// sandboxed runs the program in wasm, with the import module of the profile tensor/1.
func sandboxed(t *testing.T, engine wazero.RuntimeConfig, program []byte, model, request string) result {
	t.Helper()
	f := newFolders(t, model, request)
	ctx := t.Context()
	runtime := wazero.NewRuntimeWithConfig(ctx, engine)
	defer func() { require.NoError(t, runtime.Close(ctx)) }()
	wasi_snapshot_preview1.MustInstantiate(ctx, runtime)
	session := tensor.NewSession(cpu.New(), 1<<30)
	defer func() { require.NoError(t, session.Close()) }()
	file, err := os.Open(filepath.Join(f.in, "model"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	importTensors(t, runtime, session, file)
	var stdout, stderr bytes.Buffer
	config := wazero.NewModuleConfig().WithArgs("llm").WithStdout(&stdout).WithStderr(&stderr).WithRandSource(zeros{}).WithSysNanotime().
		WithFSConfig(wazero.NewFSConfig().WithReadOnlyDirMount(f.in, "/in").WithDirMount(f.out, "/out"))
	_, err = runtime.InstantiateWithConfig(ctx, program, config)
	var r result
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		r.code = exit.ExitCode()
	} else {
		require.NoError(t, err, stderr.String())
	}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return f.read(t, r)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// importTensors gives a program the six functions of the profile. A trap is a panic.
func importTensors(t *testing.T, runtime wazero.Runtime, session *tensor.Session, model *os.File) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	memory := func(m api.Module, at, length uint32) []byte {
		p, ok := m.Memory().Read(at, length)
		if !ok {
			panic("outside of the memory")
		}
		return p
	}
	module := runtime.NewHostModuleBuilder("theta_tensor_1")
	export := func(name string, function any) {
		module = module.NewFunctionBuilder().WithFunc(function).Export(name)
	}
	export("alloc", func(kind uint32, count uint64) uint32 {
		handle, err := session.Alloc(tensor.Shape{Type: tensor.Type(kind), Count: count})
		must(err)
		return uint32(handle)
	})
	export("free", func(handle uint32) { must(session.Free(tensor.Handle(handle))) })
	export("write", func(_ context.Context, m api.Module, handle uint32, offset uint64, at, length uint32) {
		must(session.Write(tensor.Handle(handle), offset, memory(m, at, length)))
	})
	export("read", func(_ context.Context, m api.Module, handle uint32, offset uint64, at, length uint32) {
		must(session.Read(tensor.Handle(handle), offset, memory(m, at, length)))
	})
	export("load", func(_ uint32, position uint64, handle uint32, offset, length uint64) uint32 {
		p := make([]byte, length)
		_, err := model.ReadAt(p, int64(position))
		must(err)
		must(session.Write(tensor.Handle(handle), offset, p))
		return 0
	})
	export("submit", func(_ context.Context, m api.Module, at, count uint32) {
		submission, err := session.Check(memory(m, at, count*tensor.RecordBytes))
		must(err)
		must(session.Run(submission))
	})
	_, err := module.Instantiate(t.Context())
	require.NoError(t, err)
}

func TestTheAnswerIsTheSameNativelyAndInWasm(t *testing.T) {
	model := fromFolder(t)
	nativeProgram, engine := build(t, false), compiled(t)
	program, err := os.ReadFile(build(t, true))
	require.NoError(t, err)
	for name, request := range map[string]string{
		"greedy":       `{"messages":[{"role":"user","content":"Hello, who is it?"}],"max_tokens":12}`,
		"sampled":      `{"messages":[{"role":"system","content":"x"},{"role":"user","content":"Elizabeth"}],"max_tokens":12,"temperature":0.8,"top_k":50,"top_p":0.9,"repetition_penalty":1.2,"seed":5}`,
		"continuation": `{"prompt":"It is a truth","max_tokens":12,"temperature":1,"seed":9}`,
	} {
		t.Run(name, func(t *testing.T) {
			want, got := native(t, nativeProgram, model, request), sandboxed(t, engine, program, model, request)
			require.Zero(t, want.code, want.stderr)
			require.Equal(t, want, got)
			require.Equal(t, want.answer.Text, want.stdout)
			require.Len(t, want.answer.Tokens, 12)
		})
	}
	for says, request := range map[string]string{
		"either messages or a prompt":    `{}`,
		"the model can read":             `{"prompt":"` + string(bytes.Repeat([]byte("x "), 400)) + `"}`,
		"role user as number 1":          `{"messages":[{"role":"assistant","content":"a"}]}`,
		"that can be told not to think":  `{"messages":[{"role":"user","content":"a"}],"thinking":false}`,
		"temperature: expected 0 to 100": `{"prompt":"a","temperature":500}`,
		"expected at least one token":    `{"prompt":""}`,
	} {
		for _, r := range []result{native(t, nativeProgram, model, request), sandboxed(t, engine, program, model, request)} {
			require.Equal(t, uint32(1), r.code)
			require.Contains(t, r.stderr, says)
			require.Empty(t, r.stdout)
		}
	}
}

func TestFilesOfBothLayoutsGiveTheSameAnswer(t *testing.T) {
	program := build(t, false)
	const request = `{"messages":[{"role":"user","content":"Elizabeth"}],"max_tokens":12,"temperature":1,"seed":3}`
	folder := native(t, program, fromFolder(t), request)
	require.Zero(t, folder.code, folder.stderr)
	require.Equal(t, folder, native(t, program, fromGGUF(t), request))
}
