package adversary

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/tx"
)

// bidLife is how many blocks a bid may wait for a block.
const bidLife = 200

// bid is a transaction whose sender sets gas and price without asking the chain.
type bid struct {
	msg sdk.Msg
	// granter pays the fee, if it is not the sender.
	granter sdk.AccAddress
	// gas is the gas limit, and price is the price per unit of gas, in multiples of the
	// floor.
	gas, price int64
	// number and sequence are those of the account.
	number, sequence uint64
}

// fee returns the fee of a bid, in atfuel.
func (s *stage) fee(b bid) math.Int { return s.rewards.MinGasPrice.MulRaw(b.price * b.gas) }

// throw broadcasts a bid and returns its hash once the mempool has accepted it.
func (s *stage) throw(ctx context.Context, key keyPair, b bid) (string, error) {
	sender := tx.NewSender(s.chainID(), s.net.Conn())
	height, err := sender.Height(ctx)
	if err != nil {
		return "", err
	}
	signed, err := sender.Sign(ctx, key, tx.AccountState{Number: b.number, Sequence: b.sequence, Height: height}, tx.Draft{
		Msgs: []sdk.Msg{b.msg}, Gas: uint64(b.gas), //nolint:gosec // positive
		Fee:     sdk.NewCoins(sdk.NewCoin(s.rewards.FeeDenom, s.fee(b))),
		Granter: b.granter, TimeoutHeight: height + bidLife,
	})
	if err != nil {
		return "", err
	}
	if err := sender.Broadcast(ctx, signed); err != nil {
		return "", fmt.Errorf("expected the mempool to take a paid transaction, found: %w", err)
	}
	return signed.Hash(), nil
}
