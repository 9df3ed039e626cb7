package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// rotateTo returns the worker key that a node gets. If this home has the current key, it is a new one, so that
// the journal of this home goes on. Otherwise it is the key of this home.
func (r *registration) rotateTo(ctx context.Context, n *node, known edgenodetypes.Node) (sdk.AccAddress, error) {
	own := n.worker.Address()
	if known.Profile.Worker == own.String() {
		r.adopts = true
		return chain.NextWorkerKey(n.ring, n.home)
	}
	// An earlier rotation may have been interrupted after the chain got the new key.
	if waiting, err := chain.WaitingWorkerKey(n.ring, n.home); err != nil || known.Profile.Worker == waiting.String() && !waiting.Empty() {
		r.adopts = err == nil
		return waiting, err
	}
	work, err := n.reader.Assignments(ctx, known.Profile.Operator)
	if err != nil || r.abandon {
		return own, err
	}
	lost, err := unrevealable(n.home, work.Items)
	if err != nil || lost == 0 {
		return own, err
	}
	return nil, fmt.Errorf("the node has committed to %d results that only the home of worker %s can reveal, and each that is not revealed costs its stake: run thetaedge pause there, wait until thetaedge jobs shows no commitments, and rotate then; to replace only the key, run register --rotate with that home; if that home is lost, pass --abandon",
		lost, known.Profile.Worker)
}

// next names the command to run after the transaction was sent elsewhere.
func (r *registration) next(n *node) string {
	if r.adopts {
		return "the same command again, which then replaces the key of this home"
	}
	return "thetaedge start --home " + client.ShellQuote(n.home)
}

// adopt replaces the worker key of the home once the chain has the new one.
func (r *registration) adopt(n *node, say io.Writer) error {
	if !r.adopts {
		return nil
	}
	if err := chain.AdoptWorkerKey(n.ring, n.home); err != nil {
		return fmt.Errorf("the chain has the new worker key, and this home has not yet: run the same command again: %w", err)
	}
	fmt.Fprintln(say, "the worker key of this home is replaced. A daemon that runs begins anew with it within seconds: only the new key can reveal what it has committed to")
	return nil
}

// keyPause is how often a daemon looks whether its home has another worker key.
const keyPause = 2 * time.Second

// followWorkerKey lets the daemon begin anew when another key has become the worker key of its home. It does so at
// once, because the old key can neither reveal nor commit any more. Work that has begun goes on where it was.
func followWorkerKey(ctx context.Context, n *node, logger *slog.Logger) {
	ticker := time.NewTicker(keyPause)
	defer ticker.Stop()
	told := ""
	for {
		name, err := chain.WorkerName(n.home)
		switch {
		case err != nil && err.Error() != told:
			told = err.Error()
			logger.Warn("cannot tell whether the worker key was rotated", "error", err)
		case err != nil:
		case name != n.workerName:
			logger.Info("the worker key of this home was rotated, and the daemon begins anew with the new one", "key", name)
			n.restart.now()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// unrevealable returns the number of commitments whose salts the journal of a home does not contain.
func unrevealable(home string, items []computetypes.WorkItem) (lost int, err error) {
	var held []*computetypes.WorkItem
	for i := range items {
		switch items[i].Assignment.Status {
		case computetypes.ASSIGNMENT_STATUS_COMMITTED, computetypes.ASSIGNMENT_STATUS_REVEALED:
			held = append(held, &items[i])
		default:
		}
	}
	if len(held) == 0 {
		return 0, nil
	}
	journal, tidy, err := openJournal(home)
	if errors.Is(err, store.ErrLocked) {
		return len(held), nil // the daemon of this home works for another node
	}
	if err != nil {
		return 0, err
	}
	for _, item := range held {
		record, err := journal.Get(store.Key{JobID: item.Ref.JobId, Task: item.Ref.Task, Round: item.Ref.Round})
		if err != nil || !bytes.Equal(record.Commitment, item.Assignment.Commitment) {
			lost++
		}
	}
	return lost, errors.Join(journal.Close(), tidy())
}
