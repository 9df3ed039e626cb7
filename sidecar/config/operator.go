package config

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// OperatorAddress returns the operator that the worker key serves. It returns nil if the key
// serves the operator who has registered it.
func (c Chain) OperatorAddress() (sdk.AccAddress, error) {
	if c.Operator == "" {
		return nil, nil
	}
	return sdk.AccAddressFromBech32(c.Operator)
}

// SetOperator writes an operator's address into the settings of a home folder as
// chain.operator. The rest of the file does not change.
func SetOperator(home, operator string) error {
	return edit(home, "chain", "operator", fmt.Sprintf("%q", operator))
}

// RegionPlaceholder stands for the region of a machine in commands to paste. register refuses it.
const RegionPlaceholder = "REGION"
