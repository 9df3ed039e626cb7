package tx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thetaedge/theta/client/grpcnode"
)

// ErrNotIncluded means that no block up to the timeout height of a transaction holds it;
// read the state and send again.
var ErrNotIncluded = errors.New("transaction was not included")

// resendBlocks is after how many blocks a transaction that is in none is handed over again,
// because a restarted node has forgotten the transactions in its mempool.
const resendBlocks = 4

// Watch says how a transaction is followed.
type Watch struct {
	// Poll is the pause between two looks.
	Poll time.Duration
	// Taken reports whether the node is known to have taken the transaction. If not, the
	// transaction is handed over after the first look.
	Taken bool
	// Look reports whether the outcome is known. If not, it returns the height that it looked
	// at, or 0 if that is unknown or no block can take the transaction any more.
	Look func(ctx context.Context) (done bool, height int64, err error)
	// Refused is called with the refusal of a node that does not take the transaction again.
	// If it returns an error, the watch ends with that error, unless the outcome is known a
	// block later: an index can lag behind the height.
	Refused func(refused *Refusal) error
}

// Follow looks until the outcome of a transaction is known. While it is not, it hands the
// same bytes over again every few blocks.
func (s *Sender) Follow(ctx context.Context, signed Signed, w Watch) error {
	var sentAt int64
	var failed, stop error
	blockLater := false
	for {
		done, height, err := w.Look(ctx)
		switch {
		case err != nil || done:
			return err
		case blockLater:
			return stop
		case height == 0:
		case sentAt == 0 && w.Taken:
			sentAt = height
		case stop != nil:
			blockLater = height > sentAt
		case sentAt == 0 || height >= sentAt+resendBlocks || failed != nil && height > sentAt:
			failed, sentAt = s.Broadcast(ctx, signed), height
			var refused *Refusal
			if errors.As(failed, &refused) {
				stop = w.Refused(refused)
			}
		}
		if err := pause(ctx, w.Poll); err != nil {
			return err
		}
	}
}

// Await returns the result of a transaction that the node has taken, when a block holds it. If
// the transaction failed there, the error is a *Refusal and decided is true. Otherwise it
// fails with ErrNotIncluded when two looks have shown a height above the last at which it is
// awaited, with grpcnode.ErrHeight for a result at a height that cannot be, and with a *Refusal
// when the node, asked again, does not take the transaction.
func (s *Sender) Await(ctx context.Context, signed Signed, poll time.Duration) (result Result, decided bool, err error) {
	w := wait{sender: s, signed: signed}
	err = s.Follow(ctx, signed, Watch{Poll: poll, Taken: true, Look: w.look, Refused: func(refused *Refusal) error { return refused }})
	if err != nil {
		return Result{}, false, err
	}
	return w.result, true, w.outcome
}

// wait is the state of an Await.
type wait struct {
	sender *Sender
	signed Signed
	// last is the height up to which the transaction is awaited; 0 until the first look.
	last int64
	// overdue reports whether the look before this one has shown a later height.
	overdue bool
	// result and outcome are known at the end.
	result  Result
	outcome error
}

func (w *wait) look(ctx context.Context) (done bool, height int64, err error) {
	response, err := w.sender.Find(ctx, w.signed.Hash())
	if err == nil {
		if err := w.check(response.Height); err != nil {
			return false, 0, err
		}
		w.result, w.outcome = ReadResult(response)
		return true, 0, nil
	}
	if ctx.Err() != nil {
		return false, 0, context.Cause(ctx)
	}
	if height, err = w.sender.Height(ctx); err != nil {
		return false, 0, nil
	}
	if w.last == 0 {
		// The node may have named another height when the transaction was signed.
		if w.last = w.signed.TimeoutHeight; w.signed.LifeBlocks > 0 {
			w.last = min(w.last, height+w.signed.LifeBlocks)
		}
	}
	late := height > w.last
	if late && w.overdue {
		return false, 0, fmt.Errorf("%w: %s is in no block up to %d (timeout height %d)", ErrNotIncluded, w.signed.Hash(), w.last, w.signed.TimeoutHeight)
	}
	if w.overdue = late; late {
		return false, 0, nil
	}
	return false, height, nil
}

// check refuses the height of a block that cannot hold the transaction.
func (w *wait) check(height int64) error {
	if height <= 0 || height > w.signed.TimeoutHeight {
		return fmt.Errorf("%w: expected transaction %s in a block up to %d, found it in block %d", grpcnode.ErrHeight, w.signed.Hash(), w.signed.TimeoutHeight, height)
	}
	return nil
}

// pause waits, unless the context ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
