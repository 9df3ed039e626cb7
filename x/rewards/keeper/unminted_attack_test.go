package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// settleChunks credits an operator with the pay of so many chunks in one block.
func (f *fixture) settleChunks(n byte, job computetypes.JobGrant, chunks uint64) {
	f.t.Helper()
	for task := range chunks {
		_, err := f.keeper.CreditGrant(f.ctx, computetypes.GrantCredit{
			Grant: &job, Operator: operator(n), Class: grantClass, Denom: denom, Fuel: grantFuel, Most: math.NewInt(grantReward),
			Less: math.ZeroInt(), From: from(computetypes.CREDIT_SOURCE_GRANTS, task),
		})
		require.NoError(f.t, err)
	}
}

// A block that tries unminted pay again does a bounded amount of work, also if single records contain
// many chunks: an operator may settle as many in one block as the block has room for.
func TestABlockRetriesABoundedNumberOfChunks(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	f.vault.fails = above(0)
	const chunks, records = 600, 4
	for range records {
		f.settleChunks(1, agreed(id), chunks)
		f.endBlock()
	}
	require.EqualValues(t, records, f.unminted(id).Records)
	f.vault.fails = nil
	f.move()
	require.EqualValues(t, records-2, f.unminted(id).Records, "the second one exceeds 1,000 chunks")
	f.move()
	require.Zero(t, f.unminted(id).Records)
	f.requireBacked()
}

// The query of earnings does not show pay that was revoked before it matured, also when it would have
// matured since.
func TestEarningsDoNotShowVoidPay(t *testing.T) {
	f := newFixture(t)
	id, second := f.activeGrant(), f.activeGrant()
	f.settle(1, agreed(id), grantFuel)
	f.settle(1, agreed(second), grantFuel/2)
	f.endBlock()
	f.revokeGrant(id)
	f.nodes.epoch += 168
	earned, err := f.queries.Earnings(f.ctx, &types.QueryEarningsRequest{Operator: operator(1).String()})
	require.NoError(t, err)
	require.Equal(t, coin(4_400).String(), earned.Amount.String())
	paid, err := f.claim(1)
	require.NoError(t, err)
	require.Equal(t, earned.Amount.String(), paid.String())
	f.requireBacked()
}

func (f *fixture) revokeGrant(id uint64) {
	f.t.Helper()
	_, err := f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: id})
	require.NoError(f.t, err)
}
