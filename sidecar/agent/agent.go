package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/blob/hosts"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// queryTimeout bounds the time of all queries for one block.
const queryTimeout = 15 * time.Second

// Agent works for one node. Callers create it with New and run it once.
type Agent struct {
	cfg       Config
	executors map[string]executor.Executor
	cache     *cache
	metrics   *metrics
	status    atomic.Pointer[Status]
	drain     drain
	// suspension is used by a goroutine of its own; the loop reads whether it is on.
	suspension suspension
	// rules are those of the last call of Adopt, until the loop takes them over.
	rules atomic.Pointer[Rules]

	// Only the goroutine of Run uses the fields below.

	loop        loop
	view        view
	horizon     horizon
	wake        wake
	listings    listings
	suspected   suspicion
	assignments assignments
	jobs        jobs
	draws       draws
	shuns       *bid.Shuns
	strays      *hosts.Strays
	line        store.Line
	sinks       *sinks
	places      places
	proofs      proofs
	outbox      outbox
	deliveries  *deliveries
	receipts    receipts
	// asked says how far the requests to deliver again have been read.
	asked       asked
	prunedAt    time.Time
	lastTrouble lastTrouble
	// fatal ends Run. Without a journal, the agent must not send anything.
	fatal error
}

// New checks the configuration and returns an agent that has not started yet.
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
		// If the chain refused a reveal because of the device's name, the node would lose its
		// stake.
		cfg.Logger.Warn("the device is not named in results", "error", err)
		cfg.Device = ""
	}
	m, err := newMetrics(cfg.Registry)
	if err != nil {
		return nil, err
	}
	a := &Agent{
		cfg: cfg, executors: executors, cache: inputs, metrics: m,
		drain:       drain{asked: make(chan struct{})},
		suspension:  suspension{wanted: cfg.Suspended, executors: executors},
		loop:        loop{events: make(chan event)},
		assignments: assignments{},
		jobs:        jobs{},
		shuns:       bid.NewShuns(nil),
		strays:      &hosts.Strays{},
		draws:       draws{tally: bid.NewTally()},
		sinks:       newSinks(cfg.Now),
		places:      places{most: cfg.Policy.MaxJobs},
		proofs:      proofs{prover: cfg.Prover},
		horizon:     horizon{fastest: cfg.FastestBlock},
		wake:        wake{boot: cfg.SinceBoot},
		deliveries:  newDeliveries(cfg.Now, cfg.Retry),
	}
	a.publish()
	return a, nil
}

// Drain makes Run stop claiming. Run returns once everything that the node holds has been
// revealed. Tasks that then still wait for a verdict are settled after the next start.
func (a *Agent) Drain() {
	a.drain.whole.Store(false)
	a.drain.once.Do(func() { close(a.drain.asked) })
}

// DrainWhole makes Run stop claiming, like Drain. But it lets chunks run to their ends and waits for
// programs that are suspended, because nothing urges it. Drain overrides it.
func (a *Agent) DrainWhole() {
	a.drain.once.Do(func() {
		a.drain.whole.Store(true)
		close(a.drain.asked)
	})
}

// Run works until ctx ends or a drain is complete. It may be interrupted at any time. It fails
// only if the journal cannot be read or written.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	a.loop.ctx = ctx
	defer func() {
		cancel()
		a.loop.workers.Wait()
		a.laidDown()
	}()
	if err := a.restore(); err != nil {
		return err
	}
	a.suspension.on.Store(a.cfg.Suspended())
	a.loop.workers.Go(func() {
		a.suspension.follow(ctx, func(err error) { a.loop.beside(func() event { return unsuspended{err} }) })
	})
	ticker := time.NewTicker(a.cfg.Poll)
	defer ticker.Stop()
	asked := a.drain.asked
	a.look()
	a.wake.passed = a.wake.boot()
	for {
		a.noticeSleep()
		a.step()
		a.publish()
		switch {
		case a.fatal != nil && passes(a.fatal) && ctx.Err() != nil:
			return nil // the agent was stopped while the disk took nothing
		case a.fatal != nil:
			return fmt.Errorf("agent stops, because nothing may be sent that is not journalled: %w", a.fatal)
		case a.drain.begun && a.drained():
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-asked:
			a.drain.begun, asked = true, nil
			a.cfg.Logger.Info("draining: no new claims")
		case e := <-a.loop.events:
			a.noticeSleep()
			e.apply(a)
		case <-ticker.C:
			a.noticeSleep()
			a.look()
		}
	}
}

// restore loads the unfinished work from the journal.
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
			a.deliveries.keep(a.loop.ctx, record)
			continue
		}
		w := a.track(record)
		a.view.floor = max(a.view.floor, record.Seen)
		w.recovered = record.Phase == store.PhaseRunning
		a.cfg.Logger.Info("resuming", "assignment", record.Key, "phase", record.Phase)
	}
	return nil
}

// drained reports whether the node does not hold anything that it would lose by pausing. It does
// not wait for programs that are suspended, unless it is to end everything.
func (a *Agent) drained() bool {
	except := a.standsStill
	if a.drain.whole.Load() {
		except = func(*assignment) bool { return false }
	}
	return !a.outbox.sending && !a.assignments.holdAny(except)
}

// look queries the height. If there is a new block, it reads everything that concerns this
// node.
func (a *Agent) look() {
	if !a.foresees() {
		return
	}
	ctx, cancel := context.WithTimeout(a.loop.ctx, queryTimeout)
	defer cancel()
	gaps := a.wake.gaps
	endpoint := a.cfg.Endpoints.Using()
	tip, err := a.cfg.Chain.Tip(ctx)
	if err != nil {
		a.trouble("cannot read the chain's height", err)
		return
	}
	now := a.cfg.Now()
	if err := a.horizon.check(tip.Height, now); err != nil {
		a.trouble("the node shows a state that cannot be", err)
		a.suspect(endpoint, tip.Height)
		a.doubt(tip.Height, tip.UnixSeconds)
		return
	}
	if a.contradicted(endpoint, tip.Height) {
		return
	}
	why := a.view.outOfDate(tip.Height, now, len(a.assignments))
	if why != nil {
		a.trouble("the node shows an old state", why)
	}
	if why != nil || tip.Height+leap < a.view.height {
		a.doubt(tip.Height, tip.UnixSeconds)
		return
	}
	a.horizon.doubt = time.Time{}
	if tip.UnixSeconds > 0 {
		a.view.blockAt = time.Unix(tip.UnixSeconds, 0)
	}
	if tip.Height <= a.view.height {
		a.wake.saw(gaps)
		a.lookAgain(ctx)
		return
	}
	if a.horizon.height == 0 {
		a.horizon.show(tip.Height, now) // the first answers have to agree with each other
	}
	if err := a.refresh(ctx); err != nil {
		a.trouble("cannot read the chain's state", err)
		return
	}
	a.metrics.height.Set(float64(a.view.height))
	a.prune()
}

// refresh reads the chain's state and updates the journal to agree with it.
func (a *Agent) refresh(ctx context.Context) error {
	endpoint, gaps := a.cfg.Endpoints.Using(), a.wake.gaps
	if err := a.view.readParams(ctx, a.cfg.Chain); err != nil {
		return err
	}
	node, err := a.cfg.Chain.Node(ctx, a.cfg.Chain.Address().String())
	if errors.Is(err, chain.ErrNotFound) {
		a.view.node = nil
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
	now := a.cfg.Now()
	if err := a.horizon.check(work.Height, now); err != nil {
		a.suspect(endpoint, work.Height)
		return err
	}
	if work.Height <= a.view.height || work.Height < a.view.floor {
		// The answer is from another node behind the same endpoint that is some blocks behind.
		return nil
	}
	a.view.height, a.view.at = work.Height, now
	a.listings.from = endpoint
	a.horizon.show(work.Height, now)
	if err := a.reconcile(ctx, work); err != nil {
		return err
	}
	a.wake.saw(gaps)
	a.compare()
	a.readRedeliveries(ctx)
	if a.fatal != nil {
		return a.fatal
	}
	if err := a.readLine(); err != nil {
		a.trouble("cannot count what has passed the line", err)
	}
	a.draws.claims, a.sinks.answered = nil, false
	if a.wantsWork() {
		a.draws.claims, err = a.openDraws(ctx)
	}
	return err
}

// lastTrouble is the latest error, for the owner.
type lastTrouble struct {
	text string
	at   time.Time
}

// trouble records an error for the owner. The agent tries again at the next block.
func (a *Agent) trouble(what string, err error) {
	if a.loop.ctx.Err() != nil {
		return
	}
	err = osfault.Explain("", err)
	text := fmt.Sprintf("%s: %v", what, err)
	if text != a.lastTrouble.text {
		a.cfg.Logger.Warn(what, "error", err)
	}
	a.lastTrouble.text, a.lastTrouble.at = text, a.cfg.Now()
	a.metrics.troubles.Inc()
}

// journal applies a change to the journal. While the disk does not take it, the loop stands by. It ends the
// agent if the change cannot be written for another reason.
func (a *Agent) journal(change func(*store.Tx) error) bool {
	if a.fatal != nil {
		return false
	}
	err := a.cfg.Journal.Update(change)
	if passes(err) {
		err = a.standBy(change, err)
	}
	a.fatal = err
	return err == nil
}
