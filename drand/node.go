package drand

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cosmos/cosmos-sdk/client"
	clienttx "github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/beacon/types"
)

const (
	// sequenceAttempts is how often a tx is signed anew when its sequence
	// number was taken meanwhile.
	sequenceAttempts = 4
	// inclusionTimeout is how long a tx is awaited.
	inclusionTimeout = 30 * time.Second
	// inclusionPoll is how often a node is asked for an awaited tx.
	inclusionPoll = 300 * time.Millisecond
)

// Node submits rounds through a node, signed by a key of the keyring. It is
// not for concurrent use: one key has one sequence.
type Node struct {
	ctx      client.Context
	factory  clienttx.Factory
	gas      uint64 // 0: simulate
	sequence uint64 // of the next tx; 0: ask the node
	account  uint64
}

// NewNode returns a chain behind a client context with a from key. The gas of a
// tx is simulated when gas is 0.
func NewNode(ctx client.Context, factory clienttx.Factory, gas uint64) *Node {
	return &Node{ctx: ctx, factory: factory, gas: gas}
}

// Schedule returns the network that the chain follows.
func (n *Node) Schedule(ctx context.Context) (types.Schedule, error) {
	res, err := types.NewQueryClient(n.ctx).Params(ctx, &types.QueryParamsRequest{})
	if err != nil {
		return types.Schedule{}, err
	}
	return res.Schedule, nil
}

// Missing returns at most limit missing rounds, newest first: of one page of
// heights, or of all.
func (n *Node) Missing(ctx context.Context, limit int, deep bool) ([]uint64, error) {
	var rounds []uint64
	page := &query.PageRequest{Limit: uint64(limit)} //nolint:gosec // small
	for {
		res, err := types.NewQueryClient(n.ctx).Missing(ctx, &types.QueryMissingRequest{Pagination: page})
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, res.Rounds...)
		if !deep || len(rounds) >= limit || res.Pagination == nil || len(res.Pagination.NextKey) == 0 {
			return rounds[:min(limit, len(rounds))], nil
		}
		page.Key = res.Pagination.NextKey
	}
}

// Submit sends one tx with all rounds and waits until it is in a block.
func (n *Node) Submit(ctx context.Context, rounds []Beacon) error {
	msgs := make([]sdk.Msg, 0, len(rounds))
	for _, b := range rounds {
		msgs = append(msgs, &types.MsgSubmitRound{Submitter: n.ctx.FromAddress.String(), Round: b.Round, Signature: b.Signature})
	}
	for range sequenceAttempts {
		hash, err := n.broadcast(ctx, msgs)
		if errors.Is(err, sdkerrors.ErrWrongSequence) {
			n.sequence = 0
			if !pause(ctx, inclusionPoll) {
				return ctx.Err()
			}
			continue
		}
		if err != nil {
			n.sequence = 0
			return err
		}
		return n.await(ctx, hash)
	}
	return fmt.Errorf("expected a sequence number to hold, it was taken %d times: is the key used elsewhere?", sequenceAttempts)
}

// broadcast signs the messages and hands them to the node, which checks the tx.
func (n *Node) broadcast(ctx context.Context, msgs []sdk.Msg) (string, error) {
	if n.sequence == 0 {
		account, sequence, err := n.factory.AccountRetriever().GetAccountNumberSequence(n.ctx, n.ctx.FromAddress)
		if err != nil {
			return "", fmt.Errorf("account %s: %w", n.ctx.FromAddress, err)
		}
		n.account, n.sequence = account, sequence
	}
	factory := n.factory.WithAccountNumber(n.account).WithSequence(n.sequence).WithGas(n.gas)
	if n.gas == 0 {
		_, gas, err := clienttx.CalculateGas(n.ctx, factory, msgs...)
		if err != nil {
			return "", refusal(err)
		}
		factory = factory.WithGas(gas)
	}
	builder, err := factory.BuildUnsignedTx(msgs...)
	if err != nil {
		return "", err
	}
	if err := clienttx.Sign(ctx, factory, n.ctx.FromName, builder, true); err != nil {
		return "", err
	}
	raw, err := n.ctx.TxConfig.TxEncoder()(builder.GetTx())
	if err != nil {
		return "", err
	}
	res, err := n.ctx.BroadcastTxSync(raw)
	if err != nil {
		return "", err
	}
	if err := outcome(res); err != nil {
		return "", err
	}
	n.sequence++
	return res.TxHash, nil
}

// await returns when the tx is in a block.
func (n *Node) await(ctx context.Context, hash string) error {
	ctx, cancel := context.WithTimeout(ctx, inclusionTimeout)
	defer cancel()
	raw, err := hex.DecodeString(hash)
	if err != nil {
		return err
	}
	node, err := n.ctx.GetNode()
	if err != nil {
		return err
	}
	for {
		res, err := node.Tx(ctx, raw, false)
		if err == nil {
			return outcome(&sdk.TxResponse{
				TxHash: hash, Codespace: res.TxResult.Codespace, Code: res.TxResult.Code, RawLog: res.TxResult.Log,
			})
		}
		if !pause(ctx, inclusionPoll) {
			// Whether it still comes is unknown: the next sequence number is
			// whatever the node says then.
			n.sequence = 0
			return fmt.Errorf("tx %s: expected it in a block within %s", hash, inclusionTimeout)
		}
	}
}

// outcome is the error of a tx result, nil for success.
func outcome(res *sdk.TxResponse) error {
	switch {
	case res.Code == 0:
		return nil
	case res.Codespace == types.ErrDuplicateRound.Codespace() && res.Code == types.ErrDuplicateRound.ABCICode():
		return ErrBeaten
	case res.Codespace == sdkerrors.ErrWrongSequence.Codespace() && res.Code == sdkerrors.ErrWrongSequence.ABCICode():
		return sdkerrors.ErrWrongSequence
	}
	return fmt.Errorf("tx %s refused with %s/%d: %s", res.TxHash, res.Codespace, res.Code, res.RawLog)
}

// refusal recognises what a simulation says in words only.
func refusal(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, types.ErrDuplicateRound.Error()):
		return ErrBeaten
	case strings.Contains(text, sdkerrors.ErrWrongSequence.Error()), strings.Contains(text, "account sequence mismatch"):
		return sdkerrors.ErrWrongSequence
	}
	return fmt.Errorf("simulating the tx: %w", err)
}
