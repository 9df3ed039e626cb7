package alert

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/thetaedge/theta/sidecar/overview"
)

// Config is what an Alerter needs.
type Config struct {
	Home    string
	Targets []*Target
	Kinds   []Kind
	Limits  Limits
	// Name is the name of the node in alerts; "" takes that on the chain.
	Name string
	// Digest is the least time between two digests of payments.
	Digest time.Duration
	// PerHour is the number of letters an hour.
	PerHour int
	Logger  *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Alerter tells the owner what needs attention. Its methods may be called from any goroutine.
type Alerter struct {
	cfg Config

	mu   sync.Mutex
	book *book
	name string
	// unsaved reports that the last try to write the book failed.
	unsaved bool
	// wake has a channel for each target, which gets a value when there are letters.
	wake map[string]chan struct{}
}

// New returns an Alerter that remembers what the home has been told.
func New(cfg Config) (*Alerter, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b, err := openBook(cfg.Home)
	if err != nil {
		return nil, err
	}
	b.readdress(cfg.Targets)
	for key, c := range b.Conditions {
		if c == nil || !slices.Contains(cfg.Kinds, c.Kind) {
			delete(b.Conditions, key)
		}
	}
	a := &Alerter{cfg: cfg, book: b, name: cfg.Name, wake: map[string]chan struct{}{}}
	for _, t := range cfg.Targets {
		a.wake[t.ID] = make(chan struct{}, 1)
	}
	return a, nil
}

// Run sends letters until ctx ends. Each target has a goroutine, so that one that hangs does not hold up the
// others.
func (a *Alerter) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, t := range a.cfg.Targets {
		all.Go(func() { a.serve(ctx, t) })
	}
	all.Wait()
}

// Observe judges a snapshot and puts what is to be told into the outbox. It waits for no target.
func (a *Alerter) Observe(s *overview.Snapshot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.cfg.Now()
	if a.cfg.Name == "" && s.Moniker != "" {
		a.name = s.Moniker
	}
	verdicts := slices.DeleteFunc(judge(s, a.cfg.Limits), func(v verdict) bool { return !slices.Contains(a.cfg.Kinds, v.kind) })
	changed := a.book.weigh(now, verdicts)
	if s.Chain != nil && slices.Contains(a.cfg.Kinds, Fault) {
		changed = a.book.countFaults(now, faults{s.Chain.Missed, s.Chain.Wrong, s.Chain.Silent}) || changed
	}
	if slices.Contains(a.cfg.Kinds, Paid) {
		changed = a.book.countPay(now, a.cfg.Digest, s.Total.Paid, s.Total.Pay) || changed
	}
	if a.book.release(now, a.cfg.PerHour, a.cfg.Targets) {
		changed = true
		for _, bell := range a.wake {
			select {
			case bell <- struct{}{}:
			default:
			}
		}
	}
	if changed || a.unsaved {
		a.save()
	}
}

// save writes the book. Without a place to write, alerts are still sent; they may be repeated after a
// restart.
func (a *Alerter) save() {
	err := a.book.write(a.cfg.Home)
	if err != nil && !a.unsaved {
		a.cfg.Logger.Warn("alerts are not remembered and may come again after a restart", "error", err)
	}
	a.unsaved = err != nil
}

// serve sends letters to a target until ctx ends.
func (a *Alerter) serve(ctx context.Context, t *Target) {
	for {
		a.mu.Lock()
		now := a.cfg.Now()
		l, due := a.book.next(now, t.ID)
		var m Message
		if l != nil {
			m = Message{Kind: l.Kind, State: l.State, Node: plain(a.name, 60), Title: l.Title, Text: l.Text, Urgent: l.Urgent}
			if m.Node == "" {
				m.Node = "edge node"
			}
			if late := age(now, &l.At); late > 10*time.Minute {
				m.Text += "\nThis is of " + l.At.Local().Format(time.DateTime) + "."
			}
		}
		a.mu.Unlock()
		if l == nil {
			if !a.rest(ctx, t, now, due) {
				return
			}
			continue
		}
		err := t.Send(ctx, m)
		if ctx.Err() != nil {
			return // the daemon ends; the letter is sent again after its start
		}
		a.mu.Lock()
		if err != nil {
			a.cfg.Logger.Warn("an alert was not accepted and is tried again", "error", err)
			err = errors.New(strings.TrimPrefix(err.Error(), t.Name+": ")) // views show the name apart
		}
		a.book.settle(a.cfg.Now(), l, t.ID, err)
		a.save()
		a.mu.Unlock()
	}
}

// rest waits until there may be a letter for a target. It reports false when ctx has ended.
func (a *Alerter) rest(ctx context.Context, t *Target, now, due time.Time) bool {
	var alarm <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(due.Sub(now))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-a.wake[t.ID]:
	case <-alarm:
	}
	return true
}
