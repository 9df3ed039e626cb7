package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/service"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/update"
)

// errAgain means that the daemon has ended to begin anew: with another version of the program that is chosen, or with
// another worker key.
var errAgain = errors.New("the daemon begins anew")

// startVersion runs the chosen version of the program, or this one if none is chosen, again and again
// until the daemon ends for another reason than an update.
func startVersion(home string, flags *pflag.FlagSet, log io.Writer, stops <-chan os.Signal, run func(stops <-chan os.Signal) error) error {
	exe, err := ownPath()
	if err != nil {
		return err
	}
	// This program keeps the log and the orders of the Task Scheduler for the version that it runs.
	arguments := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(argument string) bool { return argument == "--"+service.TaskFlag })
	folder := update.Open(home)
	if folder.Runs(exe) != "" {
		if orders := update.Orders(); orders != nil {
			stops = orders
		}
		if err := run(stops); !errors.Is(err, errAgain) {
			return err
		}
		state, err := folder.State()
		if err != nil {
			return err
		}
		return update.Again(state.Installed, arguments)
	}
	for {
		again, err := runChosen(folder, flags, exe, arguments, log, stops)
		switch {
		case errors.Is(err, errNoneChosen):
			if err := run(stops); !errors.Is(err, errAgain) {
				return err
			}
		case !again:
			return err
		}
	}
}

// ownPath returns the path of this program.
func ownPath() (string, error) {
	exe, err := os.Executable()
	if err == nil {
		exe, err = filepath.EvalSymlinks(exe)
	}
	if err != nil {
		return "", fmt.Errorf("cannot find the path of this program: %w", err)
	}
	return exe, nil
}

// errNoneChosen means that this program runs itself.
var errNoneChosen = errors.New("no other version is chosen")

// runChosen runs the chosen version. What keeps it from running is told in the log, and this program
// runs instead.
func runChosen(folder *update.Folder, flags *pflag.FlagSet, exe string, arguments []string, log io.Writer, stops <-chan os.Signal) (again bool, err error) {
	keys, err := config.UpdateKeys(folder.Home, flags, os.Environ())
	var program string
	var notes []string
	if err == nil {
		program, notes, err = folder.Pick(exe, buildVersion(), keys)
	}
	for _, note := range notes {
		fmt.Fprintln(log, "update:", note)
	}
	if err != nil {
		fmt.Fprintln(log, "update: the installed program runs:", err)
	}
	if program == "" {
		return false, errNoneChosen
	}
	again, err = update.Run(program, arguments, log, stops)
	if errors.Is(err, update.ErrNotStarted) {
		fmt.Fprintln(log, "update: the installed program runs:", err)
		return false, errNoneChosen
	}
	return again, err
}

// restart is whether the daemon begins anew with another version when it has ended.
type restart struct {
	mu     sync.Mutex
	worker *agent.Agent
	// stop ends the daemon at once, and limit is how long a version that does not work may drain.
	stop  context.CancelFunc
	limit time.Duration
	// asked reports whether an update asks for it, and stopped whether its owner has stopped the daemon.
	asked, stopped bool
}

// want lets the daemon end when it holds nothing.
func (r *restart) want(string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked = true; r.worker != nil {
		r.worker.DrainWhole()
	} else if r.stop != nil {
		r.stop()
	}
}

// now lets the daemon end at once, as if it were killed, and begin anew.
func (r *restart) now() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = true
	r.stop()
}

// hurry lets the daemon end soon: a version that does not work must not hold work.
func (r *restart) hurry(string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked = true; r.worker != nil {
		r.worker.Drain()
		time.AfterFunc(r.limit, r.stop)
	} else if r.stop != nil {
		r.stop()
	}
}

// works says which agent has to end.
func (r *restart) works(worker *agent.Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.worker = worker; r.asked {
		worker.DrainWhole()
	}
}

// due reports whether the daemon begins anew.
func (r *restart) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked && !r.stopped
}

// heed notices orders to stop, so that a daemon that its owner has stopped does not begin anew. It
// passes on the orders that are not signals.
func (r *restart) heed(ctx context.Context, orders <-chan os.Signal) <-chan os.Signal {
	passed, signals := make(chan os.Signal, 2), make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals(hasTerminal())...)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				r.stops()
				signal.Stop(signals) // so that a later signal can kill the process
			case order := <-orders:
				r.stops()
				passed <- order
			}
		}
	}()
	return passed
}

// stops notes that the owner stops the daemon.
func (r *restart) stops() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
}

// newUpdater returns what keeps the program of a daemon up to date.
func newUpdater(n *node, logger *slog.Logger) (*update.Updater, error) {
	folder := update.Open(n.home)
	settings := n.config.Update
	keys, err := settings.Keys()
	if err != nil {
		return nil, err
	}
	cfg := update.Config{
		Folder: folder, Program: runningProgram(), Keys: keys, Every: settings.Every(), Free: device.FreeBytes,
		Healthy: func(ctx context.Context) error { return healthForUpdate(ctx, n.home) },
		Restart: n.restart.want, Abandon: n.restart.hurry, Logger: logger,
	}
	if exe, err := ownPath(); err == nil {
		cfg.Own = folder.Runs(exe)
	}
	if settings.Enabled {
		if cfg.Source, err = update.NewSource(settings.URL, settings.Channel); err != nil {
			return nil, err
		}
	}
	return update.New(cfg), nil
}

// runningProgram is this program.
func runningProgram() update.Program {
	return update.Program{Version: buildVersion(), Protocol: store.Schema}
}

// healthForUpdate asks the daemon of a home how it is. A chain that does not answer is not the fault of a
// version.
func healthForUpdate(ctx context.Context, home string) error {
	if running, err := runningDaemon(home); err == nil && running.Waiting != "" {
		return fmt.Errorf("%w: it waits for the chain: %s", update.ErrOutside, running.Waiting)
	}
	return healthOf(ctx, home)
}

// followUpdates runs the updater until ctx ends, and returns a function that waits for its end.
func followUpdates(ctx context.Context, u *update.Updater) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		u.Run(ctx)
	}()
	return func() { <-done }
}
