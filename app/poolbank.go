package app

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/app/supply"
)

// poolBank is the bank of x/distribution. That module writes the community pool and the rewards of
// validators in every block, with an entry per denom, and adds them up in decimals that panic above
// 315 bits, also outside of transactions. Another chain decides how many denoms it sends and how
// large their amounts are. Therefore accounts give atfuel only. Modules may give other coins: those
// of settled jobs, whose denoms governance has listed and whose amounts x/rewards bounds.
type poolBank struct {
	supply.Bank

	// modules are the addresses of module accounts.
	modules map[string]bool
}

func newPoolBank(bank supply.Bank) poolBank {
	modules := BlockedAddresses()
	modules[Authority()] = true
	return poolBank{bank, modules}
}

// SendCoinsFromAccountToModule moves coins to a module. It returns ErrInvalidCoins if an account that
// is not a module's gives another coin than atfuel.
func (b poolBank) SendCoinsFromAccountToModule(
	ctx context.Context, sender sdk.AccAddress, module string, coins sdk.Coins,
) error {
	if !b.modules[sender.String()] {
		for _, coin := range coins {
			if coin.Denom != params.BaseDenom {
				return sdkerrors.ErrInvalidCoins.Wrapf(
					"the community pool and the rewards of validators take %s only, found %s; send other coins to an account", params.BaseDenom, coin)
			}
		}
	}
	return b.Bank.SendCoinsFromAccountToModule(ctx, sender, module, coins)
}
