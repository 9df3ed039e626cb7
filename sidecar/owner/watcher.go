package owner

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// LookEvery is the pause between two readings of the sensors.
const LookEvery = time.Second

// WatcherConfig contains the dependencies of a watcher.
type WatcherConfig struct {
	Policy  *Policy
	Sensors Sensors
	Logger  *slog.Logger
	// Every is the pause between two readings; 0 means LookEvery.
	Every time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// SinceBoot returns the time since a fixed moment, sleep of the machine included. If it is nil, the
	// watcher does not notice when the machine has slept.
	SinceBoot func() time.Duration
}

// Watcher reads the sensors that the rules need and keeps the last decision.
type Watcher struct {
	policy *Policy
	every  time.Duration
	now    func() time.Time
	logger *slog.Logger
	last   atomic.Pointer[Decision]

	// Only Look uses the fields below.

	looks  []look
	course Course
	told   Decision
	sleep  sleep
}

// look reads one sensor and returns what writes the reading down.
type look func(ctx context.Context) func(*Readings)

// NewWatcher returns a watcher that has not looked yet. Until it has, it suspends, unless there are
// no rules.
func NewWatcher(cfg WatcherConfig) (*Watcher, error) {
	if cfg.Policy == nil || cfg.Logger == nil {
		return nil, errors.New("owner: expected a policy and a logger, found none")
	}
	w := &Watcher{policy: cfg.Policy, every: cfg.Every, now: cfg.Now, logger: cfg.Logger, sleep: sleep{boot: cfg.SinceBoot}}
	if w.every <= 0 {
		w.every = LookEvery
	}
	if w.now == nil {
		w.now = time.Now
	}
	for _, rule := range cfg.Policy.Rules() {
		w.need(rule, &cfg.Sensors)
	}
	first := Decision{}
	if !cfg.Policy.Empty() {
		first = first.With(Reason{
			Rule: "start", Action: Suspend, Since: w.now(),
			Sentence: "the rules of [owner] have not been looked at yet", Cure: "wait a second",
		})
	}
	w.last.Store(&first)
	return w, nil
}

// need adds the sensor of a rule. Battery and charge share one.
func (w *Watcher) need(rule Rule, s *Sensors) {
	switch rule {
	case Hours:
	case Idle:
		addLook(w, newProbe(s.Idle, believable), func(r *Readings) *Reading[Activity] { return &r.Idle })
	case FullScreen:
		addLook(w, newProbe(s.FullScreen, anything[string]), func(r *Readings) *Reading[string] { return &r.FullScreen })
	case Processes:
		addLook(w, newProbe(s.Programs, anything[[]string]), func(r *Readings) *Reading[[]string] { return &r.Programs })
	case CPU:
		addLook(w, newProbe(s.CPU, within(0, 101, "%")), func(r *Readings) *Reading[float64] { return &r.CPU })
	case GPU:
		addLook(w, newProbe(s.GPU, within(0, 101, "%")), func(r *Readings) *Reading[float64] { return &r.GPU })
	case CPUTemperature:
		addLook(w, newProbe(s.CPUTemperature, within(-60, 150, "°C")), func(r *Readings) *Reading[float64] { return &r.CPUTemperature })
	case GPUTemperature:
		addLook(w, newProbe(s.GPUTemperature, within(-60, 150, "°C")), func(r *Readings) *Reading[float64] { return &r.GPUTemperature })
	case Watts:
		addLook(w, newProbe(s.Watts, within(0, 1e6, "W")), func(r *Readings) *Reading[float64] { return &r.Watts })
	case Fan:
		addLook(w, newProbe(s.Fan, within(0, 101, "%")), func(r *Readings) *Reading[float64] { return &r.Fan })
	case Charge:
		if !slices.Contains(w.policy.Rules(), Battery) {
			w.need(Battery, s)
		}
	case Battery:
		addLook(w, newProbe(s.Power, believablePower), func(r *Readings) *Reading[Power] { return &r.Power })
	case Metered:
		addLook(w, newProbe(s.Metered, anything[bool]), func(r *Readings) *Reading[bool] { return &r.Metered })
	case FreeDisk:
		addLook(w, newProbe(s.FreeDisk, anything[uint64]), func(r *Readings) *Reading[uint64] { return &r.FreeDisk })
	}
}

func addLook[T any](w *Watcher, p *probe[T], where func(*Readings) *Reading[T]) {
	w.looks = append(w.looks, func(ctx context.Context) func(*Readings) {
		reading := p.read(ctx)
		return func(r *Readings) { *where(r) = reading }
	})
}

// Decision returns the last decision. It may be called from any goroutine.
func (w *Watcher) Decision() Decision { return *w.last.Load() }

// Run looks once at once, and then periodically until ctx ends. Without rules it returns at once.
func (w *Watcher) Run(ctx context.Context) {
	if w.policy.Empty() {
		return
	}
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		w.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Look reads all sensors once, at the same time, so that one that hangs does not delay the others,
// and decides. It must not be called while Run runs.
func (w *Watcher) Look(ctx context.Context) {
	found := make([]func(*Readings), len(w.looks))
	var all sync.WaitGroup
	for i, look := range w.looks {
		all.Go(func() { found[i] = look(ctx) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return // the sensors were told to stop
	}
	var r Readings
	for _, write := range found {
		write(&r)
	}
	w.sleep.bound(&r)
	var d Decision
	d, w.course = w.policy.Decide(w.course, r, w.now())
	w.last.Store(&d)
	w.tell(d)
}

// tell writes changes to the log.
func (w *Watcher) tell(d Decision) {
	if !slices.Equal(d.rules(), w.told.rules()) || d.Action != w.told.Action {
		for i := range d.Reasons {
			w.logger.Info("held back by the owner's rules", "rule", d.Reasons[i].Rule, "action", d.Reasons[i].Action, "reason", d.Reasons[i].Sentence)
		}
		if d.Action == Allow {
			w.logger.Info("the owner's rules allow work again")
		}
	}
	blind := func(d Decision) (names []Rule) {
		for i := range d.Blind {
			names = append(names, d.Blind[i].Rule)
		}
		return names
	}
	if !slices.Equal(blind(d), blind(w.told)) {
		for i := range d.Blind {
			w.logger.Warn("a rule of the owner cannot be judged", "rule", d.Blind[i].Rule, "reason", d.Blind[i].Why)
		}
	}
	w.told = d
}
