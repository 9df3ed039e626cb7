package cmd

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/clock"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
)

// manualRule is the name under which a pause by thetaedge pause is shown.
const manualRule = owner.Rule("manual")

// brake holds a node back as its owner wishes: by thetaedge pause, which lasts until thetaedge
// resume whatever the rules say, and by the rules of [owner].
type brake struct {
	home    string
	watcher *owner.Watcher
}

// newBrake returns the brake of a node. Rules about power and graphics cards read the watch of the cards,
// so that the daemon opens each driver once.
func newBrake(n *node, cards *cards, logger *slog.Logger) (*brake, error) {
	return brakeOf(n.home, n.config.Owner, cards, logger)
}

// brakeOf returns a brake of a home with other rules than those of its settings.
func brakeOf(home string, rules config.Owner, cards *cards, logger *slog.Logger) (*brake, error) {
	policy, err := rules.Rules()
	if err != nil {
		return nil, err
	}
	b := &brake{home: home}
	cfg := owner.WatcherConfig{Policy: policy, Logger: logger, SinceBoot: clock.SinceBoot}
	if !policy.Empty() {
		cfg.Sensors = owner.Open(owner.OpenConfig{Home: home, Getenv: os.Getenv, Watts: cards.ledger.Watts, Cards: cards.watch})
	}
	b.watcher, err = owner.NewWatcher(cfg)
	return b, err
}

// attach makes an agent obey the brake.
func (b *brake) attach(cfg *agent.Config) {
	cfg.Paused, cfg.Suspended, cfg.Holds = b.paused, b.suspended, b.decision
	cfg.Away = func() bool { return isPaused(b.home) }
}

func (b *brake) paused() bool { return isPaused(b.home) || b.watcher.Decision().Action >= owner.Pause }

func (b *brake) suspended() bool {
	return isSuspended(b.home) || b.watcher.Decision().Action >= owner.Suspend
}

// decision returns all reasons. A pause by hand comes first.
func (b *brake) decision() owner.Decision {
	d := b.watcher.Decision()
	if !isPaused(b.home) {
		return d
	}
	reason := owner.Reason{
		Rule: manualRule, Action: owner.Pause, Sentence: "the owner has paused this machine with thetaedge pause",
		Cure: "run thetaedge resume",
	}
	if isSuspended(b.home) {
		reason.Action, reason.Sentence = owner.Suspend, "the owner has suspended this machine with thetaedge pause --suspend"
	}
	if info, err := os.Stat(filepath.Join(b.home, pauseFile)); err == nil {
		reason.Since = info.ModTime()
	}
	return d.With(reason)
}

// follow watches the rules concurrently with the caller until ctx ends. The function that it returns waits
// for the end.
func (b *brake) follow(ctx context.Context, cards *cards) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		cards.await(ctx) // until then, the rules about cards would see nothing, and the node suspends
		b.watcher.Run(ctx)
	}()
	return func() { <-done }
}

// checkRules reads the sensors that the owner's rules need once.
func checkRules(ctx context.Context, r *report, n *node) {
	cards := newCards(nil)
	cards.watch.Look(ctx)
	defer func() { _ = cards.watch.Close() }()
	b, err := newBrake(n, cards, slog.New(slog.DiscardHandler))
	if err != nil {
		r.line(missing, "rules", "%v", err)
		return
	}
	policy, err := n.config.Owner.Rules()
	if err != nil || policy.Empty() {
		r.line(good, "rules", "none: the machine works at any time; [owner] in config.toml is for rules")
		return
	}
	b.watcher.Look(ctx)
	d := b.watcher.Decision()
	for _, blind := range d.Blind {
		r.line(unsure, "rules", "owner.%s is not seen: %s", blind.Rule, oneLine(blind.Why))
	}
	for i := range d.Reasons {
		r.line(unsure, "rules", "%s; to go on: %s", oneLine(d.Reasons[i].Sentence), d.Reasons[i].Cure)
	}
	if len(d.Blind) == 0 && len(d.Reasons) == 0 {
		r.line(good, "rules", "%v allow work now", policy.Rules())
	}
}
