package config

import (
	"errors"
	"fmt"
	"math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/money"
)

// Payout says when the daemon has the operator's earnings paid. Where they go is a rule on the chain, which
// only the operator's key can change.
type Payout struct {
	// Collect is the least amount of unclaimed earnings that are collected, such as "5tfuel". If it is
	// empty, the daemon collects nothing.
	Collect string `mapstructure:"collect"`
	// MostFeePercent is the largest share of what is collected that the fee may cost, in percent.
	MostFeePercent float64 `mapstructure:"most-fee-percent"`
}

// validate reports settings that cannot work.
func (p Payout) validate() error {
	_, _, err := p.Least()
	if math.IsNaN(p.MostFeePercent) || p.MostFeePercent < 0.01 || p.MostFeePercent > 100 {
		err = errors.Join(err, fmt.Errorf("payout.most-fee-percent: expected 0.01 to 100, found %v; to collect nothing, leave payout.collect empty", p.MostFeePercent))
	}
	return err
}

// Least returns the least amount that is collected. If nothing is collected, on is false.
func (p Payout) Least() (least sdk.Coin, on bool, err error) {
	if p.Collect == "" {
		return sdk.Coin{}, false, nil
	}
	if least, err = money.ParseAmount(p.Collect); err != nil {
		return sdk.Coin{}, false, fmt.Errorf("payout.collect: %w", err)
	}
	if least.Denom != params.BaseDenom || !least.Amount.IsPositive() {
		return sdk.Coin{}, false, fmt.Errorf("payout.collect: expected an amount of tfuel above 0, such as 5tfuel, because fees are paid in it, found %q", p.Collect)
	}
	return least, true, nil
}

// FeeBps returns MostFeePercent in basis points, rounded.
func (p Payout) FeeBps() int64 { return int64(math.Round(p.MostFeePercent * 100)) }
