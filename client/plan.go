package client

import (
	"context"
	"fmt"
	stdmath "math"
	"math/bits"
	"slices"
	"sort"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// A chunk whose tasks use all the fuel that they may takes a node between
	// leastChunkBlocks and mostChunkBlocks at the fuel per block that nodes declare. At
	// 1.5 seconds per block this is 2.5 to 5 minutes. Nodes declare a rate that they are sure
	// to reach, so most chunks take less.
	leastChunkBlocks = 100
	mostChunkBlocks  = 200
	// drawOverhead is the number of blocks that a draw takes in addition to the execution:
	// seed, claims, commitment, and the way to the next draw or the reveal.
	drawOverhead = 8
	// nodesPage is the number of nodes that are asked for at a time, and mostNodes the
	// number that a plan looks at.
	nodesPage = 100
	mostNodes = 1000
)

// Plan is how a job is divided into chunks, and what it is expected to cost and to last.
type Plan struct {
	// ChunkTasks is the number of tasks of a chunk, and Chunks the number of chunks.
	ChunkTasks, Chunks uint64
	// Audited is the number of tasks that auditors are expected to run again, if tasks use
	// all the fuel that they may. Auditors run more of tasks that use less.
	Audited uint64
	// LeastFuelBps is the share of their fuel, in basis points, that tasks have to use on
	// average so that nodes may commit to whole chunks; 0 if they always may.
	LeastFuelBps uint64
	// Cost is the expected pay of all nodes, before the fee split, if results agree.
	Cost sdk.Coin
	// TrustBps is Cost per 10,000 parts of what one node alone would earn with the job.
	TrustBps uint64
	// Blocks is how long the job takes if its tasks use all the fuel that they may, nodes run
	// at the fuel per block that they declare, and no other job is in the class.
	Blocks uint64
	// FuelPerBlock is the fuel per block of a typical node under the profile of the job.
	FuelPerBlock uint64
	// Places is an estimate of the number of programs that the nodes of the class run at the
	// same time.
	Places uint64
}

// classFacts are what a plan follows from, apart from the spec.
type classFacts struct {
	params computetypes.Params
	// fuelPerBlock is the fuel per block that the typical node declares.
	fuelPerBlock uint64
	// bond is what the typical node can lock for one assignment; nil if there is no node.
	bond math.Int
	// single reports whether half of the nodes have one slot.
	single bool
	// slots is the number of slots that bonds fund in the class, and places an estimate of the
	// number of programs that its nodes run at the same time.
	slots, places uint64
}

// Plan proposes the size of the chunks of a packed job, if the job file leaves it to the
// client, and writes it into the spec. The same spec, nodes and parameters give the same
// size. Plan returns what the job is expected to cost and to last. Nothing is signed.
func (c *Client) Plan(ctx context.Context, packed *Packed) (*Plan, error) {
	facts, err := c.classFacts(ctx, &packed.Spec)
	if err != nil {
		return nil, err
	}
	if packed.AutoChunk {
		packed.Spec.ChunkTasks = 0
		if n := facts.chunk(&packed.Spec); n > 1 {
			packed.Spec.ChunkTasks = n
		}
	}
	return facts.plan(&packed.Spec), nil
}

// classFacts asks the chain for what a plan follows from.
func (c *Client) classFacts(ctx context.Context, spec *computetypes.JobSpec) (classFacts, error) {
	found, err := c.compute.Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return classFacts{}, fmt.Errorf("compute parameters: %w", plain(err))
	}
	market, err := c.Market(ctx, spec.Class)
	if err != nil {
		return classFacts{}, err
	}
	if err := found.Params.Validate(); err != nil {
		return classFacts{}, fmt.Errorf("compute parameters: %w; use another node", err)
	}
	facts := classFacts{params: found.Params, slots: max(1, min(market.FundedSlots, stdmath.MaxUint32))}
	nodes, err := c.nodesFor(ctx, spec)
	if err != nil {
		return classFacts{}, err
	}
	facts.typical(nodes, spec.Executor)
	facts.places = placesOf(facts.slots, market.LiveNodes)
	if spec.Policy.Node != "" && len(nodes) > 0 {
		facts.slots = uint64(max(1, nodes[0].State.Slots))
		facts.places = placesOf(facts.slots, 1)
	}
	return facts, nil
}

// placesOf estimates how many programs nodes run at the same time from their slots, which are all
// that the chain knows. A node registers three slots for each program that it runs at once, unless
// its operator chooses otherwise.
func placesOf(slots, nodes uint64) uint64 {
	nodes = min(max(1, nodes), max(1, slots))
	return max(nodes, slots/3)
}

// nodesFor returns the active nodes of the class that run the profile, among the first nodes of the
// chain; of a job that names a node, that node alone.
func (c *Client) nodesFor(ctx context.Context, spec *computetypes.JobSpec) ([]edgenodetypes.Node, error) {
	var nodes []edgenodetypes.Node
	page := &query.PageRequest{Limit: nodesPage}
	for seen := 0; seen < mostNodes; {
		answer, err := c.edges.Nodes(ctx, &edgenodetypes.QueryNodesRequest{Pagination: page})
		if err != nil {
			return nil, fmt.Errorf("nodes of class %s: %w", spec.Class, plain(err))
		}
		seen += len(answer.Nodes)
		for _, node := range answer.Nodes {
			named := spec.Policy.Node == "" || spec.Policy.Node == node.Profile.Operator
			runs := node.Profile.Class == spec.Class && slices.Contains(node.Profile.Executors, spec.Executor)
			if named && runs && node.State.Status == edgenodetypes.NODE_STATUS_ACTIVE {
				nodes = append(nodes, node)
			}
		}
		if len(answer.Nodes) == 0 || answer.Pagination == nil || len(answer.Pagination.NextKey) == 0 {
			break
		}
		page = &query.PageRequest{Key: answer.Pagination.NextKey, Limit: nodesPage}
	}
	return nodes, nil
}

// typical takes the lower medians of what the nodes declare for an executor profile and can
// lock. A node that declares no rate counts with the rate that nodes declare by default.
func (f *classFacts) typical(nodes []edgenodetypes.Node, executor string) {
	f.fuelPerBlock = CautiousFuelPerBlock(executor)
	if len(nodes) == 0 {
		return
	}
	rates, bonds, singles := make([]uint64, len(nodes)), make([]math.Int, len(nodes)), 0
	for i, node := range nodes {
		rates[i] = CautiousFuelPerBlock(executor)
		if declared := node.Profile.Limits.RateOf(executor); declared > 0 {
			rates[i] = declared
		}
		if node.State.Slots == 1 {
			singles++
		}
		bonds[i] = math.ZeroInt()
		if !node.State.Bond.IsNil() {
			bonds[i] = node.State.Bond.QuoRaw(int64(max(1, node.State.Slots)))
		}
	}
	slices.Sort(rates)
	slices.SortFunc(bonds, func(a, b math.Int) int { return a.BigInt().Cmp(b.BigInt()) })
	middle := (len(nodes) - 1) / 2
	f.single = 2*singles >= len(nodes)
	f.fuelPerBlock, f.bond = rates[middle], bonds[middle]
}

// chunk returns the proposed number of tasks of a chunk: the largest one, or fewer if the
// same number of chunks can be of equal size.
func (f *classFacts) chunk(spec *computetypes.JobSpec) uint64 {
	chunks := ceilDiv(spec.Tasks, f.largest(spec))
	return ceilDiv(spec.Tasks, chunks)
}

// largest returns as many tasks as a node runs in leastChunkBlocks; up to those of
// mostChunkBlocks if the class is busy all the same. At most half of the commit window is
// planned for, and at most the liability that a typical node can lock in each of its slots.
func (f *classFacts) largest(spec *computetypes.JobSpec) uint64 {
	most := min(spec.Tasks, f.params.MaxChunkTasks, spec.Policy.MostTasks(), f.within(spec, mostChunkBlocks))
	spread := ceilDiv(spec.Tasks, f.slots)
	return max(1, min(f.bonded(spec, most), max(spread, f.within(spec, leastChunkBlocks))))
}

// ceilDiv divides and rounds up, for numbers below 2^32.
func ceilDiv(a, b uint64) uint64 { return (a + b - 1) / b }

// within returns how many tasks a node runs in a number of blocks, or in half of the commit
// window if that is less, if the tasks use all the fuel that they may.
func (f *classFacts) within(spec *computetypes.JobSpec, blocks uint64) uint64 {
	high, low := bits.Mul64(f.fuelPerBlock, min(blocks, spec.CommitBlocks/2))
	if high > 0 {
		low = stdmath.MaxUint64
	}
	return low / max(1, spec.Resources.Fuel)
}

// bonded returns the largest chunk, of at most the given size, whose liability a typical node
// can lock.
func (f *classFacts) bonded(spec *computetypes.JobSpec, most uint64) uint64 {
	denom, ok := f.params.PaymentDenom(spec.Reward.Denom)
	if !ok || f.bond.IsNil() || most > computetypes.MaxChunkTasks {
		return most // the quote says what is wrong
	}
	policy, slashed := f.params.Effective(spec)
	value := denom.BondValue(spec.Reward.Amount)
	// The liability does not fall when a chunk grows.
	return uint64(sort.Search(int(most), func(i int) bool { //nolint:gosec // bounded above
		tasks := uint64(i) + 1 //nolint:gosec // not negative
		liability := f.params.Liability(value, policy, slashed, tasks)
		if f.single && tasks > 1 && policy.AuditBps > 0 { // the only slot's bond also carries an audit
			liability = liability.Add(f.params.KeptBond(&computetypes.Job{BondValue: value, Policy: policy}, liability, tasks))
		}
		return liability.GT(f.bond)
	}))
}

// plan returns what a spec leads to.
func (f *classFacts) plan(spec *computetypes.JobSpec) *Plan {
	policy, _ := f.params.Effective(spec)
	size := spec.PerChunk()
	full, rest := spec.Tasks/size, spec.Tasks%size
	p := &Plan{ChunkTasks: size, Chunks: full, FuelPerBlock: f.fuelPerBlock, Places: f.places}
	if policy.Kind == computetypes.POLICY_KIND_AUDIT {
		p.LeastFuelBps = computetypes.LeastFuelBps(size, policy.Samples)
	}
	audited := full * sampled(size, policy)
	if rest > 0 {
		p.Chunks++
		audited += sampled(rest, policy)
	}
	again := math.NewIntFromUint64(audited).MulRaw(int64(policy.AuditBps) * int64(policy.Auditors))
	p.Audited = again.QuoRaw(computetypes.BasisPoints).Uint64()
	runs := math.NewIntFromUint64(spec.Tasks).MulRaw(int64(policy.Replicas) * computetypes.BasisPoints).Add(again)
	p.Cost = sdk.Coin{Denom: spec.Reward.Denom, Amount: spec.Reward.Amount.Mul(runs).QuoRaw(computetypes.BasisPoints)}
	p.TrustBps = runs.Quo(math.NewIntFromUint64(spec.Tasks)).Uint64()
	p.Blocks = f.blocks(spec, policy, p)
	return p
}

// sampled returns how many tasks of a chunk each of its auditors runs, if the tasks use all
// the fuel that they may.
func sampled(count uint64, policy computetypes.Policy) uint64 {
	if policy.Samples == 0 {
		return count
	}
	return min(count, uint64(policy.Samples))
}

// blocks returns how many blocks a job takes: each place runs one chunk after the other, each
// slot serves one draw after the other, and the auditors of a chunk are drawn when its node has
// committed.
func (f *classFacts) blocks(spec *computetypes.JobSpec, policy computetypes.Policy, p *Plan) uint64 {
	taskFuel, rate := math.NewIntFromUint64(spec.Resources.Fuel), math.NewIntFromUint64(f.fuelPerBlock)
	fuel := taskFuel.Mul(math.NewIntFromUint64(spec.Tasks).MulRaw(int64(policy.Replicas)).Add(math.NewIntFromUint64(p.Audited)))
	places := min(f.places, p.Chunks*uint64(policy.Replicas))
	working := ceilQuo(fuel, math.NewIntFromUint64(places).Mul(rate))
	inRow, turns := p.ChunkTasks, int64(1)
	if policy.AuditBps > 0 {
		inRow, turns = inRow+sampled(p.ChunkTasks, policy), 2
	}
	one := ceilQuo(taskFuel.Mul(math.NewIntFromUint64(inRow)), rate)
	seats := math.NewIntFromUint64(p.Chunks).MulRaw(int64(policy.Replicas)*computetypes.BasisPoints + int64(policy.AuditBps)*int64(policy.Auditors))
	draws := ceilQuo(seats, math.NewIntFromUint64(f.slots).MulRaw(computetypes.BasisPoints))
	total := math.MaxInt(working, one).Add(math.MaxInt(draws, math.NewInt(turns)).MulRaw(drawOverhead))
	if !total.IsUint64() {
		return stdmath.MaxUint64
	}
	return total.Uint64()
}

// ceilQuo divides and rounds up.
func ceilQuo(a, b math.Int) math.Int { return a.Add(b).SubRaw(1).Quo(b) }
