package tx

import (
	"context"
	"errors"
	"fmt"
	"time"
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
// fails with ErrNotIncluded when the timeout height has passed, and with a *Refusal when the
// node, asked again, does not take the transaction.
func (s *Sender) Await(ctx context.Context, signed Signed, poll time.Duration) (result Result, decided bool, err error) {
	var outcome error
	overdue := false
	look := func(ctx context.Context) (bool, int64, error) {
		response, err := s.Find(ctx, signed.Hash())
		switch {
		case err == nil:
			result, outcome = ReadResult(response)
			return true, 0, nil
		case ctx.Err() != nil:
			return false, 0, context.Cause(ctx)
		case overdue:
			return false, 0, fmt.Errorf("%w: %s is in no block up to %d", ErrNotIncluded, signed.Hash(), signed.TimeoutHeight)
		}
		height, err := s.Height(ctx)
		if overdue = err == nil && height > signed.TimeoutHeight; err != nil || overdue {
			return false, 0, nil
		}
		return false, height, nil
	}
	err = s.Follow(ctx, signed, Watch{Poll: poll, Taken: true, Look: look, Refused: func(refused *Refusal) error { return refused }})
	if err != nil {
		return Result{}, false, err
	}
	return result, true, outcome
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
