package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// leastDeposit is the deposit of a grant, in whole tfuel.
const leastDeposit = 20

// tfuel returns whole tfuel in atfuel.
func tfuel(whole int) math.Int { return math.NewIntWithDecimal(int64(whole), 18) }

// createGrant makes a grant for any account.
func createGrant(
	_ context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgCreateGrant) {
	grantee := world.AnyAccount(reporter)
	if reporter.IsSkipped() {
		return nil, nil
	}
	r := world.Rand()
	return nil, &types.MsgCreateGrant{Authority: world.ModuleAccountAddress(reporter, "gov"), Terms: types.GrantTerms{
		Grantee: grantee.AddressBech32, Purpose: "science", Programs: [][]byte{make([]byte, computetypes.HashSize)},
		Prices: []types.GrantPrice{{Class: "cpu-small", Price: tfuel(1 + r.Intn(20))}},
		Budget: tfuel(50), Epochs: 5 + uint64(r.Intn(10)), //nolint:gosec // at most 14
		Policy: computetypes.POLICY_KIND_QUORUM, Deposit: tfuel(leastDeposit), FuelPerBlock: 1_000_000_000,
	}}
}

// revokeGrant revokes a grant at random.
func revokeGrant(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgRevokeGrant] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgRevokeGrant) {
		grant, found := oneGrant(ctx, world, reporter, queries, func(g types.Grant) bool { return g.Status != types.GRANT_STATUS_REVOKED })
		if !found {
			return nil, nil
		}
		return nil, &types.MsgRevokeGrant{Authority: world.ModuleAccountAddress(reporter, "gov"), Id: grant.Id}
	}
}

// fundGrant adds a part of the deposit, or all of it, to a grant.
func fundGrant(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgFundGrant] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgFundGrant) {
		grant, found := oneGrant(ctx, world, reporter, queries, func(g types.Grant) bool { return g.Status != types.GRANT_STATUS_REVOKED })
		if !found {
			return nil, nil
		}
		from := world.GetAccount(reporter, grant.Terms.Grantee)
		amount := grant.Coin(tfuel(1 + world.Rand().Intn(2*leastDeposit)))
		if reporter.IsSkipped() || !from.LiquidBalance().BlockAmount(amount) {
			reporter.Skip("the grantee has too little")
			return nil, nil
		}
		return []simsx.SimAccount{from}, &types.MsgFundGrant{Grantee: from.AddressBech32, Id: grant.Id, Amount: amount}
	}
}

// withdrawGrant takes the deposit of a grant back that is pending, or tries to.
func withdrawGrant(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgWithdrawGrant] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgWithdrawGrant) {
		grant, found := oneGrant(ctx, world, reporter, queries, func(g types.Grant) bool {
			return g.Status == types.GRANT_STATUS_PENDING && g.Deposit.IsPositive()
		})
		if !found {
			return nil, nil
		}
		from := world.GetAccount(reporter, grant.Terms.Grantee)
		if reporter.IsSkipped() {
			return nil, nil
		}
		return []simsx.SimAccount{from}, &types.MsgWithdrawGrant{Grantee: from.AddressBech32, Id: grant.Id}
	}
}

// oneGrant returns one of the grants that fit.
func oneGrant(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter, queries types.QueryServer,
	fits func(types.Grant) bool,
) (types.Grant, bool) {
	all, err := queries.Grants(ctx, &types.QueryGrantsRequest{})
	if err != nil {
		reporter.Skip(err.Error())
		return types.Grant{}, false
	}
	var some []types.Grant
	for _, grant := range all.Grants {
		if fits(grant) {
			some = append(some, grant)
		}
	}
	if len(some) == 0 {
		reporter.Skip("there is no such grant")
		return types.Grant{}, false
	}
	return some[world.Rand().Intn(len(some))], true
}
