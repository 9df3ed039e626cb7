package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/thetaedge/theta/client"
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
	home string
	// inForce watches the rules that count now. watch makes another one.
	inForce atomic.Pointer[ruleWatch]
	watch   func(rules config.Owner) (*ruleWatch, error)
	// changes contains the next rules, which follow puts in force. It closes ended when it ends.
	changes chan *ruleWatch
	ended   chan struct{}
}

// ruleWatch watches some rules with sensors of its own.
type ruleWatch struct {
	watcher *owner.Watcher
	sensors owner.Sensors
}

// close ends what the sensors have opened. A failure has no consequence.
func (w *ruleWatch) close() { _ = w.sensors.Close() }

// newBrake returns the brake of a node. Rules about power and graphics cards read the watch of the cards,
// so that the daemon opens each driver once.
func newBrake(n *node, cards *cards, logger *slog.Logger) (*brake, error) {
	return brakeOf(n.home, n.settings().Owner, cards, logger)
}

// brakeOf returns a brake of a home with other rules than those of its settings.
func brakeOf(home string, rules config.Owner, cards *cards, logger *slog.Logger) (*brake, error) {
	b := &brake{home: home, changes: make(chan *ruleWatch), ended: make(chan struct{})}
	b.watch = func(rules config.Owner) (*ruleWatch, error) {
		policy, err := rules.Rules()
		if err != nil {
			return nil, err
		}
		w := &ruleWatch{}
		if !policy.Empty() {
			w.sensors = owner.Open(owner.OpenConfig{Home: home, Getenv: os.Getenv, Watts: cards.ledger.Watts, Cards: cards.watch})
		}
		w.watcher, err = owner.NewWatcher(owner.WatcherConfig{Policy: policy, Sensors: w.sensors, Logger: logger, SinceBoot: clock.SinceBoot})
		return w, err
	}
	first, err := b.watch(rules)
	if err != nil {
		return nil, err
	}
	b.inForce.Store(first)
	return b, nil
}

// watcher returns what watches the rules that count now.
func (b *brake) watcher() *owner.Watcher { return b.inForce.Load().watcher }

// close ends what the sensors of a brake have opened that nothing follows.
func (b *brake) close() { b.inForce.Load().close() }

// change puts other rules in force. They are looked at before that, so that the machine is not held back until then.
func (b *brake) change(ctx context.Context, settings config.Config) error {
	next, err := b.watch(settings.Owner)
	if err != nil {
		return err
	}
	next.watcher.Look(ctx)
	select {
	case b.changes <- next:
		b.inForce.Store(next)
		return nil
	case <-b.ended:
		next.close()
		return nil
	case <-ctx.Done():
		next.close()
		return fmt.Errorf("the rules of [owner] stay as they were: %w", ctx.Err())
	}
}

// attach makes an agent obey the brake.
func (b *brake) attach(cfg *agent.Config) {
	cfg.Paused, cfg.Suspended, cfg.Holds = b.paused, b.suspended, b.decision
	cfg.Away = func() bool { return isPaused(b.home) }
}

func (b *brake) paused() bool {
	return isPaused(b.home) || b.watcher().Decision().Action >= owner.Pause
}

func (b *brake) suspended() bool {
	return isSuspended(b.home) || b.watcher().Decision().Action >= owner.Suspend
}

// decision returns all reasons. A pause by hand comes first.
func (b *brake) decision() owner.Decision {
	d := b.watcher().Decision()
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
	go func() {
		defer close(b.ended)
		cards.await(ctx) // until then, the rules about cards would see nothing, and the node suspends
		for current := b.inForce.Load(); current != nil; {
			current = followOne(ctx, current, b.changes)
		}
	}()
	return func() { <-b.ended }
}

// followOne watches rules until others are put in force, which it returns, or ctx ends. Then it returns nil.
func followOne(parent context.Context, current *ruleWatch, changes <-chan *ruleWatch) (next *ruleWatch) {
	ctx, cancel := context.WithCancel(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		current.watcher.Run(ctx)
		current.close()
	}()
	select {
	case <-parent.Done():
	case next = <-changes:
	}
	cancel()
	<-done
	return next
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
	defer b.close()
	policy, err := n.settings().Owner.Rules()
	if err == nil && policy.Empty() && owner.HasScreen(os.Getenv) {
		r.line(noted, "rules", "none, and this machine has a screen: the node works also while a person uses it; thetaedge settings desktop --home %s writes rules for such a machine", client.ShellQuote(n.home))
		return
	}
	if err != nil || policy.Empty() {
		r.line(good, "rules", "none: the machine works at any time; [owner] in config.toml is for rules")
		return
	}
	b.watcher().Look(ctx)
	d := b.watcher().Decision()
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
