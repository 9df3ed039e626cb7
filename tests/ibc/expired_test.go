package ibc_test

import (
	"testing"
	"time"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// breakClient makes the second chain's client of the first one unusable.
func (x *exchange) breakClient(change func(*ibctm.ClientState)) {
	x.t.Helper()
	end := x.path.EndpointB
	require.NoError(x.t, between(x.chain, func(a *app.App, ctx sdk.Context) error {
		state, _ := a.IBCKeeper.ClientKeeper.GetClientState(ctx, end.ClientID)
		broken := state.(*ibctm.ClientState)
		change(broken)
		a.IBCKeeper.ClientKeeper.SetClientState(ctx, end.ClientID, broken)
		return nil
	}))
	x.chain.NextBlock()
}

// refuse requires that no holder of vouchers on the second chain can send them home, and that each keeps
// them.
func (x *exchange) refuse(status string) {
	x.t.Helper()
	holders := 0
	for _, sender := range x.chain.SenderAccounts[:6] {
		own := sender.SenderAccount.GetAddress().String()
		before := x.holds(own)
		if before.IsZero() {
			continue
		}
		_, err := x.chain.SendMsgsWithSender(sender, x.home(own, before, time.Hour))
		require.ErrorContains(x.t, err, "with status "+status+": client state is not active")
		require.Equal(x.t, before, x.holds(own))
		holders++
	}
	require.Positive(x.t, holders)
	if before := x.holds(x.account.address); before.IsPositive() {
		require.False(x.t, x.account.run(x.home(x.account.address, before, time.Hour)).Success())
		require.Equal(x.t, before, x.holds(x.account.address))
	}
	x.backed()
}

// trade posts jobs in the voucher while the second chain knows nothing of the first one: one that was
// posted before ends, one is cancelled, one ends after its denom was removed from the list, and one after
// the worth of its denom has expired.
func (x *exchange) trade() {
	t := x.t
	t.Helper()
	x.finish()

	before := x.holds(x.requester())
	cancelled := x.post(0)
	_, err := x.chain.SendMsgs(&computetypes.MsgCancelJob{Requester: x.requester(), JobId: cancelled.Id})
	require.NoError(t, err)
	require.True(t, before.Sub(x.holds(x.requester())).LT(params.Tfuel(1)), "the reserve is back, the fee of seats is not")

	running := x.post(3)
	topUp := &computetypes.MsgTopUpJob{Requester: x.requester(), JobId: running.Id, Tasks: 1}
	unlist(x.chain, x.denom)
	for _, message := range []sdk.Msg{x.job(), topUp} {
		_, err = x.chain.SendMsgs(message)
		require.ErrorContains(t, err, x.denom+" is not accepted")
	}
	x.finish()

	list(x.chain, x.denom, nil)
	topUp.JobId = x.post(3).Id
	list(x.chain, x.denom, func(rule *computetypes.PaymentDenom) { rule.ExpiryHeight = x.chain.App.LastBlockHeight() + 3 })
	for _, message := range []sdk.Msg{x.job(), topUp} {
		_, err = x.chain.SendMsgs(message)
		require.ErrorContains(t, err, "holds until height")
	}
	x.finish()
	list(x.chain, x.denom, nil)
}

// TestVouchersOfAChainOutOfReachAreSpentHere: a client of another chain expires or is frozen. Jobs are
// posted, paid, refunded and cancelled in its voucher, operators claim it and the community pool gets and
// spends it. Nothing goes home, and what was on its way waits. After a proposal has recovered the client,
// it comes back, and all vouchers go home.
func TestVouchersOfAChainOutOfReachAreSpentHere(t *testing.T) {
	for status, change := range map[string]func(*ibctm.ClientState){
		"Expired": func(state *ibctm.ClientState) { state.TrustingPeriod = time.Nanosecond },
		"Frozen":  func(state *ibctm.ClientState) { state.FrozenHeight = clienttypes.NewHeight(0, 1) },
	} {
		t.Run(status, func(t *testing.T) {
			x := newExchange(t, 100)
			sender := x.chain.SenderAccounts[0]
			x.post(3)
			five := params.Tfuel(5)
			packet := x.leave(sender, five, x.home(x.requester(), five, time.Minute))
			x.breakClient(change)
			x.refuse(status)
			x.trade()
			x.spendHere()

			require.Error(t, x.path.EndpointB.UpdateClient())
			require.Error(t, x.path.EndpointB.TimeoutPacket(packet), "nothing of the first chain can be proven")
			x.refuse(status)

			recoverClient(t, x.path.EndpointB)
			before := x.holds(x.requester())
			_, err := x.chain.SendMsgs(x.timeout(packet, x.requester()))
			require.NoError(t, err)
			x.inFlight = math.ZeroInt()
			require.Equal(t, before.Add(five), x.holds(x.requester()))
			x.backed()
			x.allGoHome()
		})
	}
}

// spendHere claims what operators have earned, waits until the community pool has its part, and lets
// governance spend it.
func (x *exchange) spendHere() {
	t := x.t
	t.Helper()
	require.True(t, x.claim().IsPositive())
	require.True(t, x.claim().IsZero())
	for range shareBlocks {
		x.step()
	}
	x.backed()
	pool, before := x.pool(), x.holds(x.requester())
	require.True(t, pool.IsPositive())
	require.NoError(t, between(x.chain, func(a *app.App, ctx sdk.Context) error {
		_, err := distrkeeper.NewMsgServerImpl(a.DistrKeeper).CommunityPoolSpend(ctx, &distrtypes.MsgCommunityPoolSpend{
			Authority: app.Authority(), Recipient: x.requester(), Amount: sdk.NewCoins(sdk.NewCoin(x.denom, pool)),
		})
		return err
	}))
	x.chain.NextBlock()
	require.True(t, x.pool().IsZero())
	require.Equal(t, before.Add(pool), x.holds(x.requester()))
	x.backed()
}

// allGoHome sends the vouchers of all accounts of the second chain to the first one.
func (x *exchange) allGoHome() {
	x.t.Helper()
	for _, sender := range x.chain.SenderAccounts[:6] {
		own := sender.SenderAccount.GetAddress().String()
		amount := x.holds(own)
		if amount.IsZero() {
			continue
		}
		packet := x.leave(sender, amount, x.home(own, amount, time.Hour))
		before := tfuelOf(x.chains[0])
		require.True(x.t, x.network.relay(x.path, packet).Success())
		x.inFlight = math.ZeroInt()
		require.Equal(x.t, before.Add(amount), tfuelOf(x.chains[0]))
		x.backed()
	}
	left := appOf(x.chain).BankKeeper.GetSupply(x.chain.GetContext(), x.denom).Amount
	require.Equal(x.t, x.holds(x.account.address), left.Sub(x.pool()), "the interchain account has the rest")
}
