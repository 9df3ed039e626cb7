package keeper_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/thetaedge/theta/x/compute/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// A reveal that settles a round of the most replicas that the lane has room for fits it also if a grant
// with the longest terms pays for the job.
func TestARevealThatAGrantPaysForFitsTheLane(t *testing.T) {
	const replicas = 15
	f := newFixture(t)
	f.publicNetwork(replicas)
	msgs := rewardskeeper.NewMsgServer(f.rewards)
	terms := rewardstypes.GrantTerms{
		Grantee: requester(0).String(), Purpose: strings.Repeat("p", 512), Link: "https://" + strings.Repeat("l", 248),
		Programs: [][]byte{spec(coin(1), 3).Program.Sha256}, Prices: []rewardstypes.GrantPrice{{Class: class, Price: math.NewInt(grantPrice)}},
		Budget: math.NewInt(grantBudget), Epochs: 100, Policy: types.POLICY_KIND_QUORUM, Deposit: math.NewInt(grantDeposit), FuelPerBlock: 1_000_000,
	}
	for n := range byte(15) {
		terms.Programs = append(terms.Programs, bytes.Repeat([]byte{n}, 32))
	}
	for n := range 7 {
		terms.Prices = append(terms.Prices, rewardstypes.GrantPrice{Class: strings.Repeat(fmt.Sprint(n), 32), Price: math.NewInt(1 << 62)})
	}
	made, err := msgs.CreateGrant(f.ctx, &rewardstypes.MsgCreateGrant{Authority: authority(), Terms: terms})
	require.NoError(t, err)
	f.fund(requester(0), coin(grantDeposit))
	_, err = msgs.FundGrant(f.ctx, &rewardstypes.MsgFundGrant{Grantee: requester(0).String(), Id: made.Id, Amount: coin(grantDeposit)})
	require.NoError(t, err)
	s := granted(made.Id, types.POLICY_KIND_QUORUM)
	s.Policy.Replicas = replicas
	id, err := f.postGranted(s)
	require.NoError(t, err)
	f.until(f.everyone(replicas, silent), func() bool { return f.round(id).Phase == types.ROUND_PHASE_REVEAL })
	drawn := f.drawn(id)
	require.Len(t, drawn, replicas)
	lane := feemarkettypes.DefaultParams().LaneTx(1)
	for _, n := range drawn {
		item := f.held(n)
		f.ctx = f.ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
		require.NoError(t, f.reveal(n, item.Ref))
		t.Logf("node %d: %d gas of %d", n, f.ctx.GasMeter().GasConsumed(), lane)
	}
	require.Less(t, f.ctx.GasMeter().GasConsumed(), lane)
	f.next()
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
}
