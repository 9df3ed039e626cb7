package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/config"
)

// benchHome returns a home that init has made.
func benchHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	_, err := run(t, "init", "--home", home, "--grpc", "127.0.0.1:1")
	require.NoError(t, err)
	return home
}

func TestBenchMeasuresEachProfileInWorkersAndWritesItsRate(t *testing.T) {
	home := benchHome(t)
	root, err := Root()
	require.NoError(t, err)
	var out, said bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&said)
	root.SetArgs([]string{"bench", "--home", home, "--seconds", "0", "--json", "--write", "--policy.max-jobs", "2"})
	require.NoError(t, root.ExecuteContext(t.Context()), said.String())
	var found benchReport
	require.NoError(t, json.Unmarshal(out.Bytes(), &found), "JSON alone is on standard output")
	require.False(t, found.NodeRuns)
	require.InDelta(t, 1.5, found.BlockTime, 0)
	c, err := config.Load(home, nil, nil)
	require.NoError(t, err)
	rates, err := c.Policy.Rates()
	require.NoError(t, err)
	require.Len(t, found.Profiles, len(profiles.Names()))
	for i, result := range found.Profiles {
		require.Equal(t, profiles.Names()[i], result.Profile)
		require.Equal(t, 2, result.Places)
		require.Equal(t, result.Speeds.FuelPerBlock(1500*time.Millisecond), result.FuelPerBlock)
		require.Equal(t, result.FuelPerBlock, rates.Of[result.Profile])
	}
	left, err := filepath.Glob(filepath.Join(home, "bench-*"))
	require.NoError(t, err)
	require.Empty(t, left, "no files stay")
	require.NotContains(t, unmeasured(&node{home: home, config: c}), "defaults")
}

func TestBenchWritesNothingUnlessItIsTold(t *testing.T) {
	home := benchHome(t)
	before, err := os.ReadFile(filepath.Join(home, config.FileName))
	require.NoError(t, err)
	require.NoError(t, daemon{PID: os.Getpid(), Waiting: "the chain does not answer"}.write(home))
	out, err := run(t, "bench", "--home", home, "--seconds", "0", "--profile", wasm.Profile, "--block-time", "1s")
	require.NoError(t, err)
	require.Contains(t, out, "arithmetic")
	require.Contains(t, out, "does not count")
	require.Contains(t, out, "write it with: thetaedge bench --write")
	require.Contains(t, out, "the figures are lower", "the node runs")
	require.NotContains(t, out, "measuring tensor/1")
	after, err := os.ReadFile(filepath.Join(home, config.FileName))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestAnInterruptedBenchSaysThatNothingWasWritten(t *testing.T) {
	home := benchHome(t)
	root, err := Root()
	require.NoError(t, err)
	var said bytes.Buffer
	root.SetOut(&said)
	root.SetErr(&said)
	root.SetArgs([]string{"bench", "--home", home, "--seconds", "600", "--write"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, root.ExecuteContext(ctx), "nothing was written")
	c, err := config.Load(home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, config.Default().Policy.FuelPerBlock, c.Policy.FuelPerBlock)
	left, err := filepath.Glob(filepath.Join(home, "bench-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestBenchRefusesWhatItCannotMeasure(t *testing.T) {
	home := benchHome(t)
	for want, args := range map[string][]string{
		`--profile: expected one of wasm/1, tensor/1, found "wasm"`: {"--profile", "wasm"},
		"--block-time: expected 1ms to 1h, found 0s":                {"--block-time", "0s"},
	} {
		_, err := run(t, append([]string{"bench", "--home", home}, args...)...)
		require.ErrorContains(t, err, want)
	}
	_, err := run(t, "bench", "--home", t.TempDir())
	require.ErrorContains(t, err, "run thetaedge init")
}

func TestOneRateForAllProfilesIsReadAndAdvisedAgainst(t *testing.T) {
	n := &node{home: "home", config: config.Default()}
	require.Contains(t, unmeasured(n), "has the defaults")
	n.config.Policy.FuelPerBlock = []string{"1500000000"}
	policy, err := policyOf(n)
	require.NoError(t, err)
	for _, profile := range profiles.Names() {
		require.EqualValues(t, 1_500_000_000, policy.RateOf(profile))
		require.EqualValues(t, 1_500_000_000, policy.Limits().RateOf(profile))
	}
	require.Contains(t, oneRate(n), "policy.fuel-per-block is 1500000000 for every profile")
	require.Contains(t, oneRate(n), "thetaedge bench --write")
	var out strings.Builder
	checkRates(&report{out: &out}, n)
	require.Contains(t, out.String(), "warn     rate")
	n.config.Policy.FuelPerBlock = []string{"wasm/1=5", "tensor/1=7"}
	require.Empty(t, unmeasured(n))
	out.Reset()
	checkRates(&report{out: &out}, n)
	require.Contains(t, out.String(), "ok       rate         policy.fuel-per-block is 5 for wasm/1, 7 for tensor/1")
}
