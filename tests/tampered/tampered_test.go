package tampered

import (
	"math/bits"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/published"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

const prose = "../../models/testdata/prose"

// convertProse converts the trained model of the tests, and returns its path and the tokens of a text.
func convertProse(t *testing.T, text string) (path string, tokens []int32) {
	t.Helper()
	model, err := published.Open(prose)
	require.NoError(t, err)
	defer func() { require.NoError(t, model.Close()) }()
	tokens, err = model.Tokenizer.Encode(text)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "model")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, convert.Convert(file, model.Weights, model.Config, convert.Options{Bits: 8}))
	require.NoError(t, file.Close())
	return path, tokens
}

// run is what an execution of a model leaves.
type run struct {
	trace  executor.Trace
	logits []int32
	fuel   uint64
	layers int
}

// execute executes a model on tokens under a key.
func execute(t *testing.T, path string, tokens []int32, key executor.Trace) run {
	t.Helper()
	file, model, err := open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	session := tensor.NewSession(cpu.New(cpu.WithCores(1)), 1<<28, key)
	defer func() { require.NoError(t, session.Close()) }()
	machine := decoder.OnSession(session, file)
	d, err := decoder.New(machine, model, decoder.Options{Context: uint32(len(tokens))})
	require.NoError(t, err)
	logits, err := d.Step(tokens)
	require.NoError(t, err)
	traces, err := session.Traces()
	require.NoError(t, err)
	require.Len(t, traces, 1)
	return run{trace: traces[0], logits: logits, fuel: machine.Fuel(), layers: len(model.Header.Model.Layers)}
}

func TestOneFlippedBitChangesTheTraceOfAnAnswer(t *testing.T) {
	honest, tokens := convertProse(t, "It is a truth universally acknowledged, that")
	flipped := filepath.Join(t.TempDir(), "flipped")
	require.NoError(t, FlipBit(honest, flipped))
	require.Equal(t, 1, differentBits(t, honest, flipped))

	key := executor.Trace{1, 2, 3}
	want := execute(t, honest, tokens, key)
	require.Equal(t, want, execute(t, honest, tokens, key))
	got := execute(t, flipped, tokens, key)
	require.NotEqual(t, want.trace, got.trace)
	require.NotEqual(t, want.logits, got.logits)
	require.NotEqual(t, execute(t, honest, tokens[:1], key).trace, execute(t, flipped, tokens[:1], key).trace, "one token suffices")
}

func TestAModelWithoutItsLastLayerIsCheaperAndHasAnotherTrace(t *testing.T) {
	honest, tokens := convertProse(t, "It is a truth universally acknowledged, that")
	shallow := filepath.Join(t.TempDir(), "shallow")
	require.NoError(t, DropLastLayer(honest, shallow))
	key := executor.Trace{1, 2, 3}
	want, got := execute(t, honest, tokens, key), execute(t, shallow, tokens, key)
	require.Equal(t, want.layers-1, got.layers)
	require.NotEqual(t, want.trace, got.trace)
	require.Less(t, got.fuel, want.fuel)
	require.NotEqual(t, want.logits, got.logits)

	for range want.layers - 2 {
		next := filepath.Join(t.TempDir(), "shallow")
		require.NoError(t, DropLastLayer(shallow, next))
		shallow = next
	}
	require.Equal(t, 1, execute(t, shallow, tokens, key).layers)
	require.ErrorContains(t, DropLastLayer(shallow, filepath.Join(t.TempDir(), "none")), "at least two layers, found 1")
}

func TestOnlyModelsAreTamperedWith(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "request.json")
	require.NoError(t, os.WriteFile(other, []byte(`{"prompt":"a, b and a text that is longer than a prefix"}`), 0o600))
	for name, tamper := range map[string]func(from, to string) error{"flip": FlipBit, "drop": DropLastLayer} {
		target := filepath.Join(dir, name)
		require.ErrorIs(t, tamper(other, target), format.ErrNotModel, name)
		require.NoFileExists(t, target)
		require.ErrorIs(t, tamper(filepath.Join(dir, "missing"), target), os.ErrNotExist, name)
	}
}

// differentBits counts the bits in which two files of the same size differ.
func differentBits(t *testing.T, x, y string) int {
	t.Helper()
	left, err := os.ReadFile(x)
	require.NoError(t, err)
	right, err := os.ReadFile(y)
	require.NoError(t, err)
	require.Len(t, right, len(left))
	count := 0
	for i := range left {
		count += bits.OnesCount8(left[i] ^ right[i])
	}
	return count
}
