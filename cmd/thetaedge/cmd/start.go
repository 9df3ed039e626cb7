package cmd

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/blob/hosts"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/api"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/service"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/sidecar/worker"
)

const (
	// chainRetry is the pause between two tries to reach the chain at the start.
	chainRetry = 2 * time.Second
	// firstAnswer and nextAnswer are how long the first try and the others wait for an answer. After the first one,
	// other commands find a daemon that waits.
	firstAnswer = 2 * time.Second
	nextAnswer  = 10 * time.Second
)

func startCommand() *cobra.Command {
	scheduled := false
	command := &cobra.Command{
		Use:   "start",
		Short: "Run the node",
		Long: `start runs the node until it is told to stop. After the first interrupt, SIGTERM or
SIGHUP of its terminal it stops claiming, and reveals what it holds for as long as work.drain-timeout
allows; the second signal stops it at once. Without a terminal, SIGHUP makes it read the settings again;
thetaedge settings says which ones then count. You can kill it at any time: the next start
continues where it ended. Outputs that a sink has not accepted are sent again until
work.retention ends, also after a restart.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			return service.Attend(service.DefaultName, home, scheduled, command.ErrOrStderr(), func(log io.Writer, stops <-chan os.Signal) error {
				return startVersion(home, command.Flags(), log, stops, func(stops <-chan os.Signal) error {
					n, err := openNode(command)
					if err != nil {
						return err
					}
					logs := web.NewLogs()
					logger := newLogger(n.config.Log, log)
					logger = slog.New(slog.NewMultiHandler(logger.Handler(), logs.Handler(levelOf(n.config.Log))))
					return errors.Join(start(command.Context(), n, newBoard(n, logs, logger), stops, logger), n.close())
				})
			})
		},
	}
	command.Flags().BoolVar(&scheduled, service.TaskFlag, false, "the Task Scheduler of Windows has started the daemon: its log goes into the home")
	_ = command.Flags().MarkHidden(service.TaskFlag) // it was just added
	return command
}

// start runs the agent, the API and the dashboard until a signal ends them. stops contains orders to
// stop that are not signals of the system; it may be nil.
func start(parent context.Context, n *node, board *board, stops <-chan os.Signal, logger *slog.Logger) (err error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	signals, terminal := make(chan os.Signal, 2), hasTerminal()
	signal.Notify(signals, stopSignals(terminal)...)
	defer signal.Stop(signals)
	defer n.reloadOn(ctx, reloadSignals(terminal), logger)()
	go forward(ctx, n.restart.heed(ctx, stops), signals)
	n.restart.stop, n.restart.limit = cancel, n.config.Work.DrainTimeout
	defer func() {
		if err == nil && n.restart.due() {
			err = errAgain
		}
	}()

	journal, err := store.Open(n.home, n.clock.Latest)
	if err != nil {
		return err
	}
	if err := tryRoom(n, journal, logger); err != nil {
		return errors.Join(err, journal.Close())
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	if n.bound, err = journal.Chain(); err != nil {
		return err
	}
	defer watchEndpoints(ctx, n, logger)()
	keys := make(chan struct{})
	go func() {
		defer close(keys)
		followWorkerKey(ctx, n, logger)
	}()
	defer func() { cancel(); <-keys }()
	updates, err := newUpdater(n, logger)
	if err != nil {
		return err
	}
	waitUpdates := followUpdates(ctx, updates)
	defer func() { cancel(); waitUpdates() }()
	n.updates = updates
	n.cards = newCards(logger)
	board.observer = newObserver(board, logger)
	stopBoard := board.serve(ctx, logger)
	defer stopBoard()
	stopObserver := board.observer.run(ctx)
	defer stopObserver()
	if err := n.adjusts(ctx, board.observer.change); err != nil {
		return err
	}
	chainID, err := awaitChain(ctx, n, logger, signals)
	if err != nil || chainID == "" {
		return err
	}
	if err := journal.Bind(chainID); err != nil {
		return err
	}
	return work(ctx, n, board, chainID, journal, signals, logger)
}

// work runs the agent and the API once the chain is known.
func work(parent context.Context, n *node, board *board, chainID string, journal *store.Journal, signals chan os.Signal, logger *slog.Logger) (err error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	engines, err := newEngines(n, n.workersDir(), n.config.Policy.MaxJobs, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engines.close()) }()
	warnUnwalled(ctx, engines, logger)
	warnOneRate(n, logger)
	engines.meet(ctx, n, logger)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := board.observer.register(registry); err != nil {
		return err
	}
	out, err := newOutward(n, journal)
	if err != nil {
		return err
	}
	executors := engines.list()
	containers, err := newContainers(n, out.transfers.Strangers(), logger)
	if err != nil {
		return err
	}
	if containers != nil {
		executors = append(executors, containers)
		defer func() { err = errors.Join(err, containers.Close()) }()
	}
	n.cards.uses(engines.chosen)
	brake, err := newBrake(n, n.cards, logger)
	if err != nil {
		return err
	}
	endCards := n.cards.follow(ctx)
	defer func() { err = errors.Join(err, endCards()) }()
	board.brake.Store(brake)
	release := brake.follow(ctx, n.cards)
	defer func() { cancel(); release() }()
	if err := n.adjusts(ctx, brake.change); err != nil {
		return err
	}
	tx, err := n.txConfig(chainID, journal)
	if err != nil {
		return err
	}
	sender := chain.NewSender(n.conn, n.codec, n.worker, tx, logger)
	worker, err := newAgent(ctx, n, sender, chainID, journal, out, executors, brake, registry, logger)
	if err != nil {
		return err
	}
	endCollecting, err := collectEarnings(ctx, n, sender, logger)
	if err != nil {
		return err
	}
	defer func() { cancel(); endCollecting() }()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		board.books.keep(ctx, n, chainID, journal, worker.Status, logger)
	}()
	defer func() { cancel(); <-kept }()
	identity := api.Identity{Version: buildVersion(), ChainID: chainID, Worker: n.worker.Address().String(), StartedAt: time.Now()}
	answers := api.NewService(identity, worker.Status, journal, executors)
	answers.ShowDevices(n.cards)
	answers.ShowUpdates(n.updates.Text)
	answers.ExplainWith(daemonSources(n, chainID, journal))
	answers.ShowEndpoints(n.conn.States)
	if err := countEndpoints(n, registry); err != nil {
		return err
	}
	server, err := api.NewServer(answers, registry, logger)
	if err != nil {
		return err
	}
	board.service.Store(answers)
	stopAPI, err := serve(n, server, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopAPI()) }()
	warnUndeclared(ctx, n, logger)
	n.restart.works(worker)
	go drainOn(ctx, signals, worker, n.config.Work.DrainTimeout, cancel, logger)
	logger.Info("started", "chain", chainID, "worker", identity.Worker, "version", identity.Version)
	return worker.Run(ctx)
}

// warnUnwalled starts the first worker of each profile and tells the owner which layers of
// isolation are missing.
func warnUnwalled(ctx context.Context, engines engines, logger *slog.Logger) {
	var layers []worker.Layer
	for _, engine := range engines {
		found, err := engine.Layers(ctx)
		if err != nil {
			logger.Error("the node takes no work of a profile until programs can be run", "profile", engine.Profile(), "error", err)
		}
		if len(layers) == 0 {
			layers = found
		}
	}
	for _, layer := range layers {
		if layer.Missing != "" {
			logger.Warn("programs run without a layer of isolation; thetaedge doctor says more", "layer", layer.Name, "reason", layer.Missing)
		}
	}
}

// awaitChain returns the chain's id once the node answers; "" when a signal came first.
func awaitChain(ctx context.Context, n *node, logger *slog.Logger, signals chan os.Signal) (id string, err error) {
	told, waiting, patience := "", false, firstAnswer
	defer func() {
		if waiting {
			err = errors.Join(err, daemon{}.remove(n.home))
		}
	}()
	for {
		query, cancel := context.WithTimeout(ctx, patience)
		chainID, err := n.chainID(query)
		cancel()
		patience = nextAnswer
		if err == nil || n.wrongChain(chainID) {
			return chainID, err
		}
		if text := err.Error(); text != told {
			told = text
			logger.Warn("waiting for the chain", "error", err)
			// thetaedge status would otherwise find no daemon.
			if err := (daemon{PID: os.Getpid(), Waiting: told, Dashboard: n.dashboard}).announce(n.home, logger); err != nil {
				return "", err
			}
			waiting = true
		}
		select {
		case <-ctx.Done():
			return "", nil
		case <-signals:
			return "", nil
		case <-time.After(chainRetry):
		}
	}
}

// outward is what the daemon uses to exchange content with servers that jobs name.
type outward struct {
	allowed   *hosts.Allowed
	line      *agent.LineMeter
	transfers *transfer.Client
}

func newOutward(n *node, journal *store.Journal) (outward, error) {
	networks, names, err := n.config.Work.Own()
	if err != nil {
		return outward{}, err
	}
	list, err := n.config.Egress.List()
	if err != nil {
		return outward{}, err
	}
	o := outward{allowed: hosts.NewAllowed(list), line: agent.NewLineMeter(journal, n.clock.Now)}
	o.transfers, err = transfer.NewClient(transfer.ClientConfig{
		Timeout: n.config.Work.TransferLimit, RefusePrivate: n.config.Work.RefusePrivate,
		Strangers: true, KeepPartial: true, OwnNetworks: networks, OwnNames: names, Hosts: o.allowed, Moved: o.line.Moved,
	})
	return o, err
}

func newAgent(ctx context.Context, n *node, sender *chain.Sender, chainID string, journal *store.Journal, out outward, executors []executor.Executor, brake *brake, registry prometheus.Registerer, logger *slog.Logger) (*agent.Agent, error) {
	policy, err := policyOf(n)
	if err != nil {
		return nil, err
	}
	operator, err := n.config.Chain.OperatorAddress()
	if err != nil {
		return nil, err
	}
	cfg := agent.Config{
		ChainID:   chainID,
		Version:   buildVersion(),
		Operator:  operator,
		Chain:     sender,
		Journal:   journal,
		Transfers: out.transfers,
		Line:      out.line, MaxDayBytes: uint64(n.config.Egress.MaxDay),
		Uploads:   chain.NewUploadSigner(n.worker),
		Executors: executors,
		Meter:     n.cards.processor(),
		Meters:    map[string]device.Meter{tensors.Profile: n.cards.tensors()},
		Device:    detect().Model(),
		CacheDir:  n.cacheDir(), CacheBytes: int64(n.config.Work.Cache), //nolint:gosec // bounded when read
		WorkDir:        n.workDir(),
		FreeBytes:      device.FreeBytes,
		Retention:      n.config.Work.Retention,
		ExecutionLimit: n.config.Work.ExecutionLimit,
		RevealMargin:   n.config.Work.RevealMargin,
		Poll:           n.config.Chain.Poll,
		Policy:         policy,
		Now:            n.clock.Now, ClockWarning: n.clock.Warning, Woke: n.links.Drop,
		Logger: logger, Registry: registry,
	}
	brake.attach(&cfg)
	n.compares(&cfg)
	prover, err := n.prover(chainID)
	if err != nil {
		return nil, err
	}
	if prover != nil {
		cfg.Prover, cfg.ProvenElsewhere = prover, prover.Elsewhere
	} else {
		logger.Warn("nothing is proven: everything that the node of chain.grpc says is trusted, and a lying node could make this machine reveal results too early", "setting", "chain.verify = none")
	}
	worker, err := agent.New(cfg)
	if err != nil {
		return nil, err
	}
	return worker, n.adjusts(ctx, ofAgent(n, worker, out.allowed))
}

// policyOf reads the owner's policy.
func policyOf(n *node) (bid.Policy, error) { return policyIn(n, n.settings()) }

// policyIn reads the owner's policy in some settings of a node.
func policyIn(n *node, settings config.Config) (bid.Policy, error) {
	p := settings.Policy
	rewards, err := p.Rewards()
	if err != nil {
		return bid.Policy{}, err
	}
	programs, err := p.Programs()
	if err != nil {
		return bid.Policy{}, err
	}
	requesters, err := p.Requesters()
	if err != nil {
		return bid.Policy{}, err
	}
	rates, err := settings.Rates()
	if err != nil {
		return bid.Policy{}, err
	}
	prices, err := p.Prices()
	if err != nil {
		return bid.Policy{}, err
	}
	allowed, err := settings.Egress.List()
	if err != nil {
		return bid.Policy{}, err
	}
	digests := make([][sha256.Size]byte, len(programs))
	for i, program := range programs {
		digests[i] = program
	}
	return bid.Policy{
		MaxJobs: p.MaxJobs, MinRewards: rewards, MinPrices: pricesOf(prices), MaxFuel: p.MaxFuel, FuelPerBlock: rates.Least(), Rates: ratesOf(rates),
		MaxMemoryBytes: uint64(p.MaxMemory), MaxDeviceBytes: n.maxDevice(), MaxInputBytes: uint64(p.MaxInput), MaxOutputBytes: uint64(p.MaxOutput),
		MaxChallengeBlocks: p.MaxChallengeBlocks,
		ContainerFuel:      uint64(settings.Work.ExecutionLimit.Nanoseconds()), ContainerGPUs: len(settings.Container.GPUs) > 0, //nolint:gosec // at least a second
		Trust: bid.Trust(p.Trust), Grants: bid.Grants(p.Grants), OwnRiskPrograms: digests, DenyRequesters: requesters, Hosts: allowed,
	}, nil
}

// pricesOf returns the least prices for bids.
func pricesOf(prices []config.FuelPrice) []bid.Price {
	list := make([]bid.Price, len(prices))
	for i, price := range prices {
		list[i] = bid.Price{Executor: price.Profile, Amount: price.Amount}
	}
	return list
}

// ratesOf returns the rates of single profiles for bids, sorted by profile.
func ratesOf(rates config.Rates) []bid.Rate {
	var list []bid.Rate
	for _, profile := range slices.Sorted(maps.Keys(rates.Of)) {
		list = append(list, bid.Rate{Executor: profile, FuelPerBlock: rates.Of[profile]})
	}
	return list
}

// serve starts the API concurrently with the agent and returns a function that stops it.
func serve(n *node, server *api.Server, logger *slog.Logger) (func() error, error) {
	grpcListener, httpListener, err := n.listen()
	if err != nil {
		return nil, err
	}
	for _, listener := range []net.Listener{grpcListener, httpListener} {
		if at, ok := listener.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
			logger.Warn("the api answers beyond this machine and has no password; set api.grpc and api.http to 127.0.0.1 unless a firewall blocks other machines", "address", at.String())
		}
	}
	run := daemon{PID: os.Getpid(), GRPC: grpcListener.Addr().String(), HTTP: httpListener.Addr().String(), Dashboard: n.dashboard}
	if err := run.announce(n.home, logger); err != nil {
		return nil, errors.Join(err, grpcListener.Close(), httpListener.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := server.Serve(ctx, grpcListener, httpListener)
		if err != nil {
			logger.Error("api stopped; the node continues", "error", err)
		}
		done <- err
	}()
	return func() error {
		cancel()
		return errors.Join(<-done, run.remove(n.home))
	}, nil
}

// forward passes orders to stop on as if they were signals.
func forward(ctx context.Context, stops <-chan os.Signal, signals chan<- os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case stop := <-stops:
			signals <- stop
		}
	}
}

// drainOn turns the first signal into a drain and the second into a stop.
func drainOn(ctx context.Context, signals chan os.Signal, worker *agent.Agent, limit time.Duration, stop context.CancelFunc, logger *slog.Logger) {
	select {
	case <-ctx.Done():
		return
	case s := <-signals:
		logger.Info("stopping", "signal", s.String(), "drain", limit)
	}
	worker.Drain()
	select {
	case <-ctx.Done():
	case <-signals:
		logger.Info("stopping at once")
	case <-time.After(limit):
		logger.Info("drain timeout is over; the next start continues with what the node holds")
	}
	// A further signal kills the process if anything still runs.
	signal.Stop(signals)
	stop()
}
