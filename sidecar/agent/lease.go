package agent

import (
	"errors"

	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// renewPause is the number of blocks between two tries to renew the lease.
const renewPause = 10

// wantsRenewal reports whether the lease has to be renewed. That is the case if less than half
// of it is left because no work has renewed it, or if the node has lapsed. A machine that does
// not take work lets its lease expire, so that other parties do not rely on it.
func (a *Agent) wantsRenewal() bool {
	if a.view.leaseBlocks == 0 || a.drain.begun || a.away() || a.outdated() != "" || a.view.height < a.outbox.renewFrom {
		return false
	}
	state := a.view.node.State
	return state.Status == edgenodetypes.NODE_STATUS_LAPSED ||
		state.Status == activeNode && state.LeaseEnd-a.view.height < a.view.leaseBlocks/2
}

// away reports whether the owner does not mean to be back soon: they have paused the node by hand, or their
// rules have held it back for longer than a lease. A machine that works at night keeps its lease over the
// day, so that it has its weight in the evening.
func (a *Agent) away() bool {
	if !a.cfg.Paused() {
		a.outbox.pausedFrom = 0
		return false
	}
	if a.outbox.pausedFrom == 0 {
		a.outbox.pausedFrom = a.view.height
	}
	return a.cfg.Away() || a.view.height-a.outbox.pausedFrom > a.view.leaseBlocks
}

// renewed records the outcome of a renewal. The node shows its new lease at the next block.
func (a *Agent) renewed(outcome chain.ItemOutcome) {
	if outcome.Code != 0 {
		a.trouble("the chain did not renew the lease", errors.New(outcome.Log))
		return
	}
	a.cfg.Logger.Info("lease renewed", "blocks", a.view.leaseBlocks)
}
