package executors

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/cpu"
)

func TestMain(m *testing.M) {
	if code, guest := Guest(os.Args); guest {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func TestASmallRunMeasuresEverything(t *testing.T) {
	scale, err := ScaleOf("tiny")
	require.NoError(t, err)
	dir := t.TempDir()
	report, err := Run(t.Context(), Options{Scale: scale, Vectors: cpu.AVX2, Dir: dir, WithoutLlama: true, Progress: t.Logf})
	require.NoError(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "models are removed")
	require.Len(t, report.Threads, len(scale.threads))
	for _, threads := range report.Threads {
		require.Equal(t, scale.rounds, threads.Decode.Ours.TokensPerSecond.N)
		require.Positive(t, threads.Decode.Ours.TokensPerSecond.Min)
		require.Positive(t, threads.Prefill.Ours.TokensPerSecond.Min)
		require.Positive(t, threads.Decode.Ours.MemoryShare)
		require.Positive(t, threads.CopyGBs.Min)
		require.Nil(t, threads.Decode.Theirs)
	}
	require.Equal(t, costRounds*scale.rounds, report.Costs.Both.Decode.N)
	require.Positive(t, report.Loading.Warm.Min)
	require.Len(t, report.Overheads, 2)
	for _, o := range report.Overheads {
		require.Positive(t, o.Bare.Min, o.Profile)
		require.Equal(t, scale.jobs, o.Worker.N, o.Profile)
	}
	var text bytes.Buffer
	require.NoError(t, report.Print(&text))
	require.Contains(t, text.String(), "not compared:")
	path := filepath.Join(dir, "report.json")
	require.NoError(t, report.Write(path))
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	var again Report
	require.NoError(t, json.Unmarshal(written, &again))
	require.Equal(t, *report, again)
}

func TestBytesOfATokenAreThoseOfTheFiles(t *testing.T) {
	dir, s := t.TempDir(), tiny()
	from, to := filepath.Join(dir, "model.gguf"), filepath.Join(dir, "model.theta")
	require.NoError(t, writeGGUF(from, s))
	require.NoError(t, convertGGUF(from, to))
	for path, bytes := range map[string]int{from: s.theirsBytes(), to: s.oursBytes()} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		// Norms, the tokenizer, headers and gaps between tensors are left.
		require.Greater(t, info.Size(), int64(bytes), path)
		require.Less(t, info.Size(), int64(bytes)+140<<10, path)
	}
}

func TestAPartThatDoesNotExistIsRefused(t *testing.T) {
	_, err := Run(t.Context(), Options{Parts: []string{"weather"}, Progress: t.Logf})
	require.ErrorContains(t, err, `found "weather"`)
	_, err = ScaleOf("huge")
	require.ErrorContains(t, err, `found "huge"`)
}
