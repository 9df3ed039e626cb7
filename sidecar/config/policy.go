package config

import (
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client/money"
)

// validate reports every setting of the policy that has an invalid value.
func (p Policy) validate() error {
	_, rewards := p.Rewards()
	_, programs := p.Programs()
	_, requesters := p.Requesters()
	var trust error
	switch p.Trust {
	case "off", "named", "any":
	default:
		trust = fmt.Errorf("policy.trust: expected \"off\", \"named\" or \"any\", found %q", p.Trust)
	}
	var grants error
	switch p.Grants {
	case "all", "none":
	default:
		grants = fmt.Errorf("policy.grants: expected \"all\" or \"none\", found %q", p.Grants)
	}
	_, rates := p.Rates()
	_, prices := p.Prices()
	return errors.Join(rewards, prices, rates, trust, grants, programs, requesters)
}

// Rewards returns the minimum rewards as coins.
func (p Policy) Rewards() (sdk.Coins, error) {
	coins := sdk.Coins{}
	for _, text := range p.MinRewards {
		coin, err := money.ParseAmount(text)
		if err != nil {
			return nil, fmt.Errorf("policy.min-rewards: %w", err)
		}
		if found, _ := coins.Find(coin.Denom); found {
			return nil, fmt.Errorf("policy.min-rewards: expected each denom once, found %s twice", coin.Denom)
		}
		coins = append(coins, coin)
	}
	return coins.Sort(), nil
}

// Programs returns the digests of the programs that the owner vouches for.
func (p Policy) Programs() ([]blob.Digest, error) {
	var digests []blob.Digest
	for _, text := range p.OwnRiskPrograms {
		digest, err := blob.ParseDigest(text)
		if err != nil {
			return nil, fmt.Errorf("policy.own-risk-programs: %w", err)
		}
		digests = append(digests, digest)
	}
	return digests, nil
}

// Requesters returns the addresses of denied requesters in the form that the chain uses.
func (p Policy) Requesters() ([]string, error) {
	var addresses []string
	for _, text := range p.DenyRequesters {
		address, err := sdk.AccAddressFromBech32(text)
		if err != nil {
			return nil, fmt.Errorf("policy.deny-requesters: expected an address such as theta1..., found %q: %w", text, err)
		}
		addresses = append(addresses, address.String())
	}
	return addresses, nil
}
