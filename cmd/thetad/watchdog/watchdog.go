// Package watchdog ends a node whose consensus has stopped, so that a supervisor can act.
// CometBFT's consensus ends alone, and the rest of the process keeps answering. The
// watchdog does not end a chain that merely lacks votes, a node that syncs, or a node
// without peers, because these can recover.
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
	// probeEvery is the pause between two probes of the node.
	probeEvery = 2 * time.Second
	// suspicion is how long consensus may continue after a block that failed. It never
	// does; the log line that reports it normally comes at once.
	suspicion = 10 * time.Second
	// flushTime is how long other parts may write what they have before they are stopped.
	flushTime = time.Second
	// stopPatience is how long the node may take to stop before the process ends.
	stopPatience = 10 * time.Second
	// fullBytes is the free space below which the disk counts as full: databases allocate
	// their files in larger pieces.
	fullBytes = 4 << 20
	// fullPatience is how long no block may arrive on a full disk. A database that cannot
	// write may wait forever and never report it.
	fullPatience = 45 * time.Second
)

// Settings are the watchdog's section of app.toml.
type Settings struct {
	// Enable lets the watchdog end the process.
	Enable bool `mapstructure:"enable"`
	// StaleAfter is the age of the last block above which /theta/health looks for
	// a reason.
	StaleAfter time.Duration `mapstructure:"stale-after"`
}

// DefaultSettings end the process, and allow for a gap of some forty blocks.
func DefaultSettings() Settings { return Settings{Enable: true, StaleAfter: time.Minute} }

// Watchdog watches one node.
type Watchdog struct {
	// Now is the clock. FreeBytes returns the free space on the node's disk, and false when
	// the system does not report it.
	Now       func() time.Time
	FreeBytes func() (uint64, bool)

	mu       sync.Mutex
	settings Settings
	// failure is set once; done closes with it.
	failure *Failure
	done    chan struct{}
	// suspect is the last block that failed, until a block is committed.
	suspect   *Failure
	suspectAt time.Time
	// committed is the height of the last commit that this process has made.
	committed   int64
	committedAt time.Time
	started     time.Time
	probe       Probe
	probedAt    time.Time
}

// New returns a watchdog that has observed nothing.
func New() *Watchdog {
	return &Watchdog{
		Now: time.Now, FreeBytes: func() (uint64, bool) { return 0, false },
		settings: DefaultSettings(), done: make(chan struct{}), started: time.Now(),
	}
}

// Configure applies the settings of app.toml.
func (w *Watchdog) Configure(settings Settings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings = settings
}

// Block runs a step of a block, FinalizeBlock or Commit, and notes how it went. An error or
// a panic in it ends consensus.
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
// crash in which the reason is lost, so the watchdog stops the process cleanly before that.
func (w *Watchdog) failed(reason string) {
	w.mu.Lock()
	w.suspect, w.suspectAt = classify(reason), w.Now()
	syncing := w.settings.Enable && !w.probedAt.IsZero() && w.probe.CatchingUp
	if syncing {
		w.fail(w.suspect)
	}
	w.mu.Unlock()
	if syncing {
		time.Sleep(2 * stopPatience) // the process ends meanwhile
	}
}

// consensusFailed notes that consensus has ended. The reason of the block that failed says
// more than the message of consensus.
func (w *Watchdog) consensusFailed(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.suspect != nil && classify(reason).Code == ExitConsensus {
		w.fail(w.suspect)
		return
	}
	w.fail(classify(reason))
}

// fail sets the first failure. The caller holds the lock.
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

// look judges what the blocks and the disk show.
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

// Watch probes the node until ctx ends or consensus has failed. After a failure, if
// app.toml allows it, it ends the group with the failure and stops the process.
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

// end stops the process cleanly. The group waits for a signal of its own, and a part of the
// node may never stop; end handles both.
func (w *Watchdog) end(ctx context.Context, logger log.Logger) error {
	w.mu.Lock()
	failure, enabled := w.failure, w.settings.Enable
	w.mu.Unlock()
	logger.Error("watchdog: consensus has stopped", "reason", failure.Error())
	if !enabled {
		logger.Error("watchdog: the process continues, because watchdog.enable in app.toml is false")
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

// CodeOf returns the exit code of a command that has failed with err.
func CodeOf(err error) int {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Code
	}
	return 1
}
