package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thetaedge/theta/sidecar/alert"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/overview"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/sidecar/web/sensors"
)

// observer looks at the node every half minute, for alerts, metrics and the owner's other machines. It
// is there from the start of the daemon on, also while the chain does not answer.
type observer struct {
	board     *board
	collector *overview.Collector
	// mu is held while the alerter is used or replaced. alerter is nil if what was told cannot be read.
	mu      sync.Mutex
	alerter *alert.Alerter
	// changes contains new settings of alerts, and ended is closed when nothing takes them any more.
	changes chan alertChange
	ended   chan struct{}
	logger  *slog.Logger
	// registry gathers the metrics of the daemon; it is nil before the chain answers.
	registry atomic.Pointer[prometheus.Registry]
}

func newObserver(b *board, logger *slog.Logger) *observer {
	o := &observer{board: b, logger: logger, changes: make(chan alertChange), ended: make(chan struct{})}
	machine := sensors.New(string(filepath.Separator), b.n.cards.ledger.Watts)
	o.collector = overview.NewCollector(overview.Sources{
		Status: b.Status, Why: b.Why, Chain: b.n.reader, Worker: b.n.worker.Address().String(), Days: o.days,
		Readings: func() []overview.Reading { return readingsOf(machine) },
	})
	var err error
	if o.alerter, err = newAlerter(b.n.home, b.n.config.Alerts, logger); err != nil {
		logger.Error("there are no alerts; the node continues", "error", err)
	}
	return o
}

// newAlerter returns what tells the owner, as the settings say.
func newAlerter(home string, settings config.Alerts, logger *slog.Logger) (*alert.Alerter, error) {
	// The settings were checked when they were read.
	targets, err := settings.Parse()
	if err != nil {
		return nil, err
	}
	kinds, err := alert.ParseKinds(settings.Kinds)
	if err != nil {
		return nil, err
	}
	limits, err := settings.Limits()
	if err != nil {
		return nil, err
	}
	return alert.New(alert.Config{
		Home: home, Targets: targets, Kinds: kinds, Limits: limits, Name: settings.Name,
		Digest: settings.Digest(), PerHour: settings.PerHour, Logger: logger,
	})
}

// days returns what was earned on each day; nothing if the ledger is damaged, which the log says.
func (o *observer) days() ([]overview.Day, error) {
	ledger := o.board.books.ledger
	if ledger == nil {
		return nil, nil
	}
	var days []overview.Day
	for _, d := range ledger.Days() {
		days = append(days, overview.Day{
			Date: d.Date, Ended: d.Ended, Paid: d.Paid, Faults: d.Faults, Pay: d.Pay, Share: d.Share, Lost: d.Lost, EnergyMillijoules: d.EnergyMillijoules,
		})
	}
	return days, nil
}

// readingsOf returns what the sensors of the machine see.
func readingsOf(machine web.Sensors) []overview.Reading {
	var list []overview.Reading
	for _, r := range machine.Read(time.Now()) {
		if r.Missing == "" {
			list = append(list, overview.Reading{Name: r.Name, Unit: r.Unit, Value: r.Value})
		}
	}
	return list
}

// register adds the metrics of the node to those of the daemon, and shows all of them to the owner's other
// machines.
func (o *observer) register(registry *prometheus.Registry) error {
	if err := registry.Register(overview.NewMetrics(o.collector.Last)); err != nil {
		return err
	}
	o.registry.Store(registry)
	return nil
}

// metrics returns what gathers the metrics of the daemon; nil before the chain answers.
func (o *observer) metrics() prometheus.Gatherer {
	if registry := o.registry.Load(); registry != nil {
		return registry
	}
	return nil
}

// alerts returns what the dashboard shows of alerts.
func (o *observer) alerts() alert.View {
	if o == nil {
		return alert.View{}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.alerter == nil {
		return alert.View{}
	}
	return o.alerter.View()
}

// observe judges a snapshot.
func (o *observer) observe(s *overview.Snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.alerter != nil {
		o.alerter.Observe(s)
	}
}

// alertChange contains new settings of alerts. done gets the error with which they were refused, or nil.
type alertChange struct {
	settings config.Alerts
	done     chan error
}

// change makes alerts follow new settings. The book of what was told stays.
func (o *observer) change(ctx context.Context, settings config.Config) error {
	c := alertChange{settings.Alerts, make(chan error, 1)}
	select {
	case o.changes <- c:
	case <-o.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("alerts stay as they were: %w", ctx.Err())
	}
	return <-c.done
}

// sendAlerts sends alerts until ctx ends.
func (o *observer) sendAlerts(ctx context.Context) {
	defer close(o.ended)
	for ctx.Err() == nil {
		o.sendUntilChanged(ctx)
	}
}

// sendUntilChanged sends alerts until there are new settings, or ctx ends.
func (o *observer) sendUntilChanged(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	o.mu.Lock()
	current, done := o.alerter, make(chan struct{})
	o.mu.Unlock()
	go func() {
		defer close(done)
		if current != nil {
			current.Run(ctx)
		}
	}()
	var next *alertChange
	select {
	case <-parent.Done():
	case c := <-o.changes:
		next = &c
	}
	cancel()
	<-done
	if next == nil {
		return
	}
	// The book of the alerts before is on the disk, and nothing is observed until it was read.
	o.mu.Lock()
	defer o.mu.Unlock()
	alerter, err := newAlerter(o.board.n.home, next.settings, o.logger)
	if err == nil {
		o.alerter = alerter
	}
	next.done <- err
}

// run looks at the node concurrently with the caller. The function that it returns ends that.
func (o *observer) run(parent context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(parent)
	var all sync.WaitGroup
	all.Go(func() { o.sendAlerts(ctx) })
	all.Go(func() { o.collector.Run(ctx, overview.Every, o.observe) })
	all.Go(func() { o.serveFleet(ctx) })
	return func() {
		cancel()
		all.Wait()
	}
}

// serveFleet answers the owner's other machines if the settings say so. An address that cannot be opened
// does not stop the node.
func (o *observer) serveFleet(ctx context.Context) {
	settings := o.board.n.config.Fleet
	if settings.Listen == "" {
		return
	}
	listener, err := fleet.Listen(o.board.n.home, settings.Listen, settings.InsecurePlaintext)
	if err != nil {
		o.logger.Error("other machines cannot read this node; the node continues", "error", err)
		return
	}
	if settings.InsecurePlaintext {
		o.logger.Warn("other machines read this node without TLS; tokens can be seen by the network unless it is a tunnel", "address", listener.Addr().String())
	} else {
		o.logger.Info("other machines can read this node with a token of thetaedge fleet token", "address", listener.Addr().String())
	}
	server := fleet.NewServer(fleet.ServerConfig{Home: o.board.n.home, Last: o.collector.Last, Metrics: o.metrics, Names: settings.Names, Logger: o.logger})
	if err := server.Serve(ctx, listener); err != nil {
		o.logger.Error("other machines cannot read this node any more; the node continues", "error", err)
	}
}
