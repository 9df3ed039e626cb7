package round

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Candidate is a node that Match checks.
type Candidate struct {
	operator sdk.AccAddress
	// Rank is the node's rank in the draw, nil until it is known.
	Rank []byte
}

// Rule is one requirement of a claim.
type Rule struct {
	Name   string
	Detail string
	// Err says why the node does not meet the requirement. It is nil if the node does.
	Err error
}

// Match checks a node against a chunk's draw, rule by rule, in the order in which a claim
// fails. It stops at the first failed rule on which the next ones depend. Claim, Claimable
// and Explain all use it.
func (t *Chunk) Match(operator sdk.AccAddress) (Candidate, []Rule, error) {
	c := Candidate{operator: operator}
	var rules []Rule
	check := func(name, detail string, ok bool, sentinel *errorsmod.Error) bool {
		r := Rule{Name: name, Detail: detail}
		if !ok {
			r.Err = sentinel.Wrap(detail)
		}
		rules = append(rules, r)
		return ok
	}
	round := t.current()
	draw := round.Draw
	if !check("draw", "the task draws nodes", round.Phase == types.ROUND_PHASE_COMMIT && draw != nil, types.ErrNoDraw) {
		return c, rules, nil
	}
	check("seed", t.opening(draw), draw.CloseHeight != 0, types.ErrSeedUnknown)
	node, err := t.deps.Nodes.Node(t.ctx, operator)
	if errors.Is(err, edgenodetypes.ErrNodeNotFound) {
		rules = append(rules, Rule{Name: "node", Detail: "operator has a node", Err: err})
		return c, rules, nil
	}
	if err != nil {
		return c, nil, err
	}
	if err := t.matchHistory(operator, check); err != nil {
		return c, nil, err
	}
	t.matchNode(node, check)
	if err := t.matchPlacement(node, check); err != nil {
		return c, nil, err
	}
	if draw.CloseHeight == 0 {
		return c, rules, nil
	}
	check("window", fmt.Sprintf("claims before height %d: this is %d", draw.CloseHeight, t.height()),
		t.height() < draw.CloseHeight, types.ErrClaimClosed)
	if t.job.Policy.NamesNode() {
		t.matchNamed(&c, node, check)
		return c, rules, nil
	}
	if err := t.matchTicket(&c, check); err != nil {
		return c, nil, err
	}
	return c, rules, nil
}

// opening describes what a draw waits for before it accepts claims.
func (t *Chunk) opening(draw *types.Draw) string {
	if t.job.Policy.NamesNode() {
		return fmt.Sprintf("claims are taken from height %d", draw.SeedHeight)
	}
	return fmt.Sprintf("seed pinned at height %d is known", draw.SeedHeight)
}

// checker records a rule and whether it holds.
type checker func(name, detail string, ok bool, sentinel *errorsmod.Error) bool

// matchNode checks the node's state and profile.
func (t *Chunk) matchNode(node edgenodetypes.Node, check checker) {
	state, profile := node.State, node.Profile
	check("status", "node is live: it is "+Standing(state), state.Live(t.height()), types.ErrNotQualified)
	check("class", fmt.Sprintf("class %s: the node's is %s", t.job.Class, profile.Class),
		profile.Class == t.job.Class, types.ErrNotQualified)
	check("executor", fmt.Sprintf("runs %s: the node runs %v", t.job.Executor, profile.Executors),
		slices.Contains(profile.Executors, t.job.Executor), types.ErrNotQualified)
	kept, slots := t.keptSlots(state), state.Slots
	if t.callsForChunk() {
		slots = state.AllSlots()
	}
	check("slots", fmt.Sprintf("a free slot: %d of %d are used%s", state.UsedSlots, slots, keptFor(kept)),
		state.UsedSlots+kept < slots, types.ErrNotQualified)
	free, lock, keptBond := state.Bond.Sub(state.Locked), t.lock(), t.keptBond()
	asks := lock.String()
	if keptBond.IsPositive() {
		asks = fmt.Sprintf("%s, and of %s that is kept for audits", lock, keptBond)
	}
	check("bond", fmt.Sprintf("free bond of %s: the node has %s; bond more or wait until work ends", asks, free),
		free.GTE(lock.Add(keptBond)), types.ErrNotQualified)
}

// keptSlots returns how many slots of a node a draw leaves free. The replica of a chunk holds
// its slot until its audit has ended. If replicas took all slots of a class, no node could
// audit, and each chunk would wait for another. A node with several slots therefore keeps the
// last one for auditors and judges. A node with one slot has a second one for them.
func (t *Chunk) keptSlots(state edgenodetypes.NodeState) uint32 {
	if t.auditsChunks() && t.drawsReplicas() && state.Slots > 1 {
		return 1
	}
	return 0
}

// keptBond returns how much of a node's free bond a draw leaves free, in the bond denom: what
// an auditor of such a chunk locks, if its tasks use the fuel that they may. A node that holds
// a replica can therefore always audit, too.
func (t *Chunk) keptBond() math.Int {
	if !t.auditsChunks() || !t.drawsReplicas() {
		return math.ZeroInt()
	}
	return t.params.KeptBond(&t.job, t.record.Liability, t.count())
}

// auditsChunks reports whether the job has chunks of several tasks that may be audited. The
// nodes of a job that judges another are judges themselves.
func (t *Chunk) auditsChunks() bool {
	return t.job.ChunkTasks > 1 && t.job.Policy.AuditBps > 0 && t.job.Challenged == nil
}

// callsForChunk reports whether the draw looks for auditors or judges of such a chunk.
func (t *Chunk) callsForChunk() bool { return t.auditsChunks() && !t.drawsReplicas() }

func keptFor(slots uint32) string {
	if slots == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d is kept for auditors and judges", slots)
}

// matchPlacement checks the requester's demands on the nodes of the first round and its
// auditors. The nodes of a further round judge between nodes and requester: a requester who
// chose them could take an honest node's bond.
func (t *Chunk) matchPlacement(node edgenodetypes.Node, check checker) error {
	if t.index() > 0 {
		return nil
	}
	wants := &t.job.Placement
	if len(wants.Regions) > 0 && t.current().Draw.Attempt < t.params.RegionDraws {
		check("region", fmt.Sprintf("in %v for the first %d draws: the node is in %s", wants.Regions, t.params.RegionDraws, node.Profile.Region),
			wants.Prefers(node.Profile.Region), types.ErrNotQualified)
	}
	if len(wants.Denied) > 0 {
		check("denied", "the requester does not deny it", !slices.Contains(wants.Denied, node.Profile.Operator), types.ErrNotQualified)
	}
	if least := wants.LeastBond(); least.IsPositive() {
		check("min bond", fmt.Sprintf("bond of %s at least: the node's is %s", least, node.State.Bond),
			node.State.Bond.GTE(least), types.ErrNotQualified)
	}
	if wants.MaxGco2PerKwh == 0 {
		return nil
	}
	factor, known, err := t.deps.Records.Carbon(t.ctx, node.Profile.Region)
	clean, detail := wants.CleanEnough(node.Profile.Region, factor, known)
	check("carbon", detail, clean, types.ErrNotQualified)
	return err
}

// matchNamed checks that the node is the one that the requester names.
func (t *Chunk) matchNamed(c *Candidate, node edgenodetypes.Node, check checker) {
	c.Rank = make([]byte, types.RankSize)
	check("named", fmt.Sprintf("the job names %s", t.job.Policy.Node), node.Profile.Operator == t.job.Policy.Node, types.ErrNotEligible)
}

// Standing describes the status of a node and when it may change.
func Standing(state edgenodetypes.NodeState) string {
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

// matchHistory refuses nodes that have taken part already: every round consists of new nodes.
func (t *Chunk) matchHistory(operator sdk.AccAddress, check checker) error {
	text, err := t.deps.Addresses.BytesToString(operator)
	if err != nil {
		return err
	}
	a, held := t.part(text)
	candidate := held && a.Status == types.ASSIGNMENT_STATUS_CANDIDATE
	check("candidate", "not a candidate of this draw already", !candidate, types.ErrAlreadyClaimed)
	left := slices.ContainsFunc(t.record.Departed, func(o types.Outcome) bool { return o.Operator == text })
	check("new to the task", "has not taken part in this task before", !left && (!held || candidate), types.ErrAlreadyTookPart)
	if t.job.Challenged == nil {
		return nil
	}
	defends, err := t.defends(text)
	check("no defendant", "the challenged result is not its own", !defends, types.ErrAlreadyTookPart)
	return err
}

// matchTicket computes the node's rank from the draw's seed and the weights of its epoch.
func (t *Chunk) matchTicket(c *Candidate, check checker) error {
	draw := t.current().Draw
	seed, known, err := t.deps.Beacon.Seed(t.ctx, draw.SeedHeight)
	if err != nil {
		return err
	}
	if !check("seed kept", "the seed is still kept", known, types.ErrSeedUnknown) {
		return nil
	}
	weight, err := t.deps.Nodes.Weight(t.ctx, c.operator, draw.Epoch)
	if errors.Is(err, edgenodetypes.ErrSnapshotPruned) {
		check("weight", err.Error(), false, types.ErrNoWeight)
		return nil
	}
	if err != nil {
		return err
	}
	class, err := t.deps.Nodes.ClassSnapshot(t.ctx, t.job.Class, draw.Epoch)
	if err != nil {
		return err
	}
	if !check("weight", fmt.Sprintf("weight at the start of epoch %d: %s of %s; a new bond counts from the next epoch",
		draw.Epoch, weight, class.Weight), weight.IsPositive() && class.Weight.GTE(weight), types.ErrNoWeight) {
		return nil
	}
	c.Rank = types.Rank(seed.Randomness, t.id, t.record.Index, t.index(), draw.Attempt, c.operator, weight)
	threshold := types.Threshold(t.params.SortitionFactor, draw.Slots, draw.Attempt, class.Weight)
	check("ticket", fmt.Sprintf("rank %x below %x", c.Rank[:12], threshold[:12]),
		bytes.Compare(c.Rank, threshold) < 0, types.ErrNotEligible)
	leads := true
	if n := len(draw.Candidates); n >= int(draw.Slots) {
		leads = bytes.Compare(c.Rank, draw.Candidates[n-1].Rank) < 0
	}
	check("rank", fmt.Sprintf("among the lowest %d", draw.Slots), leads, types.ErrOutranked)
	return nil
}

// Demand returns what the chunk requires of nodes in its current round, according to its job's
// spec.
func (t *Chunk) Demand(spec *types.JobSpec) types.Demand {
	d := types.NewDemand(spec, t.job.Policy, t.lock())
	d.Kept, d.Call = t.keptBond(), t.callsForChunk()
	if t.index() > 0 {
		// See matchPlacement: the requester does not choose the nodes of a further round.
		d.Placement = types.Placement{}
	}
	return d
}

// Barred reports whether a node has taken part in the chunk or has a stake in the result that
// it judges. A candidate of the open draw has not taken part.
func (t *Chunk) Barred(operator string) (bool, error) {
	if slices.ContainsFunc(t.record.Departed, func(o types.Outcome) bool { return o.Operator == operator }) {
		return true, nil
	}
	if a, held := t.part(operator); held && a.Status != types.ASSIGNMENT_STATUS_CANDIDATE {
		return true, nil
	}
	if t.job.Challenged == nil {
		return false, nil
	}
	return t.defends(operator)
}

// Claimable returns the draw if a node may enter it: every rule holds, except perhaps that
// lower ranks hold all slots.
func (t *Chunk) Claimable(operator sdk.AccAddress) (types.ClaimableChunk, bool, error) {
	c, rules, err := t.Match(operator)
	if err != nil {
		return types.ClaimableChunk{}, false, err
	}
	leading := true
	for _, r := range rules {
		if errors.Is(r.Err, types.ErrOutranked) {
			leading = false
		} else if r.Err != nil {
			return types.ClaimableChunk{}, false, nil
		}
	}
	return types.ClaimableChunk{
		Ref: t.Ref(), Rank: c.Rank, CloseHeight: t.current().Draw.CloseHeight, Reward: t.job.Reward, Leading: leading,
		Tasks: t.seats(), Liability: t.lock(), Call: t.callsForChunk(),
	}, true, nil
}
