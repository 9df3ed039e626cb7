package jobfile

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
)

// Reward is the pay per replica, such as "1tfuel". Its amount is nil if there is none, or if only
// the chain knows its unit.
type Reward struct {
	sdk.Coin
	// Text is the amount as it is written.
	Text string
}

// UnmarshalYAML reads a reward.
func (r *Reward) UnmarshalYAML(node *yaml.Node) error {
	if err := node.Decode(&r.Text); err != nil {
		return err
	}
	coin, err := readAmount(node, "reward")
	if errors.Is(err, money.ErrUnit) {
		return nil
	}
	r.Coin = coin
	return err
}

// Missing reports whether no reward is written.
func (r Reward) Missing() bool { return r.Text == "" && r.Amount.IsNil() }

// Read reads the amount in units of the chain.
func (r *Reward) Read(units money.Units) error {
	if r.Text == "" {
		return nil
	}
	coin, err := units.Parse(r.Text)
	if err != nil {
		return fmt.Errorf("reward: %w", err)
	}
	r.Coin = coin
	return nil
}

// known returns an error if the amount has a unit that only the chain knows.
func (r Reward) known() error {
	if !r.Amount.IsNil() {
		return nil
	}
	_, err := money.ParseAmount(r.Text)
	return fmt.Errorf("reward: %w; write it in units of the denom, which are in the params of the chain", err)
}

// Bond is the lowest bond of a node, such as "100tfuel". Its amount is nil if there is none.
type Bond struct{ sdk.Coin }

// UnmarshalYAML reads a bond.
func (b *Bond) UnmarshalYAML(node *yaml.Node) (err error) {
	b.Coin, err = readAmount(node, "placement: min_bond")
	return err
}

// readAmount reads the amount of a field. An empty text is none.
func readAmount(node *yaml.Node, field string) (sdk.Coin, error) {
	var text string
	if err := node.Decode(&text); err != nil || text == "" {
		return sdk.Coin{}, err
	}
	coin, err := money.ParseAmount(text)
	if err != nil {
		return sdk.Coin{}, fmt.Errorf("%s: %w", field, err)
	}
	return coin, nil
}
