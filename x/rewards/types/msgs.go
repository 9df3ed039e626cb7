package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// CheckDenoms refuses more than MaxClaimDenoms denoms, malformed denoms and repeated ones.
func (m *MsgClaim) CheckDenoms() error {
	if len(m.Denoms) > MaxClaimDenoms {
		return ErrInvalidDenoms.Wrapf("expected at most %d, found %d; claim the rest in another message", MaxClaimDenoms, len(m.Denoms))
	}
	for i, denom := range m.Denoms {
		if err := sdk.ValidateDenom(denom); err != nil {
			return ErrInvalidDenoms.Wrap(err.Error())
		}
		for _, earlier := range m.Denoms[:i] {
			if earlier == denom {
				return ErrInvalidDenoms.Wrapf("expected each denom once, found %s twice", denom)
			}
		}
	}
	return nil
}
