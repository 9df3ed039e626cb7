package agent

import (
	"errors"

	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// renewPause is how many blocks pass between two tries to renew the lease.
const renewPause = 10

// wantsRenewal tells whether the lease is to be renewed: less than half of it is
// left without any work having done so, or the node has lapsed. A machine that
// takes no work lets its lease run out, so that nobody counts on it.
func (a *Agent) wantsRenewal() bool {
	if a.view.leaseBlocks == 0 || a.drain.begun || a.cfg.Paused() || a.view.height < a.outbox.renewFrom {
		return false
	}
	state := a.view.node.State
	return state.Status == edgenodetypes.NODE_STATUS_LAPSED ||
		state.Status == activeNode && state.LeaseEnd-a.view.height < a.view.leaseBlocks/2
}

// renewed notes how a renewal went; the node shows its new lease at the next block.
func (a *Agent) renewed(outcome chain.ItemOutcome) {
	if outcome.Code != 0 {
		a.trouble("the chain did not renew the lease", errors.New(outcome.Log))
		return
	}
	a.cfg.Logger.Info("lease renewed", "blocks", a.view.leaseBlocks)
}
