package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// queryTimeout bounds all queries of one look at the chain.
const queryTimeout = 15 * time.Second

// Agent works for one node. Create it with New and run it once.
type Agent struct {
	cfg       Config
	executors map[string]executor.Executor
	cache     *cache
	metrics   *metrics
	status    atomic.Pointer[Status]
	drain     chan struct{}
	drainOnce sync.Once

	// What follows belongs to the goroutine of Run.

	ctx         context.Context
	events      chan event
	workers     sync.WaitGroup
	assignments map[store.Key]*assignment
	jobs        map[string]job
	node        *edgenodetypes.Node
	operator    sdk.AccAddress
	height      int64
	// floor is the newest height that the journal knows of: a node that is behind it
	// would make work that is held look as if it had ended.
	floor    int64
	heightAt time.Time
	// params were read at paramsAt; governance may change them.
	params      computetypes.Params
	paramsAt    int64
	maxBatch    int
	leaseBlocks int64
	// renewFrom is the height from which the lease may be renewed again.
	renewFrom int64
	claims    []bid.Draw
	// drawsFrom is where the next page of open draws begins; nil for the newest.
	drawsFrom []byte
	passed    []bid.Passed
	// scanned is the height up to which blocks were searched for receipts, scannedFrom
	// where the search began, and unread how many blocks the node could not show.
	scanned, scannedFrom int64
	unread               int
	// deliveries bring outputs to sinks, those of assignments that are over among them.
	deliveries map[store.Key]*delivery
	// probes are the servers that results would go to; probing counts those that are
	// being asked.
	probes  map[string]*probe
	probing int
	// answered: one of them has answered since the open draws were read.
	answered bool
	// asked is how far requests to deliver again were read.
	asked   asked
	sending bool
	proofs  proofs
	// freshFrom is the height of our newest transaction: older state does not know of it.
	freshFrom int64
	draining  bool
	running   int
	// suspects among them run alone.
	suspects  int
	shuns     *bid.Shuns
	prunedAt  time.Time
	lastError string
	errorAt   time.Time
	// fatal ends Run: without a journal nothing may be sent.
	fatal error
}

// New checks the configuration and returns an agent that has not started.
func New(cfg Config) (*Agent, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.setDefaults()
	executors := make(map[string]executor.Executor, len(cfg.Executors))
	for _, e := range cfg.Executors {
		if _, twice := executors[e.Profile()]; twice {
			return nil, fmt.Errorf("agent: expected one executor for profile %s, found two", e.Profile())
		}
		executors[e.Profile()] = e
	}
	if err := os.MkdirAll(cfg.WorkDir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the work folder: %w", osfault.Explain(cfg.WorkDir, err))
	}
	inputs, err := newCache(cfg.CacheDir, cfg.CacheBytes, cfg.Transfers)
	if err != nil {
		return nil, err
	}
	if err := edgenodetypes.CheckText("device", cfg.Device, edgenodetypes.MaxModelBytes); err != nil {
		// A reveal that the chain refuses for its name would cost the stake.
		cfg.Logger.Warn("the device is not named in results", "error", err)
		cfg.Device = ""
	}
	m, err := newMetrics(cfg.Registry)
	if err != nil {
		return nil, err
	}
	a := &Agent{
		cfg: cfg, executors: executors, cache: inputs, metrics: m,
		drain:       make(chan struct{}),
		events:      make(chan event),
		assignments: map[store.Key]*assignment{},
		jobs:        map[string]job{},
		shuns:       bid.NewShuns(nil),
		deliveries:  map[store.Key]*delivery{},
		probes:      map[string]*probe{},
	}
	a.publish()
	return a, nil
}

// Drain makes Run claim nothing more and return once all that the node holds is
// revealed. What waits for a verdict then is settled at the next start.
func (a *Agent) Drain() { a.drainOnce.Do(func() { close(a.drain) }) }

// Run works until ctx ends or a drain is complete; it may be cut off at any
// instant. It fails only when the journal cannot be read or written.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	a.ctx = ctx
	defer func() {
		cancel()
		a.workers.Wait()
		a.laidDown()
	}()
	if err := a.restore(); err != nil {
		return err
	}
	ticker := time.NewTicker(a.cfg.Poll)
	defer ticker.Stop()
	drain := a.drain
	a.look()
	for {
		a.step()
		a.publish()
		switch {
		case a.fatal != nil:
			return fmt.Errorf("agent stops, because nothing may be sent that is not journalled: %w", a.fatal)
		case a.draining && a.drained():
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-drain:
			a.draining, drain = true, nil
			a.cfg.Logger.Info("draining: no new claims")
		case e := <-a.events:
			e.apply(a)
		case <-ticker.C:
			a.look()
		}
	}
}

// restore takes up what the journal has left unfinished.
func (a *Agent) restore() error {
	records, err := a.cfg.Journal.List(store.Filter{})
	if err != nil {
		return fmt.Errorf("cannot read the journal: %w", err)
	}
	if err := clearWork(a.cfg.WorkDir, records); err != nil {
		a.cfg.Logger.Warn("cannot delete outputs that nobody needs", "error", err)
	}
	shuns, err := a.cfg.Journal.Shuns()
	if err != nil {
		return fmt.Errorf("cannot read the journal: %w", err)
	}
	crashes := make([]bid.Crash, len(shuns))
	for i, s := range shuns {
		crashes[i] = bid.Crash(s)
	}
	a.shuns = bid.NewShuns(crashes)
	a.asked.from = firstAsked(records)
	for _, record := range records {
		if record.Phase.Finished() {
			a.keepDelivering(record)
			continue
		}
		w := a.track(record)
		a.floor = max(a.floor, record.Seen)
		w.recovered = record.Phase == store.PhaseRunning
		a.cfg.Logger.Info("resuming", "assignment", record.Key, "phase", record.Phase)
	}
	return nil
}

// drained tells whether nothing is left that a pause could cost.
func (a *Agent) drained() bool {
	if a.sending {
		return false
	}
	for _, w := range a.assignments {
		if holds(w.record.Phase) {
			return false
		}
	}
	return true
}

// event is news from beside the loop.
type event interface{ apply(a *Agent) }

// post hands an event to the loop, unless it has ended.
func (a *Agent) post(e event) {
	select {
	case a.events <- e:
	case <-a.ctx.Done():
	}
}

// beside runs work outside of the loop and hands over what it returns.
func (a *Agent) beside(work func() event) {
	a.workers.Add(1)
	go func() {
		defer a.workers.Done()
		a.post(work())
	}()
}

// look asks for the height and, on a new block, for all that concerns this node.
func (a *Agent) look() {
	ctx, cancel := context.WithTimeout(a.ctx, queryTimeout)
	defer cancel()
	tip, err := a.cfg.Chain.Tip(ctx)
	if err != nil {
		a.trouble("cannot read the chain's height", err)
		return
	}
	if why := a.outOfDate(tip.Height); why != nil {
		a.trouble("the node shows an old state", why)
		return
	}
	if tip.Height <= a.height {
		a.lookAgain(ctx)
		return
	}
	if err := a.refresh(ctx); err != nil {
		a.trouble("cannot read the chain's state", err)
		return
	}
	a.metrics.height.Set(float64(a.height))
	a.prune()
}

// staleAfter is how long no block may come before the owner is told.
const staleAfter = time.Minute

// outOfDate says what is wrong with a node whose newest block has a height; nil for
// nothing. A node that catches up, or has stopped, answers like any other.
func (a *Agent) outOfDate(height int64) error {
	switch {
	case height < a.floor:
		return fmt.Errorf("expected at least height %d, which this home has seen before: the node catches up, or chain.grpc names another chain; nothing is sent until then. Keep this home, because its journal holds the salts of %d assignments that are not over, and each that has committed costs bond when it is not revealed. If the chain was begun anew from height 0, work for it from another home: thetaedge init --home", a.floor, len(a.assignments))
	case height <= a.height && a.height > 0 && a.cfg.Now().Sub(a.heightAt) > staleAfter:
		return fmt.Errorf("no block came after height %d for more than %s: the chain has halted, or the node of chain.grpc has; check it, or name another, because deadlines may pass meanwhile", a.height, staleAfter)
	}
	return nil
}

// refresh reads the chain's state and makes the journal agree with it.
func (a *Agent) refresh(ctx context.Context) error {
	if err := a.readParams(ctx); err != nil {
		return err
	}
	node, err := a.cfg.Chain.Node(ctx, a.cfg.Chain.Address().String())
	if errors.Is(err, chain.ErrNotFound) {
		a.node = nil
		return fmt.Errorf("worker %s serves no node yet; run thetaedge register, or rotate the worker key: %w", a.cfg.Chain.Address(), err)
	}
	if err != nil {
		return err
	}
	if err := a.adopt(node); err != nil {
		return err
	}
	work, err := a.cfg.Chain.Assignments(ctx, node.Profile.Operator)
	if err != nil {
		return err
	}
	if work.Height <= a.height || work.Height < a.floor {
		// Another node behind the same endpoint, which lags.
		return nil
	}
	a.height, a.heightAt = work.Height, a.cfg.Now()
	if err := a.reconcile(ctx, work); err != nil {
		return err
	}
	a.readRedeliveries(ctx)
	if a.fatal != nil {
		return a.fatal
	}
	a.claims, a.answered = nil, false
	if a.wantsWork() {
		a.claims, err = a.openDraws(ctx)
	}
	return err
}

// paramsPause is how many blocks pass between two readings of the parameters.
const paramsPause = 100

// readParams reads the parameters that matter here, now and then.
func (a *Agent) readParams(ctx context.Context) error {
	if a.maxBatch != 0 && a.height < a.paramsAt+paramsPause {
		return nil
	}
	params, err := a.cfg.Chain.ComputeParams(ctx)
	if err != nil {
		return err
	}
	nodes, err := a.cfg.Chain.EdgenodeParams(ctx)
	if err != nil {
		return err
	}
	a.params, a.paramsAt = params, a.height
	a.maxBatch, a.leaseBlocks = max(int(params.MaxBatch), 1), int64(nodes.LeaseBlocks) //nolint:gosec // at most 2^48
	return nil
}

// trouble notes what went wrong for the owner to see; the next block tries again.
func (a *Agent) trouble(what string, err error) {
	if a.ctx.Err() != nil {
		return
	}
	err = osfault.Explain("", err)
	text := fmt.Sprintf("%s: %v", what, err)
	if text != a.lastError {
		a.cfg.Logger.Warn(what, "error", err)
	}
	a.lastError, a.errorAt = text, a.cfg.Now()
	a.metrics.troubles.Inc()
}

// journal runs a change, and ends the agent when it cannot be written.
func (a *Agent) journal(change func(*store.Tx) error) bool {
	if a.fatal != nil {
		return false
	}
	if err := a.cfg.Journal.Update(change); err != nil {
		a.fatal = err
		return false
	}
	return true
}
