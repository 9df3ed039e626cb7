package drand

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/x/beacon/types"
)

const (
	// sequenceAttempts is how often a transaction is signed again if its sequence was used
	// by another one.
	sequenceAttempts = 4
	// txLifeBlocks is how long a transaction may wait for a block. Heights do not wait
	// longer for a round.
	txLifeBlocks = 20
	// txPoll is the pause between two looks for a transaction.
	txPoll = 300 * time.Millisecond
	// silence is how long a node may give no usable answer about a transaction; after that
	// the relay reports it and starts again.
	silence = 2 * time.Minute
	// deepPages bounds the pages of one search for missing rounds: a million heights.
	deepPages = 1_000
	// DefaultMaxGas is three times what a full transaction uses while the gas of a round has its
	// default.
	DefaultMaxGas = 4_000_000
)

// ErrGas means that a node names more gas for a transaction than the relay pays for.
var ErrGas = errors.New("the transaction would use more gas than --max-gas allows; nothing was signed")

// Terms are how the transactions of a relay are paid for and described.
type Terms struct {
	// GasPrices are the prices per unit of gas.
	GasPrices sdk.DecCoins
	// Fees are the fees of each transaction. They are used if GasPrices is empty.
	Fees sdk.Coins
	// Gas is the limit; 0 means that each transaction is simulated.
	Gas uint64
	// GasAdjustment is the factor by which simulated gas is multiplied.
	GasAdjustment float64
	// MaxGas is the most gas that a transaction is simulated to need, adjustment included,
	// because a simulation is what a node says; 0 means DefaultMaxGas.
	MaxGas uint64
	// Memo is the memo of each transaction, which is public.
	Memo string
	// Granter pays the fees by a fee grant; empty if the signer pays.
	Granter sdk.AccAddress
}

// fee returns what gas costs, rounded up.
func (t Terms) fee(gas uint64) sdk.Coins {
	if len(t.GasPrices) == 0 {
		return t.Fees
	}
	fees := make([]sdk.Coin, len(t.GasPrices))
	for i, price := range t.GasPrices {
		fees[i] = sdk.NewCoin(price.Denom, price.Amount.MulInt(sdkmath.NewIntFromUint64(gas)).Ceil().TruncateInt())
	}
	return sdk.NewCoins(fees...)
}

// gas returns the limit for what a simulation has used, or ErrGas.
func (t Terms) gas(used uint64) (uint64, error) {
	most := t.MaxGas
	if most == 0 {
		most = DefaultMaxGas
	}
	want := math.Ceil(float64(used) * t.GasAdjustment)
	if math.IsNaN(want) || want > float64(most) {
		return 0, fmt.Errorf("%w: expected at most %d, found that the node's simulation used %d, times %v; raise --max-gas if the chain has raised the gas of a round, or use another node",
			ErrGas, most, used, t.GasAdjustment)
	}
	return uint64(want), nil
}

// Node submits rounds through a node of the chain, signed by one key. It is not for
// concurrent use: one key has one sequence.
type Node struct {
	conn    grpcnode.Connection
	txs     *tx.Sender
	signer  tx.Signer
	account *tx.AccountCache
	terms   Terms
	poll    time.Duration
}

// NewNode returns a chain behind a connection to one of its nodes.
func NewNode(conn grpcnode.Connection, chainID string, signer tx.Signer, terms Terms) *Node {
	conn = grpcnode.Checked(conn)
	txs := tx.NewSender(chainID, conn)
	return &Node{
		conn: conn, txs: txs, signer: signer, account: tx.NewAccountCache(txs, signer.Address()),
		terms: terms, poll: txPoll,
	}
}

// Schedule returns the network that the chain follows.
func (n *Node) Schedule(ctx context.Context) (types.Schedule, error) {
	res, err := types.NewQueryClient(n.conn).Params(ctx, &types.QueryParamsRequest{})
	if err != nil {
		return types.Schedule{}, err
	}
	return res.Schedule, nil
}

// Missing returns at most limit missing rounds, newest first: of one page of
// heights, or of deepPages. It fails with grpcnode.ErrPages for pages that lead back.
func (n *Node) Missing(ctx context.Context, limit int, deep bool) ([]uint64, error) {
	var rounds []uint64
	most := 1
	if deep {
		most = deepPages
	}
	page, pages := &query.PageRequest{Limit: uint64(limit)}, grpcnode.Pages{Most: most + 1} //nolint:gosec // small
	for range most {
		res, err := types.NewQueryClient(n.conn).Missing(ctx, &types.QueryMissingRequest{Pagination: page})
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, res.Rounds...)
		if len(rounds) >= limit {
			break
		}
		if page.Key, err = pages.Next(res.Pagination); err != nil {
			return nil, fmt.Errorf("missing rounds: %w", err)
		}
		if page.Key == nil {
			break
		}
	}
	return rounds[:min(limit, len(rounds))], nil
}

// Submit sends one transaction with all rounds and waits until it is in a block. If another
// transaction has used its sequence, it is signed again. It fails with ErrBeaten if a round
// is on the chain already. After an error, the rounds may still come, because the chain
// refuses a second one.
func (n *Node) Submit(ctx context.Context, rounds []Beacon) error {
	submitter, err := sdk.Bech32ifyAddressBytes(params.Bech32Prefix, n.signer.Address())
	if err != nil {
		return err
	}
	msgs := make([]sdk.Msg, 0, len(rounds))
	for _, b := range rounds {
		msgs = append(msgs, &types.MsgSubmitRound{Submitter: submitter, Round: b.Round, Signature: b.Signature})
	}
	for range sequenceAttempts {
		err := n.submit(ctx, msgs)
		var refused *tx.Refusal
		if err == nil || !errors.As(err, &refused) || refused.Reason != tx.WrongSequence {
			return beaten(err)
		}
		if !pause(ctx, n.poll) {
			return ctx.Err()
		}
		if err := n.account.Correct(ctx, refused); err != nil {
			return err
		}
	}
	return fmt.Errorf("expected a sequence number to hold, it was taken %d times: is the key used elsewhere?", sequenceAttempts)
}

// submit has one transaction executed. After an error the account is read again.
func (n *Node) submit(ctx context.Context, msgs []sdk.Msg) (err error) {
	defer func() {
		if err != nil {
			n.account.Forget()
		}
	}()
	signed, err := n.sign(ctx, msgs)
	if err != nil {
		return err
	}
	if err := n.txs.Broadcast(ctx, signed); err != nil {
		return err
	}
	n.account.Used()
	ctx, cancel := context.WithTimeoutCause(ctx, silence, fmt.Errorf("transaction %s: expected it in a block within %s", signed.Hash(), silence))
	defer cancel()
	_, _, err = n.txs.Await(ctx, signed, n.poll)
	return err
}

// sign simulates the messages, if the terms do not name the gas, and signs them.
func (n *Node) sign(ctx context.Context, msgs []sdk.Msg) (tx.Signed, error) {
	account, err := n.account.State(ctx)
	if err != nil {
		return tx.Signed{}, err
	}
	draft := tx.Draft{Msgs: msgs, Memo: n.terms.Memo, Gas: n.terms.Gas, Granter: n.terms.Granter}
	if draft.Gas == 0 {
		draft.Fee = n.terms.fee(0)
		found, err := n.txs.Simulate(ctx, n.signer, account, draft)
		if err != nil {
			return tx.Signed{}, err
		}
		if draft.Gas, err = n.terms.gas(found.GasUsed); err != nil {
			return tx.Signed{}, err
		}
	}
	draft.Fee = n.terms.fee(draft.Gas)
	height, err := n.txs.Height(ctx)
	if err != nil {
		return tx.Signed{}, err
	}
	draft.TimeoutHeight, draft.LifeBlocks = height+txLifeBlocks, txLifeBlocks
	return n.txs.Sign(ctx, n.signer, account, draft)
}

// beaten turns a refusal of a round that is on the chain already into ErrBeaten. A
// simulation refuses it in words only.
func beaten(err error) error {
	var refused *tx.Refusal
	if errors.As(err, &refused) && (errors.Is(err, types.ErrDuplicateRound) || strings.Contains(refused.Log, types.ErrDuplicateRound.Error())) {
		return ErrBeaten
	}
	return err
}
