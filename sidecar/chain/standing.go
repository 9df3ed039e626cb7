package chain

import (
	"fmt"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Standing explains what a node's status and lease mean at a height, and what its owner can do
// about it.
func Standing(state edgenodetypes.NodeState, height int64) string {
	switch state.Status {
	case edgenodetypes.NODE_STATUS_ACTIVE:
		if state.Live(height) {
			return fmt.Sprintf("live; the lease ends at height %d, in %d blocks: work renews it, and so does thetaedge start", state.LeaseEnd, state.LeaseEnd-height)
		}
		return fmt.Sprintf("the lease ended at height %d, so that the node gets no work: run thetaedge start, which renews it", state.LeaseEnd)
	case edgenodetypes.NODE_STATUS_LAPSED:
		return fmt.Sprintf("lapsed at height %d without a sign of life, so that the node gets no work: run thetaedge start, and thetaedge resume if this machine is paused; then it renews the lease by itself", state.LeaseEnd)
	case edgenodetypes.NODE_STATUS_JAILED:
		if left := state.Jail.Until - height; left > 0 {
			return fmt.Sprintf("jailed for repeated faults, for %d more blocks: see thetaedge jobs for the causes; from height %d on run thetaedge operator unjail --from OPERATOR", left, state.Jail.Until)
		}
		return "jailed for repeated faults; the term is over: see thetaedge jobs for the causes, then run thetaedge operator unjail --from OPERATOR"
	case edgenodetypes.NODE_STATUS_PAUSED:
		return "paused by the operator: run thetaedge operator resume --from OPERATOR"
	case edgenodetypes.NODE_STATUS_RETIRED:
		return "retired: what it holds is settled and nothing new comes; run thetaedge register to open a node again"
	default:
		return fmt.Sprintf("status %s is new to this version; update thetaedge", state.Status)
	}
}
