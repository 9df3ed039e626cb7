package adversary

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/published"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// greedy lets a model continue a text on a device, and returns the most likely tokens, the traces and
// the fuel of the operations.
func greedy(t *testing.T, path string, prompt []int32, count int, device tensor.Device) (tokens []int32, traces [][32]byte, fuel uint64) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	stat, err := file.Stat()
	require.NoError(t, err)
	model, err := format.Open(file, stat.Size())
	require.NoError(t, err)
	session := tensor.NewSession(device, 1<<28, [32]byte{1}, [32]byte{2})
	machine := decoder.OnSession(session, file)
	d, err := decoder.New(machine, model, decoder.Options{Context: uint32(len(prompt) + count)})
	require.NoError(t, err)
	for next := prompt; len(tokens) < count; {
		logits, err := d.Step(next)
		require.NoError(t, err)
		best := 0
		for i, logit := range logits {
			if logit > logits[best] {
				best = i
			}
		}
		tokens = append(tokens, int32(best))
		next = tokens[len(tokens)-1:]
	}
	traces, err = session.Traces()
	require.NoError(t, err)
	require.NoError(t, session.Close())
	return tokens, traces, machine.Fuel()
}

func TestADeviceThatSkipsTheHeadGivesTheRightTokensAndAnotherTrace(t *testing.T) {
	model, err := published.Open("../../models/testdata/prose")
	require.NoError(t, err)
	defer func() { require.NoError(t, model.Close()) }()
	prompt, err := model.Tokenizer.Encode("It is a truth universally acknowledged, that")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "model")
	require.NoError(t, convertTo(path, model, 8))

	const count = 12
	honest := cpu.New(cpu.WithCores(1))
	tokens, traces, fuel := greedy(t, path, prompt, count, honest)
	lazy := &headless{vocabulary: uint32(model.Config.VocabSize), tokens: tokens}
	device := lazy.on(honest)
	var first [][32]byte
	for run := range 2 {
		found, others, spent := greedy(t, path, prompt, count, device)
		require.Equal(t, tokens, found)
		require.Equal(t, fuel, spent, "fuel does not show what was skipped")
		require.Len(t, others, 2)
		for i := range traces {
			require.NotEqual(t, traces[i], others[i])
		}
		if run == 0 {
			first = others
		}
		require.Equal(t, first, others, "the device begins anew with each run")
	}
	wrong := &headless{vocabulary: lazy.vocabulary, tokens: make([]int32, count)}
	found, _, _ := greedy(t, path, prompt, count, wrong.on(honest))
	require.NotEqual(t, tokens, found, "the tokens are those that the device was given")
}
