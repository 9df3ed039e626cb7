package client

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/jobfile"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// tinyProgram is a module whose _start returns at once.
const tinyProgram = "\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" + // type: no parameters, no results
	"\x03\x02\x01\x00" + // one function
	"\x07\x0a\x01\x06_start\x00\x00" +
	"\x0a\x04\x01\x02\x00\x0b" // its body

// packedJob is a job with one input, packed for a relay that need not exist.
func packedJob(t *testing.T, relay string) *Packed {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	write("p.wasm", tinyProgram)
	write("prompt.txt", "It is a truth")
	write("job.yaml", `
executor: wasm/1
program: p.wasm
inputs: {prompt.txt: prompt.txt}
class: cpu-small
reward: 1tfuel
resources: {fuel: 1000, memory: 1MiB, output: 1KiB}
relay: `+relay)
	job, err := jobfile.Load(filepath.Join(dir, "job.yaml"))
	require.NoError(t, err)
	packed, err := Pack(job)
	require.NoError(t, err)
	return packed
}

var testCost = Cost{Gas: 100_000, Fee: params.TfuelCoin(1)}

func TestPostKeepsTheTokenOnDiskBeforeTheTxLeaves(t *testing.T) {
	chain, dir := newChain(), t.TempDir()
	c := testClient(t, chain)
	packed := packedJob(t, "http://127.0.0.1:1")
	state, err := c.NewState(packed)
	require.NoError(t, err)

	saved := 0
	err = c.Post(t.Context(), newSigner(), state, testCost, func(s *State) error {
		saved++
		if saved == 1 {
			require.Empty(t, chain.posted)
		}
		return s.Save(dir)
	})
	require.NoError(t, err)
	require.Equal(t, testJob, state.JobID)
	require.Len(t, chain.posted, 1)

	loaded, err := LoadState(dir)
	require.NoError(t, err)
	require.Equal(t, state, loaded)
	info, err := os.Stat(filepath.Join(dir, StateFile))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
}

func TestPostNeverPaysTwice(t *testing.T) {
	for _, fates := range [][]fate{
		{fateRuns},
		{fateLost, fateRuns},
		{fateLost, fateLost, fateRuns},
		{fateUnanswered, fateRuns},
		{fateStale, fateRuns},
		{fateSwallowed, fateRuns},
		{fateSwallowed, fateUnanswered},
		{fateSwallowed, fateLost, fateSwallowed, fateRuns},
	} {
		chain := newChain()
		chain.fates = fates
		c := testClient(t, chain)
		state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
		require.NoError(t, err)
		save := func(*State) error { return nil }
		require.NoError(t, c.Post(t.Context(), newSigner(), state, testCost, save), fates)
		require.Equal(t, testJob, state.JobID, fates)
		require.Len(t, chain.posted, 1, fates)
	}
}

func TestPostThatExpiredIsPostedAnewWithTheSameSpec(t *testing.T) {
	chain := newChain()
	for range 2 * txLifeBlocks {
		chain.fates = append(chain.fates, fateSwallowed)
	}
	c := testClient(t, chain)
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	save := func(*State) error { return nil }
	err = c.Post(t.Context(), newSigner(), state, testCost, save)
	require.ErrorIs(t, err, ErrTxExpired)
	require.False(t, state.Posted(), "no tx of it can run any more")
	require.Empty(t, chain.posted)

	chain.fates = []fate{fateSwallowed}
	chain.height += txLifeBlocks
	require.NoError(t, c.Post(t.Context(), newSigner(), state, Cost{}, save))
	require.Len(t, chain.posted, 1)
	spec, err := state.JobSpec()
	require.NoError(t, err)
	require.Equal(t, spec, chain.posted[0].Spec)
}

func TestPostTakenUpAgainAwaitsTheTxThatWasSent(t *testing.T) {
	for _, sent := range []fate{fateRuns, fateLost} {
		chain, dir, signer := newChain(), t.TempDir(), newSigner()
		chain.fates = []fate{sent}
		c := testClient(t, chain)
		state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
		require.NoError(t, err)

		// The run dies right after the first broadcast: its state is the saved one.
		require.NoError(t, c.Post(t.Context(), signer, state, testCost, func(s *State) error {
			if s.JobID == "" {
				return s.Save(dir)
			}
			return nil
		}))
		again, err := LoadState(dir)
		require.NoError(t, err)
		require.Empty(t, again.JobID)
		require.NoError(t, c.Post(t.Context(), signer, again, Cost{}, func(s *State) error { return s.Save(dir) }))
		require.Equal(t, testJob, again.JobID)
		require.Len(t, chain.posted, 1)
	}
}

func TestPostRefusesAnotherChain(t *testing.T) {
	c := testClient(t, newChain())
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	state.ChainID = "other"
	err = c.Post(t.Context(), newSigner(), state, testCost, func(*State) error { return nil })
	require.ErrorContains(t, err, "expected a job for chain theta-test, found one for other")
}

func TestQuoteSaysWhatIsMissingBeforeAnythingIsSpent(t *testing.T) {
	packed := packedJob(t, "http://127.0.0.1:1")
	signer := newSigner()

	chain := newChain()
	quote, err := testClient(t, chain).Quote(t.Context(), signer, packed.Spec)
	require.NoError(t, err)
	require.NoError(t, quote.Err())
	require.Equal(t, params.TfuelCoin(3), quote.Reserve)
	require.EqualValues(t, 140_000, quote.Posting.Gas)
	require.Equal(t, sdk.NewCoins(quote.Reserve.Add(quote.PostingFee).Add(quote.Posting.Fee)), quote.Most())

	chain.live = 2
	quote, err = testClient(t, chain).Quote(t.Context(), signer, packed.Spec)
	require.NoError(t, err)
	require.ErrorIs(t, quote.Err(), ErrNotPostable)
	require.ErrorContains(t, quote.Err(), "only 2 live nodes in class cpu-small, and a quorum of 3 needs 4")

	chain.live, chain.balance = 5, params.Tfuel(3)
	quote, err = testClient(t, chain).Quote(t.Context(), signer, packed.Spec)
	require.NoError(t, err)
	require.ErrorContains(t, quote.Err(), "faucet")

	chain.balance = math.ZeroInt()
	quote, err = testClient(t, chain).Quote(t.Context(), signer, packed.Spec)
	require.NoError(t, err)
	require.ErrorContains(t, quote.Err(), "has 0 tfuel")
	require.Empty(t, chain.posted)
}

func TestNothingIsSentWhoseTokenCannotBeKept(t *testing.T) {
	chain := newChain()
	c := testClient(t, chain)
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	full := errors.New("no room on the disk")
	err = c.Post(t.Context(), newSigner(), state, testCost, func(*State) error { return full })
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, "nothing was sent")
	require.False(t, state.Posted(), "there is nothing to go on with")
	require.Empty(t, chain.posted)
}

func TestPackGivesTheSameSpecForTheSameFiles(t *testing.T) {
	one, two := packedJob(t, "http://127.0.0.1:1"), packedJob(t, "http://127.0.0.1:1")
	require.NotEqual(t, one.Token, two.Token)
	require.NotEqual(t, one.Spec.Sink, two.Spec.Sink)
	one.Spec.Sink = two.Spec.Sink
	require.Equal(t, two.Spec, one.Spec)
}

func TestPackNamesTheFileThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	job := jobfile.Job{
		Executor: "wasm/1", Program: jobfile.Content{Path: filepath.Join(dir, "missing.wasm")}, Class: "cpu-small",
		Reward: jobfile.Reward{Coin: params.TfuelCoin(1)}, Resources: jobfile.Resources{Fuel: 1, Memory: 1 << 20, Output: 1}, Relay: "http://127.0.0.1:1",
	}
	_, err := Pack(job)
	require.ErrorContains(t, err, "missing.wasm")

	job.Program.Path = dir
	_, err = Pack(job)
	require.ErrorContains(t, err, "expected a regular file, found a folder")

	job.Program.Path = filepath.Join(dir, "script")
	require.NoError(t, os.WriteFile(job.Program.Path, []byte("#!/bin/sh"), 0o600))
	_, err = Pack(job)
	require.ErrorContains(t, err, "expected a wasm module")

	job.Relay = ""
	_, err = Pack(job)
	require.ErrorContains(t, err, "relay is missing")

	job.Relay, job.Program.Path = "ftp://x", filepath.Join(dir, "p")
	require.NoError(t, os.WriteFile(job.Program.Path, []byte("x"), 0o600))
	_, err = Pack(job)
	require.ErrorContains(t, err, "scheme")
}

func TestAQuoteRefusesAJobThatFitsTooFewNodesAndSaysWhatToChange(t *testing.T) {
	packed := packedJob(t, "http://127.0.0.1:1")
	chain := newChain()
	chain.fit = computetypes.Fit{
		Live: 5, Fitting: 2, Visited: 9,
		Exclusions: []computetypes.Exclusion{{Rule: "memory", Nodes: 3, Detail: "take at most 2GiB of memory, the job asks for 3GiB"}},
	}
	ask := func() *Quote {
		quote, err := testClient(t, chain).Quote(t.Context(), newSigner(), packed.Spec)
		require.NoError(t, err)
		return quote
	}
	require.ErrorContains(t, ask().Err(), "the job fits 2 of 5 live nodes in class cpu-small, and a quorum of 3 needs 4: 3 take at most 2GiB of memory, the job asks for 3GiB")
	chain.fit.Cut = true
	require.NoError(t, ask().Err(), "a part of the nodes tells nothing of the others")
	chain.fit.Cut, chain.fit.Fitting = false, 4
	require.NoError(t, ask().Err())
	chain.fit = computetypes.Fit{}
	require.NoError(t, ask().Err(), "a chain that does not count")

	packed.Spec.Policy = computetypes.Policy{Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 9, Node: "theta1node"}
	chain.live, chain.fit = 9, computetypes.Fit{Visited: 1}
	require.ErrorContains(t, ask().Err(), "node theta1node is not live now")
	chain.fit = computetypes.Fit{Visited: 1, Live: 1, Exclusions: []computetypes.Exclusion{{Rule: "trust", Nodes: 1, Detail: "do not take such jobs"}}}
	require.ErrorContains(t, ask().Err(), "node theta1node does not take the job: 1 do not take such jobs")
	chain.fit.Fitting = 1
	require.NoError(t, ask().Err())
}

func TestANodeThatLiesAboutThePriceOfGasGetsNoFortune(t *testing.T) {
	for _, price := range []string{"200000000000000atfuel", "1000000000000000000000000atfuel", "1" + strings.Repeat("0", 75) + "atfuel"} {
		chain := newChain()
		chain.nodePrice = price
		c := testClient(t, chain)
		_, err := c.Cancel(t.Context(), newSigner(), testJob)
		require.ErrorContains(t, err, "expected a", price)
		require.Empty(t, chain.heard, "nothing was signed")
	}
	// A fee that is named is paid, however high.
	chain := newChain()
	chain.nodePrice = "200000000000000atfuel"
	chain.answers = map[string]proto.Message{sdk.MsgTypeURL(&computetypes.MsgCancelJob{}): &computetypes.MsgCancelJobResponse{Refund: params.TfuelCoin(1)}}
	_, err := testClient(t, chain).With(Terms{Fee: params.Tfuel(30)}).Cancel(t.Context(), newSigner(), testJob)
	require.NoError(t, err)
}
