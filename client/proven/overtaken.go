package proven

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/types"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
)

// maxSearch bounds the blocks that are searched for a transaction.
const maxSearch = 1_000

// Bodies returns the transactions of blocks; *Endpoint implements it. Its answers are not
// trusted.
type Bodies interface {
	Txs(ctx context.Context, height int64) (types.Txs, error)
}

// Txs returns the transactions of a block.
func (e *Endpoint) Txs(ctx context.Context, height int64) (types.Txs, error) {
	answer, err := e.Block(ctx, &height)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", height, err)
	}
	if answer.Block == nil {
		return nil, fmt.Errorf("block %d: expected a block, found none", height)
	}
	return answer.Block.Txs, nil
}

// Results returns the results of a block's transactions; *Endpoint implements it. Its answers
// are not trusted.
type Results interface {
	TxResults(ctx context.Context, height int64) ([]*abci.ExecTxResult, error)
}

// TxResults returns the results of the transactions of a block, in their order.
func (e *Endpoint) TxResults(ctx context.Context, height int64) ([]*abci.ExecTxResult, error) {
	answer, err := e.BlockResults(ctx, &height)
	if err != nil {
		return nil, fmt.Errorf("results of block %d: %w", height, err)
	}
	return answer.TxsResults, nil
}

// Search proves what happened to transactions.
type Search struct {
	// Reader proves records and provides trusted headers.
	Reader *Reader
	// Bodies shows blocks.
	Bodies Bodies
	// Results shows what the transactions of blocks led to. Without it, a transaction in a block
	// counts as executed, although it may have failed there.
	Results Results
}

// Overtaken returns nil if it is proven that none of the transactions with these hashes, all of
// one sequence of an account, has been executed or ever will be. That is so if the account had
// not used the sequence when the last height at which a block can take one of them (until; 0
// means no limit) had passed, or if it has used the sequence and each of them that is in a block
// after the height since failed there. Otherwise it returns ErrProof.
func (s Search) Overtaken(ctx context.Context, account sdk.AccAddress, sequence uint64, hashes []string, since, until int64) error {
	// The newest header comes first, because headers are followed upwards.
	newest, err := s.Reader.headers.Header(ctx, 0)
	if err != nil {
		return err
	}
	last := newest.Height - 1
	next, err := s.sequence(ctx, account, last)
	if err != nil {
		return err
	}
	expired := until > 0 && last >= until
	switch {
	case next <= sequence && expired:
		return nil
	case next <= sequence:
		return fmt.Errorf("%w: after block %d the account's next sequence is %d, so that %d was not used, and a later block can take the transaction (timeout height %d; 0 means none): the node lies, or is ahead of what can be proven; try again later, or with another node",
			ErrProof, last, next, sequence, until)
	}
	if expired {
		last = until
		if next, err = s.sequence(ctx, account, last); err != nil {
			return err
		}
		if next <= sequence {
			return nil // it was used when no block could take one of them any more
		}
	}
	return s.search(ctx, account, sequence, hashes, since, last)
}

// search returns nil if the blocks after a height, up to another, executed none of the
// transactions.
func (s Search) search(ctx context.Context, account sdk.AccAddress, sequence uint64, hashes []string, since, last int64) error {
	if last <= since {
		return fmt.Errorf("%w: expected blocks to search after height %d, at which the transaction was signed, found none up to %d; try again later, or with another node", ErrProof, since, last)
	}
	if last-since >= maxSearch {
		return fmt.Errorf("%w: expected at most %d blocks to search, found blocks %d to %d", ErrProof, maxSearch, since+1, last)
	}
	// A node has said at which height the transactions were signed. If they can have run before,
	// the search would begin too late.
	before, err := s.sequence(ctx, account, since)
	if err != nil {
		return err
	}
	if before > sequence {
		return fmt.Errorf("%w: after block %d the account's next sequence was %d already, so that %d was used in an earlier block than the first that can be searched; ask another node for the result",
			ErrProof, since, before, sequence)
	}
	for height := since + 1; height <= last; height++ {
		found, err := s.inBlock(ctx, height, hashes)
		if err != nil {
			return err
		}
		if found != "" {
			return fmt.Errorf("%w: transaction %s is in block %d, and nothing proves that it failed there; ask another node for its result", ErrProof, found, height)
		}
	}
	return nil
}

// inBlock returns the first of some transactions that a block holds and that is not proven to
// have failed there.
func (s Search) inBlock(ctx context.Context, height int64, hashes []string) (string, error) {
	header, err := s.Reader.headers.Header(ctx, height)
	if err != nil {
		return "", err
	}
	txs, err := s.Bodies.Txs(ctx, height)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(txs.Hash(), header.DataHash) {
		return "", fmt.Errorf("%w: block %d has transactions other than those that the node shows; ask another node", ErrProof, height)
	}
	for i, tx := range txs {
		sum := sha256.Sum256(tx)
		hash := strings.ToUpper(hex.EncodeToString(sum[:]))
		if !slices.Contains(hashes, hash) {
			continue
		}
		if failed, err := s.failed(ctx, height, i, len(txs)); err != nil || !failed {
			return hash, err
		}
	}
	return "", nil
}

// failed reports whether a transaction of a block is proven to have failed.
func (s Search) failed(ctx context.Context, height int64, index, txs int) (bool, error) {
	if s.Results == nil {
		return false, nil
	}
	header, err := s.Reader.headers.Header(ctx, height+1)
	if err != nil {
		return false, err
	}
	results, err := s.Results.TxResults(ctx, height)
	if err != nil {
		return false, err
	}
	if slices.Contains(results, nil) || len(results) != txs || !bytes.Equal(types.NewResults(results).Hash(), header.LastResultsHash) {
		return false, fmt.Errorf("%w: the transactions of block %d led to results other than those that the node shows; ask another node", ErrProof, height)
	}
	return results[index].Code != 0, nil
}

// sequence reads the next sequence of an account after a block.
func (s Search) sequence(ctx context.Context, account sdk.AccAddress, height int64) (uint64, error) {
	key := slices.Concat(authtypes.AddressStoreKeyPrefix.Bytes(), account)
	record, err := s.Reader.Read(ctx, authtypes.StoreKey, key, height)
	if err != nil {
		return 0, err
	}
	if record.Value == nil {
		return 0, fmt.Errorf("%w: after block %d there is no account %X", ErrProof, height, account.Bytes())
	}
	return sequenceIn(record.Value)
}

// sequenceIn decodes an account of the common kind.
func sequenceIn(value []byte) (uint64, error) {
	var packed codectypes.Any
	if err := packed.Unmarshal(value); err != nil {
		return 0, err
	}
	var base authtypes.BaseAccount
	if packed.TypeUrl != sdk.MsgTypeURL(&base) {
		return 0, errors.New("expected an account of its own, found one of type " + packed.TypeUrl)
	}
	if err := base.Unmarshal(packed.Value); err != nil {
		return 0, err
	}
	return base.Sequence, nil
}
