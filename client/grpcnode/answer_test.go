package grpcnode

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestAnAnswerIsCheckedForAmountsWhereverTheyAre(t *testing.T) {
	whole := func() *computetypes.QueryReceiptResponse {
		zero := sdkmath.ZeroInt()
		return &computetypes.QueryReceiptResponse{Receipt: computetypes.Receipt{
			Reward: sdk.NewInt64Coin("atfuel", 1), Liability: zero, ClassWeight: zero, Burned: zero,
			Outcomes: []computetypes.Outcome{{Paid: zero, Slashed: zero, Share: sdkmath.NewIntWithDecimal(1, 44)}},
		}}
	}
	require.NoError(t, CheckAnswer(whole()))
	require.NoError(t, CheckAnswer((*computetypes.QueryReceiptResponse)(nil)))
	for place, spoil := range map[string]func(*computetypes.Receipt){
		".Receipt.Outcomes[0].Paid":  func(r *computetypes.Receipt) { r.Outcomes[0].Paid = sdkmath.Int{} },
		".Receipt.Outcomes[0].Share": func(r *computetypes.Receipt) { r.Outcomes[0].Share = sdkmath.NewIntWithDecimal(-1, 70) },
		".Receipt.Reward.Amount":     func(r *computetypes.Receipt) { r.Reward.Amount = sdkmath.Int{} },
		".Receipt.Burned":            func(r *computetypes.Receipt) { r.Burned = sdkmath.NewIntWithDecimal(1, 70) },
	} {
		answer := whole()
		spoil(&answer.Receipt)
		require.ErrorContains(t, CheckAnswer(answer), "QueryReceiptResponse"+place+")")
	}
}
