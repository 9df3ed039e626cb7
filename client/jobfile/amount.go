package jobfile

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
)

// Reward is the pay per replica, such as "1tfuel". Its amount is nil if there is none.
type Reward struct{ sdk.Coin }

// UnmarshalYAML reads a reward.
func (r *Reward) UnmarshalYAML(node *yaml.Node) (err error) {
	r.Coin, err = readAmount(node, "reward")
	return err
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
