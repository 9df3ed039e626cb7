package client

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/tx"
)

// maxScan bounds how many blocks are searched for a transaction.
const maxScan = 1_000

// ErrUncertain means that a node's answers do not show whether a transaction has run.
// Nothing else may be signed in its place.
var ErrUncertain = errors.New("it is not known yet whether the transaction has run")

// ending is what happened to the transactions of a delivery.
type ending int

const (
	// endPending means that a block can still take one of them.
	endPending ending = iota
	// endRan means that one of them was executed.
	endRan
	// endFailed means that one of them was in a block, paid its fee and had no effect.
	endFailed
	// endOvertaken means that another transaction of the account has used their sequence;
	// none of them has run or ever will.
	endOvertaken
	// endExpired means that no block took one of them in time; none of them has run or ever
	// will.
	endExpired
)

// verdict is an ending with its details.
type verdict struct {
	end ending
	// height is the height of the state that shows the ending.
	height int64
	// response is the result of the transaction, if it was found.
	response *sdk.TxResponse
	// trace is the effect of the message, if it was found.
	trace trace
	// err says why the transaction failed.
	err error
}

// trace is the effect of a message on the state.
type trace struct {
	// found reports whether the effect is there.
	found bool
	// certain reports whether the effect would be there if the message had been executed.
	certain bool
	// what identifies the effect for the caller that looks for it.
	what any
}

// judge reads from the state what happened to the transactions. An account's sequence
// increases with each of its transactions and never decreases. While it has not passed
// theirs, none of them has run; once it has, none will run that has not. Therefore judge
// needs neither a mempool nor an index of transactions, and a node that lags behind only
// delays the answer.
func (c *Client) judge(ctx context.Context, d *delivery) (verdict, error) {
	account, err := c.accountOf(ctx, d.addr)
	if isNotFound(err) {
		return verdict{}, nil // the node is behind the block that created the account
	}
	if err != nil {
		return verdict{}, err
	}
	found := verdict{height: account.Height}
	if account.Sequence <= d.newest().Sequence {
		if timeout := d.timeout(); timeout > 0 && account.Height >= timeout {
			found.end = endExpired
		}
		return found, nil
	}
	return c.sequenceUsed(ctx, d, account.Height)
}

// sequenceUsed finds out whether one of the transactions has used their sequence.
func (c *Client) sequenceUsed(ctx context.Context, d *delivery, height int64) (verdict, error) {
	found := verdict{height: height}
	indexed, err := c.indexed(ctx, d)
	if err != nil {
		return found, err
	}
	if indexed != nil && indexed.Code == 0 {
		found.end, found.response = endRan, indexed
		return found, nil
	}
	if d.done != nil {
		if found.trace, err = d.done(ctx, height); err != nil {
			return found, err
		}
	}
	if found.trace.found {
		found.end = endRan
		return found, nil
	}
	if !found.trace.certain {
		return c.scanned(ctx, d, found, indexed)
	}
	found.end = endOvertaken
	found.failed(indexed)
	return found, nil
}

// failed notes a transaction that was in a block and had no effect. If its sequence was
// wrong, it has not even paid: another transaction has come first.
func (v *verdict) failed(response *sdk.TxResponse) {
	if response == nil {
		return
	}
	_, err := tx.ReadResult(response)
	var refused *tx.Refusal
	if errors.As(err, &refused) && refused.Reason != tx.WrongSequence {
		v.end, v.response, v.err = endFailed, response, err
	}
}

// indexed asks the node's index for the transactions; nil if none is in it. An index can be
// behind, switched off or pruned, so a missing transaction proves nothing.
func (c *Client) indexed(ctx context.Context, d *delivery) (*sdk.TxResponse, error) {
	var failed *sdk.TxResponse
	for _, t := range d.txs {
		response, err := c.txs.Find(ctx, t.Hash())
		switch {
		case unreachable(err) || ctx.Err() != nil:
			return nil, err
		case err != nil:
		case response.Code == 0:
			return response, nil
		default:
			failed = response
		}
	}
	return failed, nil
}

// scanned searches the blocks in which one of the transactions can be.
func (c *Client) scanned(ctx context.Context, d *delivery, found verdict, indexed *sdk.TxResponse) (verdict, error) {
	last := found.height
	if timeout := d.timeout(); timeout > 0 {
		last = min(last, timeout)
	}
	first := d.since() + 1
	if d.since() == 0 || last-first >= maxScan {
		return found, fmt.Errorf("%w: %s; ask a node that has it in its index of transactions", ErrUncertain, d.newest().Hash())
	}
	hashes := make(map[string]bool, len(d.txs))
	for _, t := range d.txs {
		hashes[t.Hash()] = true
	}
	found.end = endOvertaken
	found.failed(indexed)
	for height := first; height <= last; height++ {
		response, err := c.inBlock(ctx, height, hashes)
		if unreachable(err) || ctx.Err() != nil {
			return found, err
		}
		if err != nil {
			return found, fmt.Errorf("%w: %s, block %d: %w; ask a node that has kept the blocks from %d to %d",
				ErrUncertain, d.newest().Hash(), height, plain(err), first, last)
		}
		if response == nil {
			continue
		}
		if response.Code == 0 {
			found.end, found.response, found.err = endRan, response, nil
			return found, nil
		}
		// A transaction that failed before it had paid can be in a later block again.
		found.failed(response)
	}
	return found, nil
}

// inBlock returns the result of a transaction in a block; nil if none of them is there.
func (c *Client) inBlock(ctx context.Context, height int64, hashes map[string]bool) (*sdk.TxResponse, error) {
	answer, err := c.blocks.GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height})
	if err != nil {
		return nil, err
	}
	if answer.SdkBlock == nil {
		return nil, errors.New("expected a block, found none")
	}
	for i, raw := range answer.SdkBlock.Data.Txs {
		if !hashes[tx.Hash(raw)] {
			continue
		}
		results, err := c.blocks.GetBlockResults(ctx, &cmtservice.GetBlockResultsRequest{Height: height})
		if err != nil {
			return nil, err
		}
		if i >= len(results.TxsResults) {
			return nil, fmt.Errorf("expected results of %d transactions, found %d", len(answer.SdkBlock.Data.Txs), len(results.TxsResults))
		}
		result := results.TxsResults[i]
		return &sdk.TxResponse{
			Height: height, TxHash: tx.Hash(raw), Codespace: result.Codespace, Code: result.Code, RawLog: result.Log,
			Data: strings.ToUpper(hex.EncodeToString(result.Data)), GasWanted: result.GasWanted, GasUsed: result.GasUsed,
		}, nil
	}
	return nil, nil
}
