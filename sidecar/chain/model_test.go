package chain

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// TestEachItemHasOneOutcome: whatever a node and a chain do, every item has one outcome.
func TestEachItemHasOneOutcome(t *testing.T) {
	fake := newFakeNode(t)
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, fake)
		conn, stop, err := m.open()
		require.NoError(t, err)
		defer stop()
		batch := drawBatch(t, m)
		s := m.senderOn(conn, TxConfig{Caps: drawCaps(t), TimeoutBlocks: 6})
		for range 2 {
			done, err := s.Submit(t.Context(), batch, rapid.IntRange(1, 5).Draw(t, "max batch"))
			_, _, unsent := counted(t, batch, done)
			require.Equal(t, unsent > 0, err != nil, "an error for what was not decided: %v", err)
		}
		for _, tx := range m.executed {
			require.LessOrEqual(t, tx.gas, m.budget().Tx)
		}
	})
}

func drawModel(t *rapid.T, fake *fakeNode) *modelNode {
	m := newModelNode(fake, rapid.Uint64().Draw(t, "seed"))
	m.faulty, m.chance = 10_000, rapid.IntRange(0, 30).Draw(t, "chance of a fault")
	m.base = rapid.SampledFrom([]int64{10, 10, 15, 2_000}).Draw(t, "base fee")
	m.full, m.silent = rapid.Bool().Draw(t, "full"), rapid.Bool().Draw(t, "silent")
	m.itemGas = rapid.Uint64Range(50_000, 3_000_000).Draw(t, "gas of an item")
	m.blockGas = rapid.Uint64Range(20_000_000, 100_000_000).Draw(t, "gas of a block")
	return m
}

func drawCaps(t *rapid.T) FeeCaps {
	caps := FeeCaps{GasPrice: sdk.NewInt64Coin("atfuel", rapid.SampledFrom([]int64{12, 100, 10_000}).Draw(t, "max price"))}
	if rapid.Bool().Draw(t, "max tx") {
		caps.Tx = sdk.NewInt64Coin("atfuel", rapid.Int64Range(1, 200_000_000).Draw(t, "tx"))
	}
	caps.DutyBps = rapid.Uint32Range(0, 10_000).Draw(t, "share")
	return caps
}

func drawBatch(t *rapid.T, m *modelNode) Batch {
	var batch Batch
	actions := rapid.SampledFrom([][]Action{{Reveal, Open, Commit, Release, Yield, Claim}, {Reveal, Commit}}).Draw(t, "actions")
	known := rapid.Bool().Draw(t, "known stakes")
	for i := range rapid.IntRange(1, 16).Draw(t, "items") {
		duty := Duty{rapid.SampledFrom(actions).Draw(t, "action"), ref(fmt.Sprintf("%d-0-0", i))}
		item := &modelItem{stake: Stake{Deadline: rapid.Int64Range(95, 200).Draw(t, "deadline")}}
		if known {
			item.stake.Loss = sdkmath.NewInt(rapid.Int64Range(0, 100_000_000).Draw(t, "loss"))
		}
		if rapid.IntRange(0, 4).Draw(t, "dies") == 0 {
			item.diesAt = rapid.Int64Range(99, 110).Draw(t, "dies at")
		}
		if rapid.IntRange(0, 9).Draw(t, "heavy") == 0 {
			m.heavy[duty] = true
		}
		m.items[duty] = item
		put(&batch, duty, item.stake)
	}
	batch.Renew = rapid.Bool().Draw(t, "renew")
	return batch
}

// TestADutyThatCanGetInBeforeItsDeadlineGetsInOnce: the daemon may be killed between any two
// steps. The node may be unreachable, forget what it has accepted, lose its answers or have
// room only in the lane, for any time. Every item that can get into a block before its
// deadline gets into a block once.
func TestADutyThatCanGetInBeforeItsDeadlineGetsInOnce(t *testing.T) {
	fake := newFakeNode(t)
	// slack is the number of blocks without faults that are enough: those for which a
	// transaction may wait, and some for the transaction that is sent after it.
	const slack = 60
	rapid.Check(t, func(t *rapid.T) {
		m := newModelNode(fake, rapid.Uint64().Draw(t, "seed"))
		m.faulty, m.chance = 100+rapid.Int64Range(0, 80).Draw(t, "blocks with faults"), rapid.IntRange(1, 60).Draw(t, "chance")
		m.full = rapid.Bool().Draw(t, "full for ever")
		if m.full {
			m.base = 1_000_000
		}
		conn, stop, err := m.open()
		require.NoError(t, err)
		defer stop()
		for i := range rapid.IntRange(1, 12).Draw(t, "items") {
			action := rapid.SampledFrom([]Action{Reveal, Open, Commit, Release, Yield}).Draw(t, "action")
			m.items[Duty{action, ref(fmt.Sprintf("%d-0-0", i))}] = &modelItem{stake: Stake{
				Deadline: m.faulty + slack + rapid.Int64Range(0, 20).Draw(t, "deadline"), Loss: sdkmath.NewInt(1_000),
			}}
		}
		chances := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "kills"), 2))
		s := m.senderOn(conn, TxConfig{})
		taken := map[Duty]int{}
		for m.at() < m.faulty+slack {
			batch := m.outstanding()
			if batch.Len() == 0 {
				break
			}
			ctx, cancel := context.WithCancel(t.Context())
			m.killAfter(chances.IntN(80), cancel)
			done, _ := s.Submit(ctx, batch, 100)
			counted(t, batch, done)
			for _, o := range done.Items {
				if o.Code == 0 {
					taken[Duty{o.Action, o.Ref}]++
				}
			}
			if ctx.Err() != nil { // a new process does not know anything about the old one
				s = m.senderOn(conn, TxConfig{})
			}
			cancel()
			m.next()
		}
		for duty, item := range m.items {
			require.Equal(t, 1, item.taken, "%s %s", duty.Action, duty.Ref.JobId)
			require.LessOrEqual(t, taken[duty], 1)
		}
	})
}

// outstanding returns a batch of all items that the chain still waits for.
func (m *modelNode) outstanding() Batch {
	m.mu.Lock()
	defer m.mu.Unlock()
	var batch Batch
	for _, duty := range m.inOrder() {
		if item := m.items[duty]; item.taken == 0 && m.height < item.stake.Deadline {
			put(&batch, duty, item.stake)
		}
	}
	return batch
}
