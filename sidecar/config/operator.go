package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// OperatorAddress is the operator whom the worker key serves, nil when it serves
// whoever has registered it.
func (c Chain) OperatorAddress() (sdk.AccAddress, error) {
	if c.Operator == "" {
		return nil, nil
	}
	return sdk.AccAddressFromBech32(c.Operator)
}

// SetOperator writes chain.operator, an address, into the settings of a home, and
// leaves the rest of the file as it is.
func SetOperator(home, operator string) error {
	path := filepath.Join(home, FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("operator = %q", operator)
	set := regexp.MustCompile(`(?m)^[ \t]*operator[ \t]*=.*$`)
	section := regexp.MustCompile(`(?m)^[ \t]*\[chain\][ \t]*$`)
	switch {
	case set.Match(text):
		text = set.ReplaceAll(text, []byte(line))
	case section.Match(text):
		text = section.ReplaceAll(text, []byte("[chain]\n"+line))
	default:
		text = append([]byte("[chain]\n"+line+"\n\n"), text...)
	}
	written := path + ".new"
	if err := os.WriteFile(written, text, 0o600); err != nil {
		return err
	}
	return os.Rename(written, path)
}
