package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/cosmos/gogoproto/proto"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app/params"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	// gasMarginPercent covers what a simulation cannot see, such as a store that
	// grows before the tx runs.
	gasMarginPercent = 140
	// txLifeBlocks is how long a tx may wait for a block; after that it can never
	// run, and another one is safe to send.
	txLifeBlocks = 60
	// resendBlocks is how long a tx is awaited before it is sent again: a node that
	// was restarted has forgotten what waited in its mempool.
	resendBlocks = 5
	// maxBroadcasts bounds attempts with a fresh sequence number.
	maxBroadcasts = 4
)

// ErrTxExpired: the tx got into no block in its life and never will.
var ErrTxExpired = errors.New("transaction expired before a block took it")

// Cost is what a tx pays for being executed.
type Cost struct {
	// Gas is the limit.
	Gas uint64
	// Fee is what it costs, used up or not.
	Fee sdk.Coin
}

// signedTx is a tx that can be sent any number of times and runs at most once.
type signedTx struct {
	bytes         []byte
	timeoutHeight int64
}

func (t signedTx) hash() string {
	sum := sha256.Sum256(t.bytes)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// estimate simulates a message and prices it at the chain's minimum gas price.
func (c *Client) estimate(ctx context.Context, signer Signer, msg sdk.Msg) (Cost, error) {
	cost, _, err := c.simulate(ctx, signer, msg)
	return cost, err
}

// rehearse is estimate, and decodes what the message would answer.
func (c *Client) rehearse(ctx context.Context, signer Signer, msg sdk.Msg, answer proto.Message) (Cost, error) {
	cost, result, err := c.simulate(ctx, signer, msg)
	if err != nil {
		return Cost{}, err
	}
	if result == nil || len(result.MsgResponses) != 1 {
		return Cost{}, errors.New("simulation: expected what the message would answer, found nothing")
	}
	return cost, proto.Unmarshal(result.MsgResponses[0].Value, answer)
}

func (c *Client) simulate(ctx context.Context, signer Signer, msg sdk.Msg) (Cost, *sdk.Result, error) {
	draft, err := c.assemble(ctx, signer, msg, Cost{Fee: sdk.NewInt64Coin(params.BaseDenom, 0)}, 0, nil)
	if err != nil {
		return Cost{}, nil, err
	}
	answer, err := c.tx.Simulate(ctx, &tx.SimulateRequest{TxBytes: draft})
	if err != nil {
		return Cost{}, nil, plain(err)
	}
	rewards, err := c.rewards.Params(ctx, &rewardstypes.QueryParamsRequest{})
	if err != nil {
		return Cost{}, nil, fmt.Errorf("minimum gas price: %w", plain(err))
	}
	gas := answer.GasInfo.GasUsed * gasMarginPercent / 100
	price := rewards.Params.MinGasPrice
	return Cost{Gas: gas, Fee: sdk.Coin{Denom: params.BaseDenom, Amount: price.Mul(math.NewIntFromUint64(gas))}}, answer.Result, nil
}

// sign returns a tx that a block may take up to timeoutHeight.
func (c *Client) sign(ctx context.Context, signer Signer, msg sdk.Msg, cost Cost) (signedTx, error) {
	height, err := c.Height(ctx)
	if err != nil {
		return signedTx{}, err
	}
	timeout := height + txLifeBlocks
	raw, err := c.assemble(ctx, signer, msg, cost, timeout, signer.Sign)
	return signedTx{bytes: raw, timeoutHeight: timeout}, err
}

// assemble encodes a tx with the account's current sequence. Without sign it
// carries an empty signature, as a simulation takes it.
func (c *Client) assemble(
	ctx context.Context, signer Signer, msg sdk.Msg, cost Cost, timeout int64, sign func([]byte) ([]byte, error),
) ([]byte, error) {
	account, err := c.account(ctx, signer.Address())
	if err != nil {
		return nil, err
	}
	packed, err := codectypes.NewAnyWithValue(msg)
	if err != nil {
		return nil, err
	}
	key, err := codectypes.NewAnyWithValue(signer.PubKey())
	if err != nil {
		return nil, err
	}
	body, err := proto.Marshal(&tx.TxBody{
		Messages:      []*codectypes.Any{packed},
		TimeoutHeight: uint64(timeout), //nolint:gosec // heights are positive
	})
	if err != nil {
		return nil, err
	}
	fee := &tx.Fee{GasLimit: cost.Gas}
	if cost.Fee.IsPositive() {
		fee.Amount = sdk.NewCoins(cost.Fee)
	}
	auth, err := proto.Marshal(&tx.AuthInfo{
		SignerInfos: []*tx.SignerInfo{{
			PublicKey: key,
			ModeInfo:  &tx.ModeInfo{Sum: &tx.ModeInfo_Single_{Single: &tx.ModeInfo_Single{Mode: signing.SignMode_SIGN_MODE_DIRECT}}},
			Sequence:  account.Sequence,
		}},
		Fee: fee,
	})
	if err != nil {
		return nil, err
	}
	signature := []byte{}
	if sign != nil {
		doc, err := proto.Marshal(&tx.SignDoc{
			BodyBytes: body, AuthInfoBytes: auth, ChainId: c.chainID, AccountNumber: account.AccountNumber,
		})
		if err != nil {
			return nil, err
		}
		if signature, err = sign(doc); err != nil {
			return nil, err
		}
	}
	return proto.Marshal(&tx.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{signature}})
}

func (c *Client) account(ctx context.Context, addr sdk.AccAddress) (*authtypes.BaseAccount, error) {
	text, err := addressText(addr)
	if err != nil {
		return nil, err
	}
	answer, err := c.auth.AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: text})
	if isNotFound(err) {
		return nil, fmt.Errorf("account %s does not exist on %s yet; send it some %s first (testnets have a faucet)", text, c.chainID, params.DisplayDenom)
	}
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", text, plain(err))
	}
	return answer.Info, nil
}

// deliver sends a tx and awaits the block that takes it. Sending the same bytes
// again is harmless: they carry a sequence. sent says that they may have been sent
// before, so that a used-up sequence may be their own doing.
func (c *Client) deliver(ctx context.Context, signed signedTx, sent bool) (*sdk.TxResponse, error) {
	err := c.patiently(ctx, func() error {
		err := c.broadcast(ctx, signed)
		sent = sent || unreachable(err)
		return err
	})
	if err != nil && !(sent && staleSequence(err)) {
		return nil, err
	}
	return c.included(ctx, signed)
}

// broadcast hands a tx to the node.
func (c *Client) broadcast(ctx context.Context, signed signedTx) error {
	answer, err := c.tx.BroadcastTx(ctx, &tx.BroadcastTxRequest{TxBytes: signed.bytes, Mode: tx.BroadcastMode_BROADCAST_MODE_SYNC})
	if err != nil {
		return fmt.Errorf("send transaction: %w", err)
	}
	return refusal(answer.TxResponse)
}

// included awaits the block that takes a tx.
func (c *Client) included(ctx context.Context, signed signedTx) (*sdk.TxResponse, error) {
	var sentAt, height int64
	for {
		err := c.patiently(ctx, func() (err error) {
			height, err = c.Height(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		answer, err := c.tx.GetTx(ctx, &tx.GetTxRequest{Hash: signed.hash()})
		switch {
		case err == nil:
			return answer.TxResponse, refusal(answer.TxResponse)
		case !isNotFound(err) && !unreachable(err):
			return nil, fmt.Errorf("transaction %s: %w", signed.hash(), plain(err))
		case isNotFound(err) && height > signed.timeoutHeight+1:
			// The indexer may trail the height by a block, hence one to spare.
			return nil, fmt.Errorf("%w: %s was not in any block up to height %d; nothing was spent", ErrTxExpired, signed.hash(), signed.timeoutHeight)
		case sentAt == 0:
			sentAt = height
		case height >= sentAt+resendBlocks:
			// Whatever it answers, the tx is known by its hash and its life is bounded.
			_ = c.broadcast(ctx, signed)
			sentAt = height
		}
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// txError is a refusal by the chain, with its code.
type txError struct {
	codespace string
	code      uint32
	log       string
}

func (e *txError) Error() string {
	return fmt.Sprintf("the chain refused the transaction: %s (%s %d)", PlainText(e.log), e.codespace, e.code)
}

func (e *txError) is(known *errorsmod.Error) bool {
	return e.codespace == known.Codespace() && e.code == known.ABCICode()
}

// refusal is nil for a tx that ran or waits in the mempool.
func refusal(response *sdk.TxResponse) error {
	if response == nil {
		return errors.New("expected an answer about the transaction, found none")
	}
	if response.Code == 0 {
		return nil
	}
	err := &txError{codespace: response.Codespace, code: response.Code, log: response.RawLog}
	if err.is(sdkerrors.ErrTxInMempoolCache) {
		return nil
	}
	return err
}

// staleSequence tells whether another tx of the same key came first.
func staleSequence(err error) bool {
	var refused *txError
	return errors.As(err, &refused) && refused.is(sdkerrors.ErrWrongSequence)
}

// send signs and delivers a message, again with a fresh sequence if another tx of
// the same key came first. before is called with each signed tx before it leaves.
func (c *Client) send(
	ctx context.Context, signer Signer, msg sdk.Msg, cost Cost, before func(signedTx) error,
) (*sdk.TxResponse, error) {
	for attempt := 1; ; attempt++ {
		signed, err := c.sign(ctx, signer, msg, cost)
		if err != nil {
			return nil, err
		}
		if err := before(signed); err != nil {
			return nil, err
		}
		response, err := c.deliver(ctx, signed, false)
		if err == nil || !staleSequence(err) || attempt == maxBroadcasts {
			return response, err
		}
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// answerOf decodes the first message's response out of an executed tx.
func answerOf(response *sdk.TxResponse, into proto.Message) error {
	raw, err := hex.DecodeString(response.Data)
	if err != nil {
		return fmt.Errorf("transaction %s: answer is no hex: %w", response.TxHash, err)
	}
	var data sdk.TxMsgData
	if err := proto.Unmarshal(raw, &data); err != nil {
		return fmt.Errorf("transaction %s: %w", response.TxHash, err)
	}
	if len(data.MsgResponses) != 1 {
		return fmt.Errorf("transaction %s: expected one answer, found %d", response.TxHash, len(data.MsgResponses))
	}
	return proto.Unmarshal(data.MsgResponses[0].Value, into)
}

// Execute prices, signs and delivers any message, for programs that do more than
// jobs, and returns what it did.
func (c *Client) Execute(ctx context.Context, signer Signer, msg sdk.Msg) (*sdk.TxResponse, error) {
	cost, err := c.estimate(ctx, signer, msg)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, signer, msg, cost, func(signedTx) error { return nil })
}
