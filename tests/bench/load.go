package bench

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	wideSlots = 64
	busySlots = edgenodetypes.MaxSlotsLimit
	// bond of every node and purse of every account, in whole tfuel.
	bond, purse = 10_000, 1_000
	// bondPerSlot is the chain's parameter, in whole tfuel.
	bondPerSlot = 100
	// replicas of every job.
	replicas = 3
	// eventsKept bounds what loading keeps in memory for nobody.
	eventsKept = 1_000
)

// reward is the pay of a replica in atfuel.
func reward() sdk.Coin { return sdk.NewCoin(params.BaseDenom, math.NewIntWithDecimal(1, 15)) }

// live describes the jobs that are there before the first block: assigned, and
// due when their commit deadline passes.
type live struct {
	jobs int
	// deadline is the last height at which a commitment counts.
	deadline int64
}

// loader writes the bulk of a benchmark's state through the keepers.
type loader struct {
	app        *app.App
	ctx        sdk.Context
	people     *population
	live       live
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

// fund opens an account for each signer, its public key known as that of any
// account which has signed before.
func (l *loader) fund() error {
	accounts := l.people.accounts()
	operators := len(l.people.wide) + len(l.people.busy)
	total := params.Tfuel(purse).MulRaw(int64(len(accounts))).Add(params.Tfuel(bond).MulRaw(int64(operators)))
	if err := l.app.BankKeeper.MintCoins(
		l.ctx, minttypes.ModuleName, sdk.NewCoins(sdk.NewCoin(params.BaseDenom, total))); err != nil {
		return err
	}
	for i, a := range accounts {
		opened := l.app.AccountKeeper.NewAccountWithAddress(l.ctx, a.address)
		if err := opened.SetPubKey(a.public); err != nil {
			return err
		}
		l.app.AccountKeeper.SetAccount(l.ctx, opened)
		a.number = opened.GetAccountNumber()
		if err := l.give(i, a.address, purse); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) give(i int, to sdk.AccAddress, tfuel int64) error {
	if i%eventsKept == 0 {
		l.ctx = l.ctx.WithEventManager(sdk.NewEventManager())
	}
	return l.app.BankKeeper.SendCoinsFromModuleToAccount(
		l.ctx, minttypes.ModuleName, to, sdk.NewCoins(params.TfuelCoin(tfuel)))
}

func (l *loader) register() error {
	server := edgenodekeeper.NewMsgServer(l.app.EdgenodeKeeper)
	rules, err := l.app.EdgenodeKeeper.Params(l.ctx)
	if err != nil {
		return err
	}
	rules.MaxSlots = busySlots
	if _, err := server.UpdateParams(l.ctx, &edgenodetypes.MsgUpdateParams{
		Authority: app.Authority(), Params: rules,
	}); err != nil {
		return err
	}
	nodes := append(append([]*node{}, l.people.wide...), l.people.busy...)
	for i, n := range nodes {
		if err := l.give(i, n.operator.address, bond); err != nil {
			return err
		}
		if _, err := server.Register(l.ctx, &edgenodetypes.MsgRegister{
			Operator:  n.operator.text,
			Worker:    n.text,
			Moniker:   fmt.Sprintf("node %d", i),
			Hardware:  edgenodetypes.Hardware{CpuCores: 8, MemoryBytes: 16 << 30},
			Region:    "eu",
			Class:     n.class,
			Executors: []string{"wasm/1"},
			Bond:      params.TfuelCoin(bond),
			Slots:     n.slots,
		}); err != nil {
			return err
		}
	}
	return nil
}

// jobs writes the live jobs, each with three nodes next to each other, and what
// they hold in escrow and in exposure.
func (l *loader) jobs() error {
	state := computetypes.GenesisState{Params: computetypes.DefaultParams()}
	state.Params.SortitionFactor = l.factor
	state.Params.QueueLimit = l.queueLimit
	escrow := computetypes.Reserve(reward().Amount, spec(wideClass).Policy).MulRaw(int64(l.live.jobs))
	if escrow.IsPositive() {
		coins := sdk.NewCoins(sdk.NewCoin(params.BaseDenom, escrow))
		if err := l.app.BankKeeper.MintCoins(l.ctx, minttypes.ModuleName, coins); err != nil {
			return err
		}
		if err := l.app.BankKeeper.SendCoinsFromModuleToModule(
			l.ctx, minttypes.ModuleName, computetypes.ModuleName, coins); err != nil {
			return err
		}
	}
	for i := range l.live.jobs {
		if err := l.job(&state, i); err != nil {
			return err
		}
	}
	return l.app.ComputeKeeper.InitGenesis(l.ctx, state)
}

// job adds one live job. Its id is of height 0, at which nobody posts.
func (l *loader) job(state *computetypes.GenesisState, i int) error {
	s := spec(wideClass)
	digest, err := computetypes.SpecDigest(&s)
	if err != nil {
		return err
	}
	id := computetypes.JobID{Tx: uint32(i)}.String() //nolint:gosec // a job count
	liability := state.Params.Liability(s.Reward.Amount)
	state.Specs = append(state.Specs, s)
	state.Jobs = append(state.Jobs, computetypes.Job{
		Id: id, Requester: l.people.wide[i%len(l.people.wide)].text, SpecDigest: digest,
		Status: computetypes.JOB_STATUS_RUNNING, Reward: s.Reward, Policy: s.Policy, Class: s.Class,
		Reserved: computetypes.Reserve(s.Reward.Amount, s.Policy), Executor: s.Executor, Tasks: s.Tasks,
		Liability: liability, PrepareBlocks: s.PrepareBlocks, CommitBlocks: s.CommitBlocks,
		Refunded: math.ZeroInt(), Inputs: 1, BondValue: s.Reward.Amount,
	})
	round := computetypes.Round{
		Target: replicas, Phase: computetypes.ROUND_PHASE_COMMIT, NextDeadline: l.live.deadline, Draws: 1,
	}
	for r := range replicas {
		operator := l.people.wide[(i+r)%len(l.people.wide)].operator
		if err := l.app.EdgenodeKeeper.Reserve(l.ctx, operator.address, liability); err != nil {
			return err
		}
		round.Replicas = append(round.Replicas, operator.text)
		state.Assignments = append(state.Assignments, computetypes.Assignment{
			Operator: operator.text, JobId: id, Status: computetypes.ASSIGNMENT_STATUS_ASSIGNED,
			Rank: bytes.Repeat([]byte{1}, computetypes.RankSize), Liability: liability,
			AssignedHeight: 1, CommitDeadline: l.live.deadline,
		})
	}
	state.Tasks = append(state.Tasks, computetypes.Task{
		JobId: id, Status: computetypes.TASK_STATUS_RUNNING, Rounds: []computetypes.Round{round},
		ExpiresHeight: l.live.deadline + lifetime, DueHeight: l.live.deadline + 1,
	})
	return nil
}

// lifetime of a job in blocks; no task of a benchmark runs out of it.
const lifetime = 100_000

// spec is what every job asks for.
func spec(class string) computetypes.JobSpec {
	sum := sha256.Sum256([]byte("program"))
	return computetypes.JobSpec{
		Executor: "wasm/1", Class: class, Tasks: 1,
		Program:       computetypes.Blob{Sha256: sum[:], Size_: 7, Uris: []string{"http://127.0.0.1:1/program"}},
		Resources:     computetypes.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
		Policy:        computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: replicas},
		Reward:        reward(),
		PrepareBlocks: 10, CommitBlocks: 1_000, LifetimeBlocks: lifetime,
		Sink: "http://127.0.0.1:1/v1/drops/00",
	}
}
