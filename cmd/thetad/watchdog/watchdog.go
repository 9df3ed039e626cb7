// Package watchdog ends a node whose consensus has stopped, so that a supervisor can
// act: CometBFT's consensus dies alone, and the rest of the process answers on as if
// nothing had been. A chain that merely lacks votes, a node that syncs and one without
// peers are alive, and are left alone.
package watchdog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"cosmossdk.io/log/v2"
)

const (
	// probeEvery is the pause between two looks at the node.
	probeEvery = 2 * time.Second
	// suspicion is how long after a block that failed consensus may go on. It never
	// does; the log line that says so normally comes at once.
	suspicion = 10 * time.Second
	// flushTime lets other parts write what they have before they are stopped.
	flushTime = time.Second
	// stopPatience is how long the node may take to stop before the process ends.
	stopPatience = 10 * time.Second
	// fullBytes of free space are none: databases take their files in larger pieces.
	fullBytes = 4 << 20
	// fullPatience is how long no block may come on a full disk. A database that
	// cannot write may wait for ever and never say so.
	fullPatience = 45 * time.Second
)

// Settings are the part of app.toml that is the watchdog's.
type Settings struct {
	// Enable lets it end the process.
	Enable bool `mapstructure:"enable"`
	// StaleAfter is the age of the last block above which /theta/health looks for
	// a reason.
	StaleAfter time.Duration `mapstructure:"stale-after"`
}

// DefaultSettings end the process, and allow for some forty blocks.
func DefaultSettings() Settings { return Settings{Enable: true, StaleAfter: time.Minute} }

// Watchdog watches one node.
type Watchdog struct {
	// Now is the clock, FreeBytes what is free on the node's disk; false when the
	// system does not tell.
	Now       func() time.Time
	FreeBytes func() (uint64, bool)

	mu       sync.Mutex
	settings Settings
	// failure is set once; done closes with it.
	failure *Failure
	done    chan struct{}
	// suspect is the last block that failed, until one is committed.
	suspect   *Failure
	suspectAt time.Time
	// committed is the height of the last commit that this process has made.
	committed   int64
	committedAt time.Time
	started     time.Time
	probe       Probe
	probedAt    time.Time
}

// New returns a watchdog that has seen nothing.
func New() *Watchdog {
	return &Watchdog{
		Now: time.Now, FreeBytes: func() (uint64, bool) { return 0, false },
		settings: DefaultSettings(), done: make(chan struct{}), started: time.Now(),
	}
}

// Configure sets what app.toml says.
func (w *Watchdog) Configure(settings Settings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings = settings
}

// Block runs a step of a block, FinalizeBlock or Commit, and notes how it went. An
// error or a panic of one ends consensus.
func (w *Watchdog) Block(step string, run func() (int64, error)) error {
	defer func() {
		if p := recover(); p != nil {
			w.failed(fmt.Sprintf("%s: %v", step, p))
			panic(p)
		}
	}()
	height, err := run()
	if err != nil {
		w.failed(fmt.Sprintf("%s: %v", step, err))
		return err
	}
	if height > 0 {
		w.mu.Lock()
		w.committed, w.committedAt, w.suspect = height, w.Now(), nil
		w.mu.Unlock()
	}
	return nil
}

// failed notes a block that failed. While the node catches up, CometBFT answers with a
// crash in which the reason is lost; the process is ended in good order before that.
func (w *Watchdog) failed(reason string) {
	w.mu.Lock()
	w.suspect, w.suspectAt = classify(reason), w.Now()
	syncing := w.settings.Enable && !w.probedAt.IsZero() && w.probe.CatchingUp
	if syncing {
		w.fail(w.suspect)
	}
	w.mu.Unlock()
	if syncing {
		time.Sleep(2 * stopPatience) // the process ends within
	}
}

// consensusFailed notes that consensus has ended. The reason of the block that failed
// says more than what consensus makes of it.
func (w *Watchdog) consensusFailed(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.suspect != nil && classify(reason).Code == ExitConsensus {
		w.fail(w.suspect)
		return
	}
	w.fail(classify(reason))
}

// fail sets the first failure; the caller holds the lock.
func (w *Watchdog) fail(failure *Failure) {
	if w.failure != nil {
		return
	}
	if free, known := w.FreeBytes(); known && free < fullBytes && failure.Code == ExitConsensus {
		failure = &Failure{Code: ExitDisk, Reason: fmt.Sprintf("%d bytes are free; %s", free, failure.Reason)}
	}
	w.failure = failure
	close(w.done)
}

// look judges what the blocks and the disk say.
func (w *Watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	if w.suspect != nil && now.Sub(w.suspectAt) > suspicion {
		w.fail(w.suspect)
		return
	}
	last := w.started
	if w.committedAt.After(last) {
		last = w.committedAt
	}
	if free, known := w.FreeBytes(); known && free < fullBytes && now.Sub(last) > fullPatience {
		w.fail(&Failure{Code: ExitDisk, Reason: fmt.Sprintf("%d bytes are free, and no block was written for %s", free, now.Sub(last).Round(time.Second))})
	}
}

// Watch looks at the node until ctx ends or consensus has failed. Then, if app.toml
// lets it, it ends the group with the failure and has the process stop.
func (w *Watchdog) Watch(ctx context.Context, group *errgroup.Group, node Node, logger log.Logger) {
	go w.probeUntil(ctx, node)
	group.Go(func() error {
		ticker := time.NewTicker(probeEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-w.done:
				return w.end(ctx, logger)
			case <-ticker.C:
				w.look()
			}
		}
	})
}

// end stops the process in good order. The group waits for a signal of its own, and a
// part of the node may never stop; both are seen to.
func (w *Watchdog) end(ctx context.Context, logger log.Logger) error {
	w.mu.Lock()
	failure, enabled := w.failure, w.settings.Enable
	w.mu.Unlock()
	logger.Error("watchdog: consensus has stopped", "reason", failure.Error())
	if !enabled {
		logger.Error("watchdog: the process goes on, because watchdog.enable in app.toml is false")
		<-ctx.Done()
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(flushTime):
	}
	time.AfterFunc(stopPatience, func() {
		fmt.Fprintln(os.Stderr, "Error:", failure, "- the node did not stop by itself")
		os.Exit(failure.Code)
	})
	time.AfterFunc(flushTime/2, func() { _ = stopSelf() })
	return failure
}

// stopSelf sends this process the signal that a supervisor would send.
func stopSelf() error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return self.Signal(syscall.SIGTERM)
}

// CodeOf is the exit code of a command that has failed with err.
func CodeOf(err error) int {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Code
	}
	return 1
}
