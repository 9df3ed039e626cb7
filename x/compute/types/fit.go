package types

import (
	"fmt"
	stdmath "math"
	"math/bits"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Demand is what a job requires of each node that takes one of its tasks.
type Demand struct {
	// Class and Executor that the node must have.
	Class, Executor string
	// Resources of the program. In all fields of a Demand, 0 means that the number is not
	// known yet and does not require anything.
	Resources Resources
	// InputBytes is the size of program and inputs together.
	InputBytes uint64
	// CommitBlocks is the number of blocks within which the program has to run, for all tasks
	// of a chunk.
	CommitBlocks uint64
	// Tasks is the number of tasks of a chunk.
	Tasks uint64
	// Policy by which the job is verified.
	Policy Policy
	// Placement of the round. It is empty if the requester does not choose the round's nodes.
	Placement Placement
	// Reward of a replica.
	Reward sdk.Coin
	// Liability that the node locks, in units of the bond denom, and Kept the bond that it
	// leaves free for audits in addition.
	Liability, Kept math.Int
	// Call reports whether auditors or judges of a chunk are wanted, for which a node with one
	// slot has a second one.
	Call bool
	// Carbon contains the carbon factors that governance has set, ordered by region, if the
	// placement has a limit.
	Carbon []CarbonFactor
}

// NewDemand returns what a job with a spec requires of nodes, if it is verified by a policy
// that locks a liability.
func NewDemand(spec *JobSpec, policy Policy, liability math.Int) Demand {
	return Demand{
		Class: spec.Class, Executor: spec.Executor, Resources: spec.Resources, InputBytes: spec.InputBytes(),
		CommitBlocks: spec.CommitBlocks, Tasks: spec.PerChunk(), Policy: policy, Placement: spec.Placement, Reward: spec.Reward, Liability: liability, Kept: math.ZeroInt(),
	}
}

// Need is one requirement that a node must meet to fit a job.
type Need struct {
	// Rule is the name of the requirement.
	Rule string
	// Met reports whether the node meets the requirement.
	Met bool
	// Declared reports whether the requirement is about the tasks that the operator declares
	// the node to take.
	Declared bool
	// Detail says what the job requires and what the node has.
	Detail string
	// Best is the number that the node has, if it does not meet the rule. The largest such
	// number of all nodes is passed to Together.
	Best uint64
	// Together is the Detail for several nodes, of which best is the largest number.
	Together func(best uint64) string
}

// Needs compares a node with the demand, in the order in which nodes are checked. epoch is
// the epoch whose weights count. Whether the node is live is not one of the needs.
func (d *Demand) Needs(node edgenodetypes.Node, epoch uint64) []Need {
	return append(d.needsOfState(node, epoch), d.NeedsOfLimits(node.Profile.Operator, node.Profile.Hardware, node.Profile.Limits)...)
}

// needsOfState returns the needs that depend on what the chain knows about the node.
func (d *Demand) needsOfState(node edgenodetypes.Node, epoch uint64) []Need {
	profile, state := node.Profile, node.State
	var needs []Need
	add := func(rule string, met bool, detail, together string) {
		needs = append(needs, Need{Rule: rule, Met: met, Detail: detail, Together: func(uint64) string { return together }})
	}
	add("class", profile.Class == d.Class, fmt.Sprintf("class %s: the node's is %s", d.Class, profile.Class),
		"are not of class "+d.Class)
	add("executor", slices.Contains(profile.Executors, d.Executor), fmt.Sprintf("runs %s: the node runs %v", d.Executor, profile.Executors),
		"do not run "+d.Executor)
	if node := d.Policy.Node; node != "" {
		add("named", profile.Operator == node, "the job names "+node, "are not the node that the job names")
	} else {
		point := state.CheckpointAt(epoch)
		add("weight", point.Weight.IsPositive() && point.Class == profile.Class,
			fmt.Sprintf("weight in epoch %d: %s; a new bond or class counts from the next epoch", epoch, point.Weight),
			fmt.Sprintf("have no weight in epoch %d; a new bond or class counts from the next", epoch))
	}
	if slices.Contains(d.Placement.Denied, profile.Operator) {
		add("denied", false, "the requester does not deny it", "are denied by the job's placement")
	}
	if most := d.Placement.MaxGco2PerKwh; most > 0 {
		factor, known := FactorOf(d.Carbon, profile.Region)
		clean, detail := d.Placement.CleanEnough(profile.Region, factor, known)
		add("carbon", clean, detail, fmt.Sprintf("declare a region with more than %d g CO2e/kWh, or without a carbon factor", most))
	}
	if least := d.Placement.LeastBond(); least.IsPositive() {
		add("min bond", state.Bond.GTE(least), fmt.Sprintf("bond of %s at least: the node's is %s", least, state.Bond),
			fmt.Sprintf("have a bond below the placement's min_bond of %s", least))
	}
	covers := d.Liability.String()
	if d.Kept.IsPositive() {
		covers = fmt.Sprintf("%s, and %s for an audit", d.Liability, d.Kept)
	}
	add("liability", state.Bond.GTE(d.Liability.Add(d.Kept)), fmt.Sprintf("a bond that covers the liability of %s: the node's is %s", covers, state.Bond),
		fmt.Sprintf("have a bond below the liability of %s, which grows with the reward", covers))
	return needs
}

// NeedsOfLimits returns the needs that depend on what an operator declares the node to take.
// The memory of the declared hardware also bounds the memory of a task.
func (d *Demand) NeedsOfLimits(operator string, hardware edgenodetypes.Hardware, limits edgenodetypes.TaskLimits) []Need {
	memory := hardware.MemoryBytes
	if limits.MemoryBytes > 0 {
		memory = min(memory, limits.MemoryBytes)
	}
	needs := []Need{
		most("memory", "of memory", FormatBytes, d.Resources.MemoryBytes, memory),
		most("input", "of program and inputs", FormatBytes, d.InputBytes, limits.InputBytes),
		most("output", "of output", FormatBytes, d.Resources.OutputBytes, limits.OutputBytes),
		most("fuel", "fuel", plainNumber, d.Resources.Fuel, limits.Fuel),
		d.window(limits.RateOf(d.Executor)),
		most("challenge", "challenge_blocks", plainNumber, d.Policy.ChallengeBlocks, limits.ChallengeBlocks),
	}
	if tensors := d.Resources.DeviceBytes; tensors > 0 {
		needs = append(needs, most("device", "of tensors", FormatBytes, tensors, limits.DeviceBytes))
	}
	add := func(rule string, met bool, detail, together string) {
		needs = append(needs, Need{Rule: rule, Met: met, Declared: true, Detail: detail, Together: func(uint64) string { return together }})
	}
	if d.Policy.Reviewed() {
		takes := limits.Trust != edgenodetypes.TRUST_STANCE_OFF &&
			(limits.Trust != edgenodetypes.TRUST_STANCE_NAMED || d.Policy.Node == operator)
		add("trust", takes, fmt.Sprintf("takes jobs under trust: the node declares %s", limits.Trust),
			"do not take such jobs under trust; name a node, or ask for a quorum or audits")
	}
	if !d.Reward.Amount.IsNil() {
		add("reward", limits.Takes(d.Reward), fmt.Sprintf("works for %s: the node asks for at least %s", d.Reward, sdk.Coins(limits.MinRewards)),
			fmt.Sprintf("ask for more than %s per replica, or for another denom", d.Reward))
	}
	return needs
}

// most returns the need that a number of a job is at most the limit that a node declares.
func most(rule, what string, format func(uint64) string, asked, limit uint64) Need {
	return Need{
		Rule: rule, Declared: true, Met: limit == 0 || asked <= limit, Best: limit,
		Detail: declaredDetail(limit, fmt.Sprintf("expected at most %s %s", format(limit), what), fmt.Sprintf("the job asks for %s", format(asked))),
		Together: func(best uint64) string {
			return fmt.Sprintf("take at most %s %s, the job asks for %s", format(best), what, format(asked))
		},
	}
}

// window returns the need that the fuel of a job's chunk fits into its commit window.
func (d *Demand) window(perBlock uint64) Need {
	fuel := uint64(stdmath.MaxUint64)
	if high, low := bits.Mul64(d.Resources.Fuel, max(1, d.Tasks)); high == 0 {
		fuel = low
	}
	fits := perBlock == 0 || d.CommitBlocks == 0 || fuel/perBlock < d.CommitBlocks
	return Need{
		Rule: "fuel per block", Declared: true, Met: fits, Best: perBlock,
		Detail: declaredDetail(perBlock, fmt.Sprintf("%d fuel per block", perBlock),
			fmt.Sprintf("the job asks for %d in %d commit_blocks", fuel, d.CommitBlocks)),
		Together: func(best uint64) string {
			return fmt.Sprintf("use %d fuel per block, so that %d take %d commit_blocks, and the job has %d",
				best, fuel, fuel/max(best, 1)+1, d.CommitBlocks)
		},
	}
}

func declaredDetail(limit uint64, takes, asks string) string {
	if limit == 0 {
		return "the node declares no limit: " + asks
	}
	return "the node takes " + takes + ": " + asks
}

// Fits reports whether a live node meets all needs.
func Fits(needs []Need) bool {
	return !slices.ContainsFunc(needs, func(n Need) bool { return !n.Met })
}

// Busy reports whether a node that fits lacks a free slot or free bond for the job now.
func (d *Demand) Busy(state edgenodetypes.NodeState) bool {
	slots := state.Slots
	if d.Call {
		slots = state.AllSlots()
	}
	return state.UsedSlots >= slots || state.Free().LT(d.Liability.Add(d.Kept))
}

// Exclude counts the needs that a node does not meet.
func (f *Fit) Exclude(needs []Need, best map[string]uint64) {
	for _, need := range needs {
		if need.Met {
			continue
		}
		best[need.Rule] = max(best[need.Rule], need.Best)
		at := slices.IndexFunc(f.Exclusions, func(e Exclusion) bool { return e.Rule == need.Rule })
		if at < 0 {
			f.Exclusions = append(f.Exclusions, Exclusion{Rule: need.Rule})
			at = len(f.Exclusions) - 1
		}
		f.Exclusions[at].Nodes++
		f.Exclusions[at].Detail = need.Together(best[need.Rule])
	}
}

// FormatBytes formats a size in the largest unit that gives a whole number.
func FormatBytes(n uint64) string {
	for _, unit := range []struct {
		name  string
		bytes uint64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n > 0 && n%unit.bytes == 0 {
			return fmt.Sprintf("%d%s", n/unit.bytes, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func plainNumber(n uint64) string { return fmt.Sprint(n) }
