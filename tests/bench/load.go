package bench

import (
	"crypto/sha256"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	wideSlots = 64
	busySlots = edgenodetypes.MaxSlotsLimit
	// bond of every node and purse of every account, in whole tfuel.
	bond, purse = 10_000, 5_000 // enough for an array of a million tasks
	// bondPerSlot is the chain's parameter, in whole tfuel.
	bondPerSlot = 100
	// replicas of every job.
	replicas = 3
)

// reward is the pay of a replica in atfuel.
func reward() sdk.Coin { return sdk.NewCoin(params.BaseDenom, math.NewIntWithDecimal(1, 15)) }

// live describes the jobs that exist before the first block: they are assigned, and due when
// their commit deadline passes.
type live struct {
	jobs int
	// deadline is the last height at which a commitment counts.
	deadline int64
	// expired reports whether the jobs' lifetime is over at the deadline. Otherwise they draw
	// again.
	expired bool
}

// loader writes the bulk of a benchmark's state as genesis states of the modules.
type loader struct {
	app    *app.App
	ctx    sdk.Context
	people *population
	live   live
	// leaseEnd is the last height at which the nodes' leases are valid.
	leaseEnd   int64
	factor     uint32
	queueLimit uint32
}

// run funds the accounts, registers the nodes and writes the live jobs.
func (l *loader) run() error {
	if err := l.fund(); err != nil {
		return fmt.Errorf("fund accounts: %w", err)
	}
	if err := l.register(); err != nil {
		return fmt.Errorf("register nodes: %w", err)
	}
	if err := l.jobs(); err != nil {
		return fmt.Errorf("write live jobs: %w", err)
	}
	return nil
}

// fund creates an account for each worker. Its public key is known, as for any account that
// has signed before.
func (l *loader) fund() error {
	total := math.ZeroInt()
	give := func(a *account) error {
		opened := l.app.AccountKeeper.NewAccountWithAddress(l.ctx, a.address)
		if err := opened.SetPubKey(a.public); err != nil {
			return err
		}
		l.app.AccountKeeper.SetAccount(l.ctx, opened)
		a.number = opened.GetAccountNumber()
		total = total.Add(params.Tfuel(purse))
		return l.app.BankKeeper.Balances.Set(
			l.ctx, collections.Join(a.address, params.BaseDenom), params.Tfuel(purse))
	}
	if err := give(l.people.relay); err != nil {
		return err
	}
	for _, n := range l.people.all {
		if err := give(n.account); err != nil {
			return err
		}
	}
	supply, err := l.app.BankKeeper.Supply.Get(l.ctx, params.BaseDenom)
	if err != nil {
		return err
	}
	return l.app.BankKeeper.Supply.Set(l.ctx, params.BaseDenom, supply.Add(total))
}

// mint mints coins for a module account.
func (l *loader) mint(module string, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	coins := sdk.NewCoins(sdk.NewCoin(params.BaseDenom, amount))
	if err := l.app.BankKeeper.MintCoins(l.ctx, minttypes.ModuleName, coins); err != nil {
		return err
	}
	return l.app.BankKeeper.SendCoinsFromModuleToModule(l.ctx, minttypes.ModuleName, module, coins)
}

func (l *loader) register() error {
	state, err := l.app.EdgenodeKeeper.ExportGenesis(l.ctx)
	if err != nil {
		return err
	}
	state.Params.MaxSlots = busySlots
	state.Params.QueueLimit = min(l.queueLimit, edgenodetypes.MaxQueueLimit)
	liability := l.liability()
	for i, n := range l.people.all {
		node := edgenodetypes.Node{Profile: profile(i, n), State: edgenodetypes.NewNodeState(params.Tfuel(bond), n.slots)}
		held := l.held(i)
		node.State.UsedSlots, node.State.Locked = uint32(held), liability.MulRaw(int64(held)) //nolint:gosec // a few
		node.State.LeaseEnd, node.State.LeaseCheck = l.leaseEnd, l.leaseEnd
		node.State.SetCheckpoint(node.State.Checkpoint(state.Epoch+1, state.Params.BondPerSlot, n.class))
		state.Nodes = append(state.Nodes, node)
	}
	if err := l.mint(edgenodetypes.ModuleName, state.PoolBalance()); err != nil {
		return err
	}
	return l.app.EdgenodeKeeper.InitGenesis(l.ctx, *state)
}

func profile(i int, n *node) edgenodetypes.NodeProfile {
	register := &edgenodetypes.MsgRegister{
		Operator:  n.operator.text,
		Worker:    n.text,
		Moniker:   fmt.Sprintf("node %d", i),
		Hardware:  edgenodetypes.Hardware{CpuCores: 8, MemoryBytes: 16 << 30},
		Region:    "eu",
		Class:     n.class,
		Executors: []string{"wasm/1"},
	}
	return register.Profile(1)
}

// held returns how many live jobs a node works on: job i is held by the wide nodes i, i+1 and
// i+2.
func (l *loader) held(node int) int {
	size := l.people.size
	if node >= size {
		return 0
	}
	held := 0
	for r := range replicas {
		first := (node - r + size) % size
		if first < l.live.jobs {
			held += (l.live.jobs-1-first)/size + 1
		}
	}
	return held
}

func (l *loader) liability() math.Int {
	return computeParams().Liability(reward().Amount, spread().policy(), true, 1)
}

// computeParams returns the default parameters without an audit floor, so that the policies
// of the flows determine audits.
func computeParams() computetypes.Params {
	p := computetypes.DefaultParams()
	p.AuditFloorBps = 0
	return p
}

// jobs writes the live jobs, each held by three adjacent nodes, and their escrow.
func (l *loader) jobs() error {
	state := computetypes.GenesisState{Params: computeParams()}
	if l.live.jobs > 0 {
		jobs := uint64(l.live.jobs) //nolint:gosec // a job count
		state.Markets = []computetypes.Market{{Class: wideClass, OpenTasks: jobs, Held: jobs * replicas}}
	}
	state.Params.SortitionFactor = l.factor
	state.Params.QueueLimit = l.queueLimit
	escrow := computetypes.Reserve(reward().Amount, spread().policy(), math.ZeroInt()).MulRaw(int64(l.live.jobs))
	if err := l.mint(computetypes.ModuleName, escrow); err != nil {
		return err
	}
	for i := range l.live.jobs {
		if err := l.job(&state, i); err != nil {
			return err
		}
	}
	return l.app.ComputeKeeper.InitGenesis(l.ctx, state)
}

// liveJob returns the id of a job that exists before the first block. Its height is 0, at
// which no job can be posted.
func liveJob(i int) computetypes.JobID { return computetypes.JobID{Tx: uint32(i)} } //nolint:gosec // a job count

// job adds one live job.
func (l *loader) job(state *computetypes.GenesisState, i int) error {
	s := spec(spread(), 1)
	digest, err := computetypes.SpecDigest(&s)
	if err != nil {
		return err
	}
	id := liveJob(i).String()
	liability := l.liability()
	reserve := computetypes.Reserve(s.Reward.Amount, s.Policy, math.ZeroInt())
	expires := l.live.deadline + lifetime
	if l.live.expired {
		expires = l.live.deadline
	}
	state.Specs = append(state.Specs, s)
	state.Jobs = append(state.Jobs, computetypes.Job{
		Id: id, Requester: l.people.wide(i % l.people.size).text, SpecDigest: digest,
		Status: computetypes.JOB_STATUS_RUNNING, Reward: s.Reward, Policy: s.Policy, Class: s.Class,
		Reserved: reserve, TaskReserve: reserve, Slashable: true, ExpiresHeight: expires,
		Executor: s.Executor, Tasks: s.Tasks, TasksOpened: s.Tasks, ChunkTasks: 1, ChunksOpen: s.Tasks,
		Liability: liability, PrepareBlocks: s.PrepareBlocks, CommitBlocks: s.CommitBlocks,
		Refunded: math.ZeroInt(), Inputs: 1, BondValue: s.Reward.Amount, SeatFee: math.ZeroInt(),
		Fuel: s.Resources.Fuel,
	})
	round := computetypes.Round{
		Target: replicas, Phase: computetypes.ROUND_PHASE_COMMIT, NextDeadline: l.live.deadline, Draws: 1,
	}
	for r := range replicas {
		round.Replicas = append(round.Replicas, computetypes.Assignment{
			Operator: l.people.wide((i + r) % l.people.size).operator.text, Status: computetypes.ASSIGNMENT_STATUS_ASSIGNED,
			AssignedHeight: 1, CommitDeadline: l.live.deadline, Locked: liability,
		})
	}
	state.Chunks = append(state.Chunks, computetypes.Chunk{
		JobId: id, Count: 1, Status: computetypes.CHUNK_STATUS_RUNNING, Rounds: []computetypes.Round{round},
		DueHeight: l.live.deadline + 1, DrawFees: math.ZeroInt(), Liability: liability,
	})
	return nil
}

// lifetime of a job in blocks; no task of a benchmark reaches its end.
const lifetime = 100_000

// spec returns the spec of every job of a flow.
func spec(f Flow, tasks int) computetypes.JobSpec {
	sum := sha256.Sum256([]byte("program"))
	return computetypes.JobSpec{
		Executor: "wasm/1", Class: f.Class, Tasks: uint64(tasks), //nolint:gosec // a few hundred
		Program:       computetypes.Blob{Sha256: sum[:], Size_: 7, Uris: []string{"http://127.0.0.1:1/program"}},
		Resources:     computetypes.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
		Policy:        f.policy(),
		Reward:        reward(),
		PrepareBlocks: 10, CommitBlocks: 1_000, LifetimeBlocks: lifetime,
		Sink: "http://127.0.0.1:1/v1/drops/00", ChunkTasks: uint64(f.Chunk), //nolint:gosec // a few thousand
	}
}
