package why

import (
	"fmt"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func findUnregistered(f *Facts) (Finding, bool) {
	node, known := f.Node.Get()
	other, _ := f.Other.Get()
	if !known || node != nil || other != nil {
		return none()
	}
	return says(Unregistered, fmt.Sprintf("run %s --home %s", bid.Register, f.Settings.Home),
		"No node on the chain has this machine's worker key, so nothing can be drawn for it.").
		with("worker %s", f.Settings.Worker), true
}

func findOtherWorker(f *Facts) (Finding, bool) {
	node, known := f.Node.Get()
	other, _ := f.Other.Get()
	switch {
	case known && node == nil && other != nil:
		return says(OtherWorker, "run "+bid.Register+" --rotate, which stops the machine that holds the other key, or work from that machine's home",
			"The node %q of %s has another worker key than this machine.", other.Profile.Moniker, other.Profile.Operator).
			with("registered %s, here %s", other.Profile.Worker, f.Settings.Worker), true
	case node != nil && f.Settings.Operator != "" && node.Profile.Operator != f.Settings.Operator:
		return says(OtherWorker, "correct chain.operator, or make another home with thetaedge init",
			"Operator %s has registered this worker key, and chain.operator is %s.", node.Profile.Operator, f.Settings.Operator), true
	}
	return none()
}

// registered returns the node of this machine; nil if there is none or it is not known.
func (f *Facts) registered() *edgenodetypes.Node {
	node, _ := f.Node.Get()
	return node
}

// stands reports whether the node has a status, and returns the height of the facts.
func (f *Facts) stands(status edgenodetypes.NodeStatus) (*edgenodetypes.Node, int64, bool) {
	node := f.registered()
	if node == nil || node.State.Status != status {
		return nil, 0, false
	}
	tip, _ := f.Tip.Get()
	return node, tip.Height, true
}

func findRetired(f *Facts) (Finding, bool) {
	if _, _, holds := f.stands(edgenodetypes.NODE_STATUS_RETIRED); !holds {
		return none()
	}
	return says(Retired, "run "+bid.Register+" to open a node again",
		"The operator has retired the node, so it gets nothing new."), true
}

func findJailed(f *Facts) (Finding, bool) {
	node, height, holds := f.stands(edgenodetypes.NODE_STATUS_JAILED)
	if !holds {
		return none()
	}
	faults := node.State.Faults
	evidence := fmt.Sprintf("%d missed deadlines, %d wrong results, %d results that were not revealed; see thetaedge jobs", faults.Missed, faults.Wrong, faults.Silent)
	left := node.State.Jail.Until - height
	if left <= 0 {
		return says(Jailed, "see thetaedge jobs for the causes, then run thetaedge operator unjail --from OPERATOR",
			"The node is jailed for faults; its term is over since block %d.", node.State.Jail.Until).with("%s", evidence), true
	}
	about := ""
	if pace, known := f.BlockTime.Get(); known && pace > 0 {
		about = fmt.Sprintf(", in about %s", shown(times(pace, left)))
	}
	return says(Jailed, fmt.Sprintf("see thetaedge jobs for the causes; from block %d on run thetaedge operator unjail --from OPERATOR", node.State.Jail.Until),
		"The node is jailed for faults until block %d, %d blocks from now%s.", node.State.Jail.Until, left, about).with("%s", evidence), true
}

// times returns the time that a number of blocks takes; at most some centuries.
func times(pace time.Duration, blocks int64) time.Duration {
	const most = time.Duration(1) << 62
	if blocks <= 0 {
		return 0
	}
	if pace > most/time.Duration(blocks) {
		return most
	}
	return pace * time.Duration(blocks)
}

func findPausedOnChain(f *Facts) (Finding, bool) {
	if _, _, holds := f.stands(edgenodetypes.NODE_STATUS_PAUSED); !holds {
		return none()
	}
	return says(PausedOnChain, "run thetaedge operator resume --from OPERATOR",
		"The operator has paused the node on the chain."), true
}

func findLeaseLapsed(f *Facts) (Finding, bool) {
	node := f.registered()
	tip, known := f.Tip.Get()
	if node == nil {
		return none()
	}
	state := node.State
	lapsed := state.Status == edgenodetypes.NODE_STATUS_LAPSED ||
		state.Status == edgenodetypes.NODE_STATUS_ACTIVE && known && !state.Live(tip.Height)
	if !lapsed {
		return none()
	}
	finding := says(LeaseLapsed, "leave the daemon running: it renews the lease by itself within some blocks, if it can pay fees",
		"The lease lapsed after block %d without a sign of life, so the chain draws other nodes.", state.LeaseEnd)
	if paused, _ := f.Paused.Get(); paused {
		finding.Cure = "run thetaedge resume: a paused machine does not renew its lease"
	} else if machine, _ := f.Machine.Get(); len(machine.Pauses) > 0 {
		first := machine.Pauses[0]
		finding.Cure = first.Cure
		finding = finding.with("rule %s of the owner holds the machine back, and a machine that does not work does not renew its lease: %s", first.Rule, first.Sentence)
	}
	if height := tip.Height; known {
		finding = finding.with("%s", chain.Standing(state, height))
	}
	return finding, true
}

// bonded returns the node if it is active and live, so that its bond and weight matter.
func (f *Facts) bonded() *edgenodetypes.Node {
	node := f.registered()
	tip, known := f.Tip.Get()
	if node == nil || node.State.Status != edgenodetypes.NODE_STATUS_ACTIVE || known && !node.State.Live(tip.Height) {
		return nil
	}
	return node
}

func findBondTooSmall(f *Facts) (Finding, bool) {
	node := f.bonded()
	params, known := f.Params.Get()
	if node == nil || !known {
		return none()
	}
	bond, locked := whole(node.State.Bond), whole(node.State.Locked)
	coin := func(amount math.Int) string {
		return money.FormatAmount(sdk.Coin{Denom: params.BondDenom, Amount: amount})
	}
	const cure = "add to the bond with thetaedge operator bond"
	switch {
	case bond.LT(whole(params.MinBond)):
		return says(BondTooSmall, cure, "The bond is %s, and a node needs at least %s.", coin(bond), coin(whole(params.MinBond))), true
	case !bond.Sub(locked).IsPositive():
		finding := says(BondTooSmall, "wait until work ends and its stakes are free again, or "+cure,
			"The whole bond of %s is locked as the stakes of work, so no further work can be taken.", coin(bond))
		for _, hold := range node.State.Holds {
			finding = finding.with("%s is locked until block %d, while paid work can be challenged", coin(whole(hold.Amount)), hold.Until)
		}
		return finding, true
	}
	return none()
}

func findWeightZero(f *Facts) (Finding, bool) {
	node := f.bonded()
	class, known := f.Class.Get()
	if node == nil || !known {
		return none()
	}
	point := node.State.CheckpointAt(class.Epoch)
	if whole(point.Weight).IsPositive() && point.Class == node.Profile.Class {
		return none()
	}
	next := node.State.CheckpointAt(class.Epoch + 1)
	if whole(next.Weight).IsPositive() {
		return says(WeightZero, "", "The node has no weight before the next epoch: it was registered, changed or renewed in epoch %d, and weights are taken at the start of an epoch.", class.Epoch).
			with("weight from epoch %d on: %s", class.Epoch+1, next.Weight), true
	}
	return says(WeightZero, "add to the bond with thetaedge operator bond", "The node has no weight in class %s, so it cannot be drawn.", node.Profile.Class), true
}

// whole returns an amount, and 0 for one that is missing.
func whole(amount math.Int) math.Int {
	if amount.IsNil() {
		return math.ZeroInt()
	}
	return amount
}
