package simulation

import (
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// SecondDenom is a denom in which simulated jobs can pay in addition to the first one. The genesis of a
// simulation gives it to the accounts.
const SecondDenom = "avoucher"

// random draws numbers from 0 to n-1.
type random interface{ Intn(n int) int }

// WithSecondDenom returns denoms of which the second one is SecondDenom, with a worth that is drawn.
// Its value expires within some hundred blocks after a height, or never.
func WithSecondDenom(r random, denoms []types.PaymentDenom, height int64) []types.PaymentDenom {
	second := types.PaymentDenom{
		Denom: SecondDenom, MinReward: math.NewIntWithDecimal(1, 15),
		BondNumerator: uint64(1 + r.Intn(4)), BondDenominator: uint64(1 + r.Intn(3)), HaircutBps: uint32(500 * r.Intn(6)),
	}
	if r.Intn(3) == 0 {
		second.ExpiryHeight = height + int64(100+r.Intn(400))
	}
	return append(denoms[:1:1], second)
}
