package chain

import (
	"context"
	"errors"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/client/grpcnode"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// Earnings returns what an operator can claim.
func (r *Reader) Earnings(ctx context.Context, operator string) (sdk.Coins, error) {
	what := "earnings of " + operator
	res, err := rewardstypes.NewQueryClient(r.conn).Earnings(ctx, &rewardstypes.QueryEarningsRequest{Operator: operator})
	if err != nil {
		return nil, grpcnode.Explain(ctx, what, err)
	}
	return res.Amount, grpcnode.CheckAnswer(res.Amount)
}

// Payout is where an operator's earnings go, and what they have paid.
type Payout struct {
	// Address is paid. It is the operator unless that has set another account.
	Address string
	// Validator is delegated to when earnings are collected. It is empty if nothing is delegated.
	Validator string
	// Paid contains what earnings have paid so far.
	Paid sdk.Coins
}

// Payout returns an operator's payout rule.
func (r *Reader) Payout(ctx context.Context, operator string) (Payout, error) {
	res, err := rewardstypes.NewQueryClient(r.conn).Payout(ctx, &rewardstypes.QueryPayoutRequest{Operator: operator})
	if err != nil {
		return Payout{}, grpcnode.Explain(ctx, "payout rule of "+operator, err)
	}
	return Payout{Address: res.Address, Validator: res.Validator, Paid: res.Paid}, grpcnode.CheckAnswer(res.Paid)
}

// Staked returns what an account has delegated, in the bond denom of the chain. It is the sum of
// the first 200 delegations.
func (r *Reader) Staked(ctx context.Context, account string) (sdk.Coin, error) {
	what := "delegations of " + account
	res, err := stakingtypes.NewQueryClient(r.conn).DelegatorDelegations(ctx, &stakingtypes.QueryDelegatorDelegationsRequest{
		DelegatorAddr: account, Pagination: &query.PageRequest{Limit: pageLimit},
	})
	if err = grpcnode.Explain(ctx, what, err); errors.Is(err, ErrNotFound) {
		return sdk.NewCoin(bondDenom, sdkmath.ZeroInt()), nil
	}
	if err != nil {
		return sdk.Coin{}, err
	}
	sum := sdk.NewCoin(bondDenom, sdkmath.ZeroInt())
	for _, delegation := range res.DelegationResponses {
		if err := grpcnode.CheckAnswer(sdk.NewCoins(delegation.Balance)); err != nil {
			return sdk.Coin{}, err
		}
		if delegation.Balance.Denom == bondDenom {
			sum = sum.Add(delegation.Balance)
		}
	}
	return sum, nil
}
