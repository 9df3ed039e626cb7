package chain

import (
	"context"
	"fmt"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// Collected is what a collection of earnings has paid.
type Collected struct {
	// Amount was paid to Recipient. Delegated is the part of it that was delegated. Undelegated says why
	// nothing was delegated although the rule names a validator; it is empty otherwise.
	Amount      sdk.Coins
	Recipient   string
	Delegated   sdk.Coin
	Undelegated string
	// Hash is the transaction, and Height its block.
	Hash   string
	Height int64
}

// collectOrder returns the order that has earnings of an operator paid. It waits for a few blocks only,
// because duties wait for it.
func (s *Sender) collectOrder(operator string) order {
	msg := &rewardstypes.MsgCollect{Sender: s.Address().String(), Operator: operator}
	return order{msgs: []sdk.Msg{msg}, items: 1, patience: patience}
}

// CollectFee returns what Collect would pay now, in the denom of fees. It sends nothing. If the chain
// would refuse the message, it fails with a *tx.Refusal.
func (s *Sender) CollectFee(ctx context.Context, operator string) (sdk.Coin, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return sdk.Coin{}, err
	}
	o := s.collectOrder(operator)
	s.rate, s.asks = s.bid(o), limit{}
	draft := tx.Draft{Msgs: o.msgs, Fee: s.fee(simulationFeeGas), Granter: s.Granter()}
	foreseen, err := s.txs.Simulate(ctx, s.signer, s.signs, draft)
	if err != nil {
		return sdk.Coin{}, err
	}
	asks, err := s.limitOf(o, foreseen.GasUsed, s.cfg.GasAdjustment)
	if err != nil {
		return sdk.Coin{}, err
	}
	fee, denom := s.fee(asks.gas), s.price.denom
	if s.price.crowded {
		s.price = gasPrice{} // it changes with every block
	}
	return sdk.NewCoin(denom, fee.AmountOf(denom)), nil
}

// Collect has the earnings of an operator paid as its payout rule says, for a fee of at most most, in the
// denom of fees. The limits of the owner apply too. A second Collect finds nothing to pay, so that it may be
// repeated when it is not known whether the first one took effect. Collect fails as Send does.
func (s *Sender) Collect(ctx context.Context, operator string, most sdkmath.Int) (Collected, error) {
	o := s.collectOrder(operator)
	o.most = most
	result, err := s.send(ctx, o)
	if err != nil {
		return Collected{}, err
	}
	return readCollected(result)
}

// readCollected reads what a collection has paid from the responses that a node shows.
func readCollected(result TxResult) (Collected, error) {
	if len(result.Responses) != 1 {
		return Collected{}, fmt.Errorf("transaction %s: expected one response, found %d; query the payout rule to see what was paid", result.Hash, len(result.Responses))
	}
	var response rewardstypes.MsgCollectResponse
	if err := response.Unmarshal(result.Responses[0].Value); err != nil {
		return Collected{}, fmt.Errorf("transaction %s: cannot decode what was collected: %w", result.Hash, err)
	}
	if err := grpcnode.CheckAnswer(&response); err != nil {
		return Collected{}, fmt.Errorf("transaction %s: %w", result.Hash, err)
	}
	return Collected{
		Amount: response.Amount, Recipient: response.Recipient, Delegated: response.Delegated, Undelegated: response.Undelegated,
		Hash: result.Hash, Height: result.Height,
	}, nil
}
