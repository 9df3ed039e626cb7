package cmd

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/owner"
)

// manualRule is the name under which a pause by thetaedge pause is shown.
const manualRule = owner.Rule("manual")

// brake holds a node back as its owner wishes: by thetaedge pause, which lasts until thetaedge
// resume whatever the rules say, and by the rules of [owner].
type brake struct {
	home    string
	watcher *owner.Watcher
	close   func() error
}

// newBrake returns the brake of a node. It releases the driver of graphics cards when it is closed.
func newBrake(n *node, logger *slog.Logger) (*brake, error) {
	policy, err := n.config.Owner.Rules()
	if err != nil {
		return nil, err
	}
	b := &brake{home: n.home, close: func() error { return nil }}
	cfg := owner.WatcherConfig{Policy: policy, Logger: logger}
	if !policy.Empty() {
		cfg.Sensors, b.close = openSensors(n.home, policy)
	}
	b.watcher, err = owner.NewWatcher(cfg)
	return b, err
}

// openSensors returns the sensors of this machine, and a function that closes what they use.
func openSensors(home string, policy *owner.Policy) (owner.Sensors, func() error) {
	meter, release := device.Meter(device.Unmeasured("no rule needs it")), func() error { return nil }
	if slices.Contains(policy.Rules(), owner.Watts) {
		meter, release = powerMeter()
	}
	return owner.Open(owner.OpenConfig{Home: home, Getenv: os.Getenv, Meter: meter}), release
}

// powerMeter measures processor packages and NVIDIA cards. A part that does not count energy is left
// out.
func powerMeter() (device.Meter, func() error) {
	meters := device.Sum{device.NewRAPL(device.PowercapRoot)}
	gpus, err := device.OpenGPUs("")
	if err != nil {
		return meters, gpus.Close
	}
	// A card that cannot be described cannot be measured either.
	list, _ := gpus.List()
	var uuids []string
	for _, gpu := range list {
		if _, err := gpus.Energy(gpu.UUID); err == nil {
			uuids = append(uuids, gpu.UUID)
		}
	}
	return append(meters, device.NewGPUMeter(gpus, uuids)), gpus.Close
}

// attach makes an agent obey the brake.
func (b *brake) attach(cfg *agent.Config) {
	cfg.Paused, cfg.Suspended, cfg.Holds = b.paused, b.suspended, b.decision
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

// run watches the rules until ctx ends.
func (b *brake) run(ctx context.Context) { b.watcher.Run(ctx) }

// checkRules reads the sensors that the owner's rules need once.
func checkRules(ctx context.Context, r *report, n *node) {
	b, err := newBrake(n, slog.New(slog.DiscardHandler))
	if err != nil {
		r.line(missing, "rules", "%v", err)
		return
	}
	defer func() { _ = b.close() }()
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
