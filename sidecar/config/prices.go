package config

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/executor/container"
	"github.com/thetaedge/theta/executor/profiles"
)

// FuelPrice is the least pay for 10^9 fuel of a profile.
type FuelPrice struct {
	Profile string
	Amount  sdk.Coin
}

// Prices reads policy.min-prices. A profile may have a price in each denom.
func (p Policy) Prices() ([]FuelPrice, error) {
	const key = "policy.min-prices"
	var prices []FuelPrice
	for _, text := range p.MinPrices {
		profile, amount, found := strings.Cut(text, "=")
		if profile = strings.TrimSpace(profile); !found || !profiles.Known(profile) && profile != container.Profile {
			return nil, fmt.Errorf("%s: expected PROFILE=AMOUNT with one of the profiles %s, such as \"wasm/1=0.02tfuel\", found %q", key, strings.Join(append(profiles.Names(), container.Profile), ", "), text)
		}
		coin, err := money.ParseAmount(strings.TrimSpace(amount))
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", key, profile, err)
		}
		if slices.ContainsFunc(prices, func(q FuelPrice) bool { return q.Profile == profile && q.Amount.Denom == coin.Denom }) {
			return nil, fmt.Errorf("%s: expected each denom once for %s, found %s twice", key, profile, coin.Denom)
		}
		prices = append(prices, FuelPrice{profile, coin})
	}
	return prices, nil
}
