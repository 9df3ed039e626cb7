package agent

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/release"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// staleAfter is the time without a new block after which the owner is told.
	staleAfter = time.Minute
	// paramsPause is the number of blocks between two readings of the parameters.
	paramsPause = 100
)

// view is what the chain last reported, except for the assignments.
type view struct {
	// height is the height of the state, and at is the time at which it was read.
	height int64
	at     time.Time
	// blockAt is the time of the newest block that the node has named. It is zero if it names none.
	blockAt time.Time
	// floor is the newest height that the journal contains. In the state of a node that is
	// behind it, work that this node holds would look as if it had ended.
	floor int64
	// node is the node of this machine. It is nil if the worker key does not serve a node.
	// operator owns the node.
	node     *edgenodetypes.Node
	operator sdk.AccAddress
	// yields is the number of yields that were found settled at the height yieldsAt. The node may have
	// been read before they were counted.
	yields, yieldsAt int64
	// params and nodes, the parameters of x/edgenode, were read at the height paramsAt. Governance
	// may change them.
	params      computetypes.Params
	nodes       edgenodetypes.Params
	paramsAt    int64
	maxBatch    int
	leaseBlocks int64
}

// outOfDate returns an error that says what is wrong with a node whose newest block has the
// given height, or nil. Without this check, a node that catches up or has stopped cannot be
// distinguished from others. held is the number of assignments that are not over.
func (v *view) outOfDate(height int64, now time.Time, held int) error {
	switch {
	case height < v.floor:
		return fmt.Errorf("expected at least height %d, which this home has seen before: the node catches up, or chain.grpc names another chain; nothing is sent until then. Keep this home, because its journal holds the salts of %d assignments that are not over, and each that has committed costs bond when it is not revealed. If the chain was begun anew from height 0, work for it from another home: thetaedge init --home", v.floor, held)
	case height <= v.height && v.height > 0 && now.Sub(v.at) > staleAfter:
		return fmt.Errorf("no block came after height %d for more than %s: the chain has halted, or the node of chain.grpc has; check it, or name another, because deadlines may pass meanwhile", v.height, staleAfter)
	}
	return nil
}

// readParams reads the parameters that the agent needs, once every paramsPause blocks.
func (v *view) readParams(ctx context.Context, from Chain) error {
	if v.maxBatch != 0 && v.height < v.paramsAt+paramsPause {
		return nil
	}
	params, err := from.ComputeParams(ctx)
	if err != nil {
		return err
	}
	nodes, err := from.EdgenodeParams(ctx)
	if err != nil {
		return err
	}
	v.params, v.nodes, v.paramsAt = params, nodes, v.height
	v.maxBatch, v.leaseBlocks = max(int(params.MaxBatch), 1), int64(nodes.LeaseBlocks) //nolint:gosec // at most 2^48
	return nil
}

// noteYield counts a yield that was found settled.
func (v *view) noteYield() {
	if v.yieldsAt != v.height {
		v.yields, v.yieldsAt = 0, v.height
	}
	v.yields++
}

// uncounted returns how many yields the state of the node may not contain yet.
func (v *view) uncounted() int {
	if v.yieldsAt != v.height {
		return 0
	}
	return int(v.yields)
}

// outdated says why the version of this program keeps the node from new work; "" if it does not.
func (a *Agent) outdated() string { return release.Outdated(a.cfg.Version, a.view.nodes.MinVersion) }

// active reports whether the node may work.
func (v *view) active() bool { return v.node != nil && v.node.State.Status == activeNode }

// seen returns an edit that also records the height from which the change follows.
func (a *Agent) seen(edit func(*store.Assignment)) func(*store.Assignment) {
	height := a.vouched()
	return func(r *store.Assignment) {
		r.Seen = max(r.Seen, height)
		if edit != nil {
			edit(r)
		}
	}
}
