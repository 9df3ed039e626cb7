package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/internal/osfault"
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
	path := filepath.Join(home, FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read the settings: %w", osfault.Explain(path, err))
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
	err = os.WriteFile(written, text, 0o600)
	if err == nil {
		err = os.Rename(written, path)
	}
	if err != nil {
		return fmt.Errorf("cannot write the settings: %w", osfault.Explain(path, errors.Join(err, remove(written))))
	}
	return nil
}

// remove deletes a file. It is not an error if the file does not exist.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
