// Package textgen_test tests the example as a whole: the shipped model gives the same
// bytes natively and in wasm.
package textgen_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/thetaedge/theta/examples/textgen/model"
	"github.com/thetaedge/theta/examples/textgen/train"
)

// sandbox is one way to run the program. Two machines may differ in it.
type sandbox struct {
	name   string
	engine wazero.RuntimeConfig
	random byte  // what every random byte asked of the host is
	tick   int64 // nanoseconds that the clock moves on at each reading
}

// build compiles the program as build.sh does.
func build(t *testing.T) []byte {
	t.Helper()
	// Reading the source tells the test cache what the result depends on.
	_, err := os.ReadFile("cmd/textgen/main.go")
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), "textgen.wasm")
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, "./cmd/textgen")
	command.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOEXPERIMENT=", "GOWASM=")
	report, err := command.CombinedOutput()
	require.NoError(t, err, "%s", report)
	program, err := os.ReadFile(out)
	require.NoError(t, err)
	return program
}

// compiled is wazero's compiler, which compiles each program once per test.
func compiled(t *testing.T) wazero.RuntimeConfig {
	t.Helper()
	cache := wazero.NewCompilationCache()
	t.Cleanup(func() { require.NoError(t, cache.Close(context.Background())) })
	return wazero.NewRuntimeConfigCompiler().WithCompilationCache(cache)
}

// inputs returns a folder with the shipped model and the given prompt.
func inputs(t *testing.T, prompt string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "model.bin"), shipped(t), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "prompt.txt"), []byte(prompt), 0o600))
	return folder
}

func shipped(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile("model.bin")
	require.NoError(t, err)
	return file
}

type repeated byte

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

// run returns the program's text, standard error and exit code.
func run(t *testing.T, s sandbox, program []byte, in string, args ...string) (text []byte, stderr string, code uint32) {
	t.Helper()
	ctx := context.Background()
	engine := wazero.NewRuntimeWithConfig(ctx, s.engine.WithMemoryLimitPages(1024)) // 64 MiB
	defer func() { require.NoError(t, engine.Close(ctx)) }()
	wasi_snapshot_preview1.MustInstantiate(ctx, engine)
	out := t.TempDir()
	var messages bytes.Buffer
	clock := int64(1) // Go's runtime refuses to start when the clock reads zero
	now := func() int64 { clock += s.tick; return clock }
	config := wazero.NewModuleConfig().
		WithArgs(append([]string{"textgen"}, args...)...).
		WithFSConfig(wazero.NewFSConfig().WithReadOnlyDirMount(in, "/in").WithDirMount(out, "/out")).
		WithRandSource(io.Reader(repeated(s.random))).
		WithNanotime(now, sys.ClockResolution(1)).
		WithStdout(&messages).
		WithStderr(&messages)
	_, err := engine.InstantiateWithConfig(ctx, program, config)
	if err != nil {
		var exit *sys.ExitError
		require.ErrorAs(t, err, &exit, "stderr: %s", messages.String())
		code = exit.ExitCode()
	}
	text, err = os.ReadFile(filepath.Join(out, "text.txt"))
	if err != nil {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	return text, messages.String(), code
}

func TestSameBytesNativelyAndInEverySandbox(t *testing.T) {
	const prompt, tokens, seed, temperature = "My dear Mr. Bennet", 40, 7, 800
	network, err := model.Decode(shipped(t))
	require.NoError(t, err)
	want, err := model.Continue(network, []byte(prompt), tokens, seed, temperature)
	require.NoError(t, err)
	want = append(want, '\n')

	program, in, compiler := build(t), inputs(t, prompt), compiled(t)
	for _, s := range []sandbox{
		{name: "compiled, clock stands", engine: compiler, random: 0, tick: 0},
		{name: "compiled, clock runs, other random bytes", engine: compiler, random: 0xa5, tick: 1_000_000},
		{name: "interpreted", engine: wazero.NewRuntimeConfigInterpreter(), random: 3, tick: 1},
	} {
		t.Run(s.name, func(t *testing.T) {
			text, stderr, code := run(t, s, program, in,
				"--model", "/in/model.bin", "--prompt", "/in/prompt.txt", "--out", "/out/text.txt",
				"--tokens", fmt.Sprint(tokens), "--seed", fmt.Sprint(seed), "--temperature", fmt.Sprint(temperature))
			require.Zero(t, code, stderr)
			require.Empty(t, stderr)
			require.Equal(t, string(want), string(text))
		})
	}
}

func TestShippedModelGivesTheKnownText(t *testing.T) {
	network, err := model.Decode(shipped(t))
	require.NoError(t, err)
	prompt, err := os.ReadFile("prompt.txt")
	require.NoError(t, err)
	text, err := model.Continue(network, prompt, 200, 7, 500)
	require.NoError(t, err)
	require.Equal(t, "8325d778e668691d79dd91665bb0fbd7f5f16b531f901b60168b55957571790e", fmt.Sprintf("%x", sha256.Sum256(text)), "found text: %s", text)
}

// The last twentieth of the corpus was never trained on; 2000 characters of it
// are enough to tell 1.1 nats from the 3.1 of knowing letter frequencies only.
func TestShippedModelHasLearned(t *testing.T) {
	network, err := model.Decode(shipped(t))
	require.NoError(t, err)
	corpus, err := os.ReadFile("corpus/pride-and-prejudice.txt")
	require.NoError(t, err)
	symbols, err := network.Alphabet.Encode(corpus)
	require.NoError(t, err)
	unseen := symbols[len(symbols)-2000:]
	require.Less(t, train.QuantisedLoss(network, unseen), 1.3)
	require.Greater(t, train.UnigramLoss(symbols, unseen, network.Alphabet.Size()), 2.9)
}

func TestFailureHasAMessageAndAnExitCode(t *testing.T) {
	program := build(t)
	in := inputs(t, "It is")
	require.NoError(t, os.WriteFile(filepath.Join(in, "foreign.txt"), []byte("5 €"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(in, "long.txt"), bytes.Repeat([]byte("a"), 1<<14+1), 0o600))
	damaged := shipped(t)
	damaged[len(damaged)/2] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(in, "damaged.bin"), damaged, 0o600))

	plain := sandbox{engine: compiled(t)}
	for name, failure := range map[string]struct {
		args []string
		code uint32
		says string
	}{
		"no such model":    {[]string{"--model", "/in/none.bin"}, 1, "read model: open /in/none.bin"},
		"damaged model":    {[]string{"--model", "/in/damaged.bin"}, 1, "the file is damaged"},
		"not a model":      {[]string{"--model", "/in/prompt.txt"}, 1, "expected a file that begins with"},
		"no such prompt":   {[]string{"--prompt", "/in/none.txt"}, 1, "read prompt: open /in/none.txt"},
		"foreign prompt":   {[]string{"--prompt", "/in/foreign.txt"}, 1, "found '€' at byte 2"},
		"long prompt":      {[]string{"--prompt", "/in/long.txt"}, 1, "expected at most 16384 bytes"},
		"output elsewhere": {[]string{"--tokens", "1", "--out", "/in/text.txt"}, 1, "write text"},
		"no tokens":        {[]string{"--tokens", "0"}, 2, "expected 1 to 20000 tokens, found 0"},
		"temperature":      {[]string{"--temperature", "5001"}, 2, "found 5001"},
		"negative seed":    {[]string{"--seed", "-1"}, 2, "invalid value"},
		"unknown flag":     {[]string{"--speed", "1"}, 2, "not defined"},
		"stray argument":   {[]string{"now"}, 2, `expected flags only, found "now"`},
	} {
		t.Run(name, func(t *testing.T) {
			text, stderr, code := run(t, plain, program, in, failure.args...)
			require.Equal(t, failure.code, code, stderr)
			require.Contains(t, stderr, failure.says)
			require.Empty(t, text)
		})
	}
}
