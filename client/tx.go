package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cosmos/gogoproto/proto"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	multisigtypes "github.com/cosmos/cosmos-sdk/crypto/types/multisig"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"

	"github.com/thetaedge/theta/app/params"
)

// txLifeBlocks is how long a tx may wait for a block; after that it can never run.
const txLifeBlocks = 60

// Cost is what a tx pays for being executed.
type Cost struct {
	// Gas is the limit.
	Gas uint64
	// Fee is what it costs, used up or not.
	Fee sdk.Coin
}

// signedTx is a tx that can be sent any number of times and runs at most once. Of
// several with the same sequence of the same account at most one runs.
type signedTx struct {
	bytes    []byte
	sequence uint64
	// timeoutHeight is the last height at which a block may take it; 0 is no limit.
	timeoutHeight int64
	// height of the chain when it was signed; 0 is unknown.
	height int64
}

func (t signedTx) hash() string { return hashOf(t.bytes) }

func hashOf(tx []byte) string {
	sum := sha256.Sum256(tx)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// readTx reads back what a signed tx says.
func readTx(raw []byte) (signedTx, error) {
	var envelope tx.TxRaw
	var body tx.TxBody
	var auth tx.AuthInfo
	err := errors.Join(proto.Unmarshal(raw, &envelope), proto.Unmarshal(envelope.BodyBytes, &body), proto.Unmarshal(envelope.AuthInfoBytes, &auth))
	if err != nil || len(auth.SignerInfos) == 0 {
		return signedTx{}, errors.Join(errors.New("expected a signed transaction, found none"), err)
	}
	return signedTx{
		bytes: raw, sequence: auth.SignerInfos[0].Sequence,
		timeoutHeight: int64(body.TimeoutHeight), //nolint:gosec // heights fit
	}, nil
}

// estimate simulates messages and prices them on the client's terms.
func (c *Client) estimate(ctx context.Context, signer Signer, msgs ...sdk.Msg) (Cost, error) {
	cost, _, err := c.simulate(ctx, signer, msgs)
	return cost, err
}

// rehearse is estimate, and decodes what the message would answer.
func (c *Client) rehearse(ctx context.Context, signer Signer, msg sdk.Msg, answer proto.Message) (Cost, error) {
	cost, result, err := c.simulate(ctx, signer, []sdk.Msg{msg})
	if err != nil {
		return Cost{}, err
	}
	if result == nil || len(result.MsgResponses) != 1 {
		return Cost{}, errors.New("simulation: expected what the message would answer, found nothing")
	}
	return cost, proto.Unmarshal(result.MsgResponses[0].Value, answer)
}

// simulate tries messages on what the node knows, its mempool included: another tx
// of the key's that waits there has used the account's sequence already.
func (c *Client) simulate(ctx context.Context, signer Signer, msgs []sdk.Msg) (Cost, *sdk.Result, error) {
	account, err := c.accountOf(ctx, signer.Address())
	if err != nil {
		return Cost{}, nil, err
	}
	answer, err := c.try(ctx, signer, msgs, account)
	if next, waiting := expectedSequence(err); waiting {
		account.sequence = next
		answer, err = c.try(ctx, signer, msgs, account)
	}
	if err != nil {
		return Cost{}, nil, plain(err)
	}
	cost, err := c.cost(ctx, c.terms.gas(answer.GasInfo.GasUsed))
	return cost, answer.Result, err
}

func (c *Client) try(ctx context.Context, signer Signer, msgs []sdk.Msg, account accountState) (*tx.SimulateResponse, error) {
	draft, err := c.assemble(ctx, signer, msgs, account, Cost{Fee: sdk.NewInt64Coin(params.BaseDenom, 0)}, 0, false)
	if err != nil {
		return nil, err
	}
	return c.tx.Simulate(ctx, &tx.SimulateRequest{TxBytes: draft})
}

// sequencePattern is how x/auth names the sequence that it expects.
var sequencePattern = regexp.MustCompile(`account sequence mismatch, expected (\d+), got \d+`)

func expectedSequence(err error) (uint64, bool) {
	if err == nil {
		return 0, false
	}
	match := sequencePattern.FindStringSubmatch(err.Error())
	if match == nil {
		return 0, false
	}
	next, err := strconv.ParseUint(match[1], 10, 64)
	return next, err == nil
}

// sign returns a tx that a block may take for some time from now on. With a sequence
// it replaces what was signed with that one; else it takes the account's next.
func (c *Client) sign(ctx context.Context, signer Signer, msgs []sdk.Msg, cost Cost, sequence *uint64) (signedTx, error) {
	account, err := c.accountOf(ctx, signer.Address())
	if err != nil {
		return signedTx{}, err
	}
	if sequence != nil {
		account.sequence = *sequence
	}
	timeout := account.height + txLifeBlocks
	raw, err := c.assemble(ctx, signer, msgs, account, cost, timeout, true)
	return signedTx{bytes: raw, sequence: account.sequence, timeoutHeight: timeout, height: account.height}, err
}

// assemble encodes a tx. Without signature it carries an empty one, as a simulation
// takes it.
func (c *Client) assemble(
	ctx context.Context, signer Signer, msgs []sdk.Msg, account accountState, cost Cost, timeout int64, signed bool,
) ([]byte, error) {
	body, err := c.body(msgs, timeout)
	if err != nil {
		return nil, err
	}
	key := signer.PubKey()
	if key == nil {
		key = account.pubKey
	}
	info, err := signerInfo(key, modeOf(signer), account.sequence)
	if err != nil {
		return nil, err
	}
	fee, err := c.fee(cost)
	if err != nil {
		return nil, err
	}
	auth, err := proto.Marshal(&tx.AuthInfo{SignerInfos: []*tx.SignerInfo{info}, Fee: fee})
	if err != nil {
		return nil, err
	}
	signature := []byte{}
	if _, many := key.(multisigtypes.PubKey); many && !signed {
		if signature, err = emptySignatures(key.(multisigtypes.PubKey)); err != nil {
			return nil, err
		}
	}
	if signed {
		doc, err := c.signBytes(ctx, signer, account, body, auth)
		if err != nil {
			return nil, err
		}
		if signature, err = signer.Sign(doc); err != nil {
			return nil, err
		}
	}
	return proto.Marshal(&tx.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{signature}})
}

func (c *Client) body(msgs []sdk.Msg, timeout int64) ([]byte, error) {
	packed := make([]*codectypes.Any, len(msgs))
	for i, msg := range msgs {
		var err error
		if packed[i], err = codectypes.NewAnyWithValue(msg); err != nil {
			return nil, err
		}
	}
	return proto.Marshal(&tx.TxBody{
		Messages:      packed,
		Memo:          c.terms.Note,
		TimeoutHeight: uint64(timeout), //nolint:gosec // heights are positive
	})
}

func (c *Client) fee(cost Cost) (*tx.Fee, error) {
	fee := &tx.Fee{GasLimit: cost.Gas}
	if cost.Fee.IsPositive() {
		fee.Amount = sdk.NewCoins(cost.Fee)
	}
	var err1, err2 error
	if len(c.terms.FeeGranter) > 0 {
		fee.Granter, err1 = addressText(c.terms.FeeGranter)
	}
	if len(c.terms.FeePayer) > 0 {
		fee.Payer, err2 = addressText(c.terms.FeePayer)
	}
	return fee, errors.Join(err1, err2)
}

// signerInfo names a key and how it signs. Of a multisig as many keys sign as have to.
func signerInfo(key cryptotypes.PubKey, mode signing.SignMode, sequence uint64) (*tx.SignerInfo, error) {
	if key == nil {
		// The chain puts a key of its own in place of this one in a simulation.
		key = &secp256k1.PubKey{}
	}
	packed, err := codectypes.NewAnyWithValue(key)
	if err != nil {
		return nil, err
	}
	single := &tx.ModeInfo{Sum: &tx.ModeInfo_Single_{Single: &tx.ModeInfo_Single{Mode: mode}}}
	info := &tx.SignerInfo{PublicKey: packed, ModeInfo: single, Sequence: sequence}
	if many, ok := key.(multisigtypes.PubKey); ok {
		signers := cryptotypes.NewCompactBitArray(len(many.GetPubKeys()))
		modes := make([]*tx.ModeInfo, many.GetThreshold())
		for i := range modes {
			signers.SetIndex(i, true)
			modes[i] = single
		}
		info.ModeInfo = &tx.ModeInfo{Sum: &tx.ModeInfo_Multi_{Multi: &tx.ModeInfo_Multi{Bitarray: signers, ModeInfos: modes}}}
	}
	return info, nil
}

// emptySignatures are those of as many keys of a multisig as have to sign.
func emptySignatures(key multisigtypes.PubKey) ([]byte, error) {
	return (&cryptotypes.MultiSignature{Signatures: make([][]byte, key.GetThreshold())}).Marshal()
}

var _ multisigtypes.PubKey = (*multisig.LegacyAminoPubKey)(nil)

// Unsigned encodes a transaction that is signed elsewhere: it holds the messages, the
// note and the fee, and nothing of a signature.
func (c *Client) Unsigned(cost Cost, msgs ...sdk.Msg) ([]byte, error) {
	body, err := c.body(msgs, int64(c.terms.TimeoutHeight)) //nolint:gosec // heights fit
	if err != nil {
		return nil, err
	}
	fee, err := c.fee(cost)
	if err != nil {
		return nil, err
	}
	auth, err := proto.Marshal(&tx.AuthInfo{Fee: fee})
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&tx.TxRaw{BodyBytes: body, AuthInfoBytes: auth})
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

// broadcast hands a tx to the node, which may refuse it with a *txError.
func (c *Client) broadcast(ctx context.Context, signed signedTx) error {
	answer, err := c.tx.BroadcastTx(ctx, &tx.BroadcastTxRequest{TxBytes: signed.bytes, Mode: tx.BroadcastMode_BROADCAST_MODE_SYNC})
	if err != nil {
		return fmt.Errorf("send transaction: %w", err)
	}
	return refusal(answer.TxResponse)
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
