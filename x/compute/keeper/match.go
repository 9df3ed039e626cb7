package keeper

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// candidate is a node that the matcher looks at.
type candidate struct {
	operator sdk.AccAddress
	// rank in the draw, nil until it can be told.
	rank []byte
}

// rule is one thing that a claim asks for.
type rule struct {
	name   string
	detail string
	err    error
}

// match checks a node against a task's draw, rule by rule, in the order in
// which a claim fails. It stops at the first rule that the next ones build on.
// Claims, Claimable and Explain all go through it.
func (w *work) match(operator sdk.AccAddress) (candidate, []rule, error) {
	c := candidate{operator: operator}
	var rules []rule
	check := func(name, detail string, ok bool, sentinel *errorsmod.Error) bool {
		r := rule{name: name, detail: detail}
		if !ok {
			r.err = sentinel.Wrap(detail)
		}
		rules = append(rules, r)
		return ok
	}
	round := w.round()
	draw := round.Draw
	if !check("draw", "the task draws nodes", round.Phase == types.ROUND_PHASE_COMMIT && draw != nil, types.ErrNoDraw) {
		return c, rules, nil
	}
	check("seed", w.opening(draw), draw.CloseHeight != 0, types.ErrSeedUnknown)
	node, err := w.deps.Nodes.Node(w.ctx, operator)
	if errors.Is(err, edgenodetypes.ErrNodeNotFound) {
		rules = append(rules, rule{name: "node", detail: "operator has a node", err: err})
		return c, rules, nil
	}
	if err != nil {
		return c, nil, err
	}
	if err := w.matchHistory(operator, check); err != nil {
		return c, nil, err
	}
	w.matchNode(node, check)
	w.matchPlacement(node, check)
	if draw.CloseHeight == 0 {
		return c, rules, nil
	}
	check("window", fmt.Sprintf("claims before height %d: this is %d", draw.CloseHeight, w.height()),
		w.height() < draw.CloseHeight, types.ErrClaimClosed)
	if w.job.Policy.NamesNode() {
		w.matchNamed(&c, node, check)
		return c, rules, nil
	}
	if err := w.matchTicket(&c, check); err != nil {
		return c, nil, err
	}
	return c, rules, nil
}

// opening says what a draw waits for before it takes claims.
func (w *work) opening(draw *types.Draw) string {
	if w.job.Policy.NamesNode() {
		return fmt.Sprintf("claims are taken from height %d", draw.SeedHeight)
	}
	return fmt.Sprintf("seed pinned at height %d is known", draw.SeedHeight)
}

// checker notes a rule and whether it holds.
type checker func(name, detail string, ok bool, sentinel *errorsmod.Error) bool

// matchNode checks what the node is and has.
func (w *work) matchNode(node edgenodetypes.Node, check checker) {
	state, profile := node.State, node.Profile
	check("status", "node is live: it is "+standing(state), state.Live(w.height()), types.ErrNotQualified)
	check("class", fmt.Sprintf("class %s: the node's is %s", w.job.Class, profile.Class),
		profile.Class == w.job.Class, types.ErrNotQualified)
	check("executor", fmt.Sprintf("runs %s: the node runs %v", w.job.Executor, profile.Executors),
		slices.Contains(profile.Executors, w.job.Executor), types.ErrNotQualified)
	check("slots", fmt.Sprintf("a free slot: %d of %d are used", state.UsedSlots, state.Slots),
		state.UsedSlots < state.Slots, types.ErrNotQualified)
	free := state.Bond.Sub(state.Locked)
	check("bond", fmt.Sprintf("free bond of %s: the node has %s; bond more or wait until work ends", w.job.Liability, free),
		free.GTE(w.job.Liability), types.ErrNotQualified)
}

// matchPlacement checks what the requester asks of the nodes of the first round
// and its auditors. Those of a further round judge between nodes and requester:
// a requester who chose them could take an honest node's bond.
func (w *work) matchPlacement(node edgenodetypes.Node, check checker) {
	if w.index() > 0 {
		return
	}
	wants := &w.job.Placement
	if len(wants.Regions) > 0 && w.round().Draw.Attempt < w.params.RegionDraws {
		check("region", fmt.Sprintf("in %v for the first %d draws: the node is in %s", wants.Regions, w.params.RegionDraws, node.Profile.Region),
			wants.Prefers(node.Profile.Region), types.ErrNotQualified)
	}
	if len(wants.Denied) > 0 {
		check("denied", "the requester does not deny it", !slices.Contains(wants.Denied, node.Profile.Operator), types.ErrNotQualified)
	}
	if least := wants.LeastBond(); least.IsPositive() {
		check("min bond", fmt.Sprintf("bond of %s at least: the node's is %s", least, node.State.Bond),
			node.State.Bond.GTE(least), types.ErrNotQualified)
	}
}

// matchNamed checks that the node is the one that the requester names.
func (w *work) matchNamed(c *candidate, node edgenodetypes.Node, check checker) {
	c.rank = make([]byte, types.RankSize)
	check("named", fmt.Sprintf("the job names %s", w.job.Policy.Node), node.Profile.Operator == w.job.Policy.Node, types.ErrNotEligible)
}

// standing says where a node stands and when that may change.
func standing(state edgenodetypes.NodeState) string {
	switch state.Status {
	case edgenodetypes.NODE_STATUS_ACTIVE:
		return fmt.Sprintf("active, with a lease up to height %d", state.LeaseEnd)
	case edgenodetypes.NODE_STATUS_JAILED:
		return fmt.Sprintf("jailed up to height %d; then its operator may unjail it", state.Jail.Until)
	case edgenodetypes.NODE_STATUS_LAPSED:
		return fmt.Sprintf("lapsed at height %d; its worker may renew the lease", state.LeaseEnd)
	default:
		return state.Status.String()
	}
}

// matchHistory refuses nodes that have taken part already: every round is done
// by others.
func (w *work) matchHistory(operator sdk.AccAddress, check checker) error {
	text, err := w.deps.Addresses.BytesToString(operator)
	if err != nil {
		return err
	}
	a, held := w.part(text)
	candidate := held && a.Status == types.ASSIGNMENT_STATUS_CANDIDATE
	check("candidate", "not a candidate of this draw already", !candidate, types.ErrAlreadyClaimed)
	left := slices.ContainsFunc(w.task.Departed, func(o types.Outcome) bool { return o.Operator == text })
	check("new to the task", "has not taken part in this task before", !left && (!held || candidate), types.ErrAlreadyTookPart)
	if w.job.Challenged == nil {
		return nil
	}
	defends, err := w.defends(text)
	check("no defendant", "the challenged result is not its own", !defends, types.ErrAlreadyTookPart)
	return err
}

// matchTicket computes the node's rank from the draw's seed and the weights of
// its epoch.
func (w *work) matchTicket(c *candidate, check checker) error {
	draw := w.round().Draw
	seed, known, err := w.deps.Beacon.Seed(w.ctx, draw.SeedHeight)
	if err != nil {
		return err
	}
	if !check("seed kept", "the seed is still kept", known, types.ErrSeedUnknown) {
		return nil
	}
	weight, err := w.deps.Nodes.Weight(w.ctx, c.operator, draw.Epoch)
	if errors.Is(err, edgenodetypes.ErrSnapshotPruned) {
		check("weight", err.Error(), false, types.ErrNoWeight)
		return nil
	}
	if err != nil {
		return err
	}
	class, err := w.deps.Nodes.ClassSnapshot(w.ctx, w.job.Class, draw.Epoch)
	if err != nil {
		return err
	}
	if !check("weight", fmt.Sprintf("weight at the start of epoch %d: %s of %s; a new bond counts from the next epoch",
		draw.Epoch, weight, class.Weight), weight.IsPositive() && class.Weight.GTE(weight), types.ErrNoWeight) {
		return nil
	}
	c.rank = types.Rank(seed.Randomness, w.id, w.task.Index, w.index(), draw.Attempt, c.operator, weight)
	threshold := types.Threshold(w.params.SortitionFactor, draw.Slots, draw.Attempt, class.Weight)
	check("ticket", fmt.Sprintf("rank %x below %x", c.rank[:12], threshold[:12]),
		bytes.Compare(c.rank, threshold) < 0, types.ErrNotEligible)
	leads := true
	if n := len(draw.Candidates); n >= int(draw.Slots) {
		leads = bytes.Compare(c.rank, draw.Candidates[n-1].Rank) < 0
	}
	check("rank", fmt.Sprintf("among the lowest %d", draw.Slots), leads, types.ErrOutranked)
	return nil
}
