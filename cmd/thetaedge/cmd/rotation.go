package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

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
	fmt.Fprintln(say, "the worker key of this home is replaced. If the daemon runs, restart it now: only the new key can reveal what it has committed to")
	return nil
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
