package chain

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

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
