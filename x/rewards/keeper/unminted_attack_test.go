package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
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
