package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/cosmos/gogoproto/proto"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/tx"
)

// txLifeBlocks is how long a transaction may wait for a block; after that it can never run.
const txLifeBlocks = 60

// Signer holds a key. Nothing is spent without its signature.
type Signer = tx.Signer

// Cost is what a tx pays for being executed.
type Cost struct {
	// Gas is the limit.
	Gas uint64
	// Fee is what it costs, used up or not.
	Fee sdk.Coin
}

// draft returns a transaction on the client's terms.
func (c *Client) draft(cost Cost, timeoutHeight int64, msgs []sdk.Msg) tx.Draft {
	draft := tx.Draft{
		Msgs: msgs, Memo: c.terms.Note, Gas: cost.Gas,
		Granter: c.terms.FeeGranter, Payer: c.terms.FeePayer, TimeoutHeight: timeoutHeight,
	}
	if cost.Fee.IsPositive() {
		draft.Fee = sdk.NewCoins(cost.Fee)
	}
	return draft
}

// accountOf reads an account and the height of the state that it was read from.
func (c *Client) accountOf(ctx context.Context, addr sdk.AccAddress) (tx.AccountState, error) {
	account, err := c.txs.Account(ctx, addr)
	if err == nil {
		return account, nil
	}
	text, textErr := addressText(addr)
	if textErr != nil {
		return account, textErr
	}
	if isNotFound(err) {
		return account, &plainError{err: err, text: fmt.Sprintf(
			"account %s does not exist on %s yet; send it some %s first (testnets have a faucet)", text, c.chainID, params.DisplayDenom)}
	}
	return account, fmt.Errorf("account %s: %w", text, plain(err))
}

// estimate simulates messages and prices them on the client's terms.
func (c *Client) estimate(ctx context.Context, signer Signer, msgs ...sdk.Msg) (Cost, error) {
	cost, _, err := c.simulate(ctx, signer, msgs)
	return cost, err
}

// rehearse is estimate, and decodes what the message would answer.
func (c *Client) rehearse(ctx context.Context, signer Signer, msg sdk.Msg, answer proto.Message) (Cost, error) {
	cost, responses, err := c.simulate(ctx, signer, []sdk.Msg{msg})
	if err != nil {
		return Cost{}, err
	}
	if len(responses) != 1 {
		return Cost{}, errors.New("simulation: expected what the message would answer, found nothing")
	}
	return cost, proto.Unmarshal(responses[0].Value, answer)
}

// simulate tries messages on what the node knows, its mempool included: another transaction
// of the key that waits there has used the account's sequence already.
func (c *Client) simulate(ctx context.Context, signer Signer, msgs []sdk.Msg) (Cost, []*codectypes.Any, error) {
	account, err := c.accountOf(ctx, signer.Address())
	if err != nil {
		return Cost{}, nil, err
	}
	draft := c.draft(Cost{Fee: sdk.NewInt64Coin(params.BaseDenom, 0)}, 0, msgs)
	found, err := c.txs.Simulate(ctx, signer, account, draft)
	var refused *tx.Refusal
	if errors.As(err, &refused) && refused.Sequence != nil {
		account.Sequence = *refused.Sequence
		found, err = c.txs.Simulate(ctx, signer, account, draft)
	}
	if err != nil {
		return Cost{}, nil, plain(err)
	}
	cost, err := c.cost(ctx, c.terms.gas(found.GasUsed))
	return cost, found.Responses, err
}

// sign returns a transaction that a block may take for some time from now on. With a
// sequence it replaces what was signed with that one; else it takes the account's next.
func (c *Client) sign(ctx context.Context, signer Signer, msgs []sdk.Msg, cost Cost, sequence *uint64) (tx.Signed, error) {
	account, err := c.accountOf(ctx, signer.Address())
	if err != nil {
		return tx.Signed{}, err
	}
	if sequence != nil {
		account.Sequence = *sequence
	}
	return c.txs.Sign(ctx, signer, account, c.draft(cost, account.Height+txLifeBlocks, msgs))
}

// Unsigned encodes a transaction that is signed elsewhere: it holds the messages, the
// note and the fee, and nothing of a signature.
func (c *Client) Unsigned(cost Cost, msgs ...sdk.Msg) ([]byte, error) {
	return c.draft(cost, int64(c.terms.TimeoutHeight), msgs).Unsigned() //nolint:gosec // heights fit
}

// answerOf decodes the first message's response out of an executed transaction.
func answerOf(response *sdk.TxResponse, into proto.Message) error {
	result, err := tx.ReadResult(response)
	if err != nil {
		return err
	}
	if len(result.Responses) != 1 {
		return fmt.Errorf("transaction %s: expected one answer, found %d", result.Hash, len(result.Responses))
	}
	return proto.Unmarshal(result.Responses[0].Value, into)
}
