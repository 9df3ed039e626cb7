package update

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/thetaedge/theta/sidecar/release"
)

const (
	// lookPause is the pause between two looks at the state and at the health of a version on trial.
	lookPause = 5 * time.Second
	// trialLimit is the time in which a new version has to become healthy, and settleTime how long it has
	// to stay so.
	trialLimit = 10 * time.Minute
	settleTime = time.Minute
	// againAfter is the time after which a version is tried again that was given up for a reason outside
	// of it.
	againAfter = 24 * time.Hour
)

// ErrOutside means that a node is not healthy for a reason that no version of the program can change, for
// example because its chain does not answer.
var ErrOutside = errors.New("the cause is outside of this program")

// Config contains what an Updater needs.
type Config struct {
	Folder *Folder
	// Program is what runs, and Own is its version if it runs from the folder; "" if the installed program
	// runs.
	Program Program
	Own     string
	// Source is where newer versions come from. If it is nil, none are looked for.
	Source *Source
	Keys   release.Keys
	// Every is the time between two looks for a newer version.
	Every time.Duration
	// Free returns the free bytes on the disk of a folder.
	Free func(string) (uint64, error)
	// Healthy returns nil if the node works. The error wraps ErrOutside if no version could change it.
	Healthy func(context.Context) error
	// Restart asks the daemon to start again when it holds nothing. Abandon asks it to start again soon,
	// because this version does not work. Each is called at most once.
	Restart, Abandon func(why string)
	Logger           *slog.Logger

	// LookPause, TrialLimit and SettleTime replace the usual times if they are not 0.
	LookPause, TrialLimit, SettleTime time.Duration
}

// Updater judges a version on trial, looks for newer ones, and asks for a restart when another version is
// chosen, also by hand.
type Updater struct {
	cfg Config

	mu   sync.Mutex
	text string
}

// New returns an updater.
func New(cfg Config) *Updater {
	if cfg.LookPause == 0 {
		cfg.LookPause = lookPause
	}
	if cfg.TrialLimit == 0 {
		cfg.TrialLimit = trialLimit
	}
	if cfg.SettleTime == 0 {
		cfg.SettleTime = settleTime
	}
	return &Updater{cfg: cfg}
}

// Text says in a sentence what the updater does; empty if there is nothing to say.
func (u *Updater) Text() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.text
}

func (u *Updater) say(format string, args ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.text = fmt.Sprintf(format, args...)
}

// Run works until ctx ends or a restart was asked for.
func (u *Updater) Run(ctx context.Context) {
	state, err := u.cfg.Folder.State()
	if err != nil {
		u.cfg.Logger.Warn("the program is not updated", "error", err)
		u.say("not possible: %v", err)
		return
	}
	if state.Trial != nil && state.Chosen == u.cfg.Own && u.cfg.Own != "" {
		if !u.judge(ctx, *state.Trial) {
			return
		}
	}
	u.follow(ctx, state.Chosen)
}

// judge waits until a version on trial has shown that it works. It returns false if it has not.
func (u *Updater) judge(ctx context.Context, trial Trial) bool {
	u.say("version %s is on trial: it has to be healthy within %s", u.cfg.Own, u.cfg.TrialLimit)
	ticker := time.NewTicker(u.cfg.LookPause)
	defer ticker.Stop()
	began := time.Now()
	var since time.Time
	last := errors.New("it was not healthy for long enough")
	for {
		if state, err := u.cfg.Folder.State(); err == nil && state.Chosen != u.cfg.Own {
			u.leave(state.Chosen) // its owner took it back
			return false
		}
		switch err := u.cfg.Healthy(ctx); {
		case ctx.Err() != nil:
			u.stopped()
			return false
		case err != nil:
			since, last = time.Time{}, err
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= u.cfg.SettleTime:
			return u.works("the version works")
		}
		if time.Since(began) >= u.cfg.TrialLimit && since.IsZero() {
			if !trial.Healthy {
				return u.works("the version runs; the node was not healthy before either")
			}
			u.abandon(last)
			return false
		}
		select {
		case <-ctx.Done():
			u.stopped()
			return false
		case <-ticker.C:
		}
	}
}

// stopped does not count a start that the owner has ended.
func (u *Updater) stopped() {
	err := u.cfg.Folder.change(func(s *State) error {
		if s.Trial != nil && s.Chosen == u.cfg.Own && s.Trial.Starts > 0 {
			s.Trial.Starts--
		}
		return nil
	})
	if err != nil {
		u.cfg.Logger.Warn("the trial of this version goes on at the next start", "error", err)
	}
}

// works ends the trial.
func (u *Updater) works(why string) bool {
	if err := u.cfg.Folder.confirm(u.cfg.Own); err != nil {
		u.cfg.Logger.Warn("cannot write that this version works", "error", err)
	}
	u.cfg.Logger.Info(why, "version", u.cfg.Own)
	return true
}

// abandon gives this version up.
func (u *Updater) abandon(because error) {
	now := u.cfg.Folder.Now()
	until := time.Time{}
	if errors.Is(because, ErrOutside) {
		until = now.Add(againAfter)
	}
	why := fmt.Sprintf("the node was not healthy within %s: %v", u.cfg.TrialLimit, because)
	if err := u.cfg.Folder.giveUp(u.cfg.Own, why, until); err != nil {
		u.cfg.Logger.Error("cannot give this version up", "error", err)
		u.say("version %s does not work and cannot be given up: %v", u.cfg.Own, err)
		return
	}
	u.cfg.Logger.Error("this version is given up, and the one before runs again", "version", u.cfg.Own, "reason", why)
	u.say("version %s is given up: %s", u.cfg.Own, why)
	u.cfg.Abandon(why)
}

// follow looks for newer versions and waits for another choice than the one at the start.
func (u *Updater) follow(ctx context.Context, chosen string) {
	next := u.first()
	ticker := time.NewTicker(u.cfg.LookPause)
	defer ticker.Stop()
	u.say("")
	for {
		if u.cfg.Source != nil && !u.cfg.Folder.Now().Before(next) {
			u.look(ctx)
			next = u.cfg.Folder.Now().Add(u.cfg.Every - spread(u.cfg.Every/10))
		}
		state, err := u.cfg.Folder.State()
		switch {
		case err != nil:
			u.say("not possible: %v", err)
		case state.Chosen != chosen:
			u.leave(state.Chosen)
			return
		case u.cfg.Source != nil && state.Trouble != "":
			u.say("%s", state.Trouble)
		case u.cfg.Source != nil && !state.CheckedAt.IsZero():
			u.say("there was no newer version at %s", state.CheckedAt.Local().Format(time.DateTime))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// leave asks for a restart, because another version is chosen.
func (u *Updater) leave(chosen string) {
	to := "the installed program"
	if chosen != "" {
		to = "version " + chosen
	}
	u.say("%s is ready and begins when the node holds nothing", to)
	u.cfg.Logger.Info("the program is changed when the node holds nothing", "to", to)
	u.cfg.Restart(to + " is chosen")
}

// first returns the time of the first look. Nodes that start together do not ask together.
func (u *Updater) first() time.Time {
	now := u.cfg.Folder.Now()
	state, err := u.cfg.Folder.State()
	if due := state.CheckedAt.Add(u.cfg.Every); err == nil && due.After(now) && !state.CheckedAt.After(now) {
		return due
	}
	return now.Add(spread(min(u.cfg.Every/10, 10*time.Minute)))
}

// spread returns a random time up to a length.
func spread(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most) //nolint:gosec // not a secret
}

// look looks for a newer version, makes it ready and chooses it.
func (u *Updater) look(ctx context.Context) {
	trouble := ""
	version, err := u.take(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, ErrNothingNew):
	case err != nil:
		trouble = err.Error()
		u.cfg.Logger.Warn("the program was not updated", "error", err)
	default:
		u.cfg.Logger.Info("a newer version is ready", "version", version)
	}
	if err := u.cfg.Folder.note(trouble); err != nil {
		u.cfg.Logger.Warn("cannot write when updates were looked for", "error", err)
	}
}

func (u *Updater) take(ctx context.Context) (release.Version, error) {
	offer, err := u.cfg.Folder.Check(ctx, u.cfg.Source, u.cfg.Keys, u.cfg.Program)
	if err != nil {
		return release.Version{}, err
	}
	if offer.Loses != "" {
		return release.Version{}, fmt.Errorf("%s; thetaedge update --apply --no-return installs it", offer.Loses)
	}
	if err := u.cfg.Folder.Stage(ctx, u.cfg.Source, u.cfg.Keys, offer, u.cfg.Free); err != nil {
		return release.Version{}, err
	}
	return offer.Version(), u.cfg.Folder.Choose(offer, u.cfg.Keys, u.cfg.Healthy(ctx) == nil)
}
