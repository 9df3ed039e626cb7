package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/blob/hosts"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/config"
)

// reloadTime bounds the time in which new settings are taken over.
const reloadTime = time.Minute

// reloads takes over new settings while the daemon runs.
type reloads struct {
	// inForce are the settings that count now; nil while those of the start do.
	inForce atomic.Pointer[config.Config]

	// mu is held while settings are taken over. parts are told of them, in order.
	mu    sync.Mutex
	parts []part
}

// part is a part of the daemon whose settings may change while it runs.
type part func(ctx context.Context, settings config.Config) error

// settings returns the settings that count now.
func (n *node) settings() config.Config {
	if changed := n.reloads.inForce.Load(); changed != nil {
		return *changed
	}
	return n.config
}

// adjusts lets a part take over new settings from now on, and those that have changed since the start at once.
func (n *node) adjusts(ctx context.Context, p part) error {
	n.reloads.mu.Lock()
	defer n.reloads.mu.Unlock()
	n.reloads.parts = append(n.reloads.parts, p)
	if changed := n.reloads.inForce.Load(); changed != nil {
		return p(ctx, *changed)
	}
	return nil
}

// reload reads the settings again and takes over those that a running daemon can. It returns the keys of the other ones
// that have changed, for which the daemon has to be started again. If the settings do not work, nothing changes.
func (n *node) reload(ctx context.Context) (later []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, reloadTime)
	defer cancel()
	n.reloads.mu.Lock()
	defer n.reloads.mu.Unlock()
	file, err := config.Load(n.home, n.flags, os.Environ())
	if err != nil {
		return nil, fmt.Errorf("the settings stay as they were: %w", err)
	}
	next := n.settings().Reloaded(file)
	for _, p := range n.reloads.parts {
		err = errors.Join(err, p(ctx, next))
	}
	if err != nil {
		return nil, fmt.Errorf("not all of the new settings are in force; start the daemon again: %w", err)
	}
	n.reloads.inForce.Store(&next)
	return next.Differences(file), nil
}

// reloadOn takes over new settings at each signal until ctx ends.
func (n *node) reloadOn(ctx context.Context, wanted []os.Signal, logger *slog.Logger) (stop func()) {
	if len(wanted) == 0 {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, wanted...)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				_, _ = n.tellReload(ctx, logger) // the log says it
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		cancel()
		<-done
	}
}

// tellReload takes over new settings and writes to the log what came of it.
func (n *node) tellReload(ctx context.Context, logger *slog.Logger) ([]string, error) {
	later, err := n.reload(ctx)
	switch {
	case err != nil:
		logger.Error("the settings were not read again", "error", err)
	case len(later) > 0:
		logger.Warn("the settings were read again; some count only after the daemon was started again", "settings", strings.Join(later, ", "))
	default:
		logger.Info("the settings were read again and are in force")
	}
	return later, err
}

// ofAgent tells an agent and its transfers of new rules about work.
func ofAgent(n *node, worker *agent.Agent, allowed *hosts.Allowed) part {
	return func(_ context.Context, settings config.Config) error {
		policy, err := policyIn(n, settings)
		if err != nil {
			return err
		}
		list, err := settings.Egress.List()
		if err != nil {
			return err
		}
		allowed.Replace(list)
		worker.Adopt(agent.Rules{Policy: policy, MaxDayBytes: uint64(settings.Egress.MaxDay)})
		return nil
	}
}
