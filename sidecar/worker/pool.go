package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
)

// pool keeps the worker processes that do not have a task, and starts others.
type pool struct {
	cfg        *Config
	cages      *cages
	suspension *suspension
	devices    *devices

	mu     sync.Mutex
	closed bool
	idle   []*process
	// without contains the layers with which no worker process starts on this machine.
	without []string
	settled bool
	// layers contains the layers of the worker process that was started last.
	layers []Layer
	engine string
	// health explains why a worker process cannot be started. It is nil if the last one could.
	// The time at says when that was found; it is zero before the first start.
	health  error
	at      time.Time
	probing bool
}

// take returns a worker process for a program: one that has already run the program, or else a
// new one. If necessary, the worker process of another program is ended to make room.
func (l *pool) take(ctx context.Context, program string) (*process, error) {
	for {
		p := l.pick(program)
		if p == nil {
			return l.launch(ctx, program)
		}
		if !p.condemned() && !p.device.gone() && !l.devices.outdated(p.device) && (p.program == program || p.program == "") {
			return p, nil
		}
		if err := p.retire(); err != nil {
			l.cfg.Logger.Warn("cannot delete the folder of a worker", "error", err)
		}
	}
}

// pick removes the most suitable worker process from the idle ones and returns it. It returns
// nil if there is none.
func (l *pool) pick(program string) *process {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.IndexFunc(l.idle, func(p *process) bool { return p.program == program })
	if at < 0 {
		at = slices.IndexFunc(l.idle, func(p *process) bool { return p.program == "" })
	}
	if at < 0 && len(l.idle) > 0 {
		at = 0
	}
	if at < 0 {
		return nil
	}
	p := l.idle[at]
	p.retired.Stop()
	l.idle = slices.Delete(l.idle, at, at+1)
	return p
}

// give takes a worker process back after a task, or ends it if it is to be replaced.
func (l *pool) give(p *process) {
	reason := ""
	switch held := p.held(); {
	case p.condemned():
		reason = "it has ended"
	case p.device.gone():
		reason = "the process of its device has ended"
	case l.devices.outdated(p.device):
		reason = "its device has been in doubt"
	case l.cfg.Tensors != nil && l.suspension.now():
		reason = "programs are suspended"
	case p.tasks >= l.cfg.MaxTasks:
		reason = fmt.Sprintf("it has run %d tasks", p.tasks)
	case held > l.cfg.KeptBytes+l.cfg.KeepBytes:
		reason = fmt.Sprintf("it holds %d bytes after its task", held)
	}
	if reason == "" {
		if err := p.sweep(); err != nil {
			reason = "its folder could not be emptied: " + err.Error()
		}
	}
	l.mu.Lock()
	if reason == "" && !l.closed {
		p.retired = time.AfterFunc(l.cfg.IdleTime, func() { l.expire(p) })
		l.idle = append(l.idle, p)
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	l.cfg.Logger.Debug("a worker is replaced", "reason", reason)
	if err := p.retire(); err != nil {
		l.cfg.Logger.Warn("cannot delete the folder of a worker", "error", err)
	}
}

// clearOut ends the worker processes without a task, with the weights that they keep and their devices. It
// does not wait for their end.
func (l *pool) clearOut() {
	l.mu.Lock()
	idle := slices.Clone(l.idle)
	l.mu.Unlock()
	for _, p := range idle {
		p.retired.Stop()
		go l.expire(p)
	}
}

// expire ends a worker process that has been idle for too long.
func (l *pool) expire(p *process) {
	l.mu.Lock()
	at := slices.Index(l.idle, p)
	if at >= 0 {
		l.idle = slices.Delete(l.idle, at, at+1)
	}
	l.mu.Unlock()
	if at >= 0 {
		_ = p.retire()
	}
}

// attempts returns the sets of layers that are left out in successive tries to start a worker
// process. A start usually fails because this machine does not have one of the layers in the
// expected form.
func attempts() [][]string {
	return [][]string{
		nil, {LayerNamespaces}, {LayerFiles}, {LayerCalls}, {LayerNamespaces, LayerFiles, LayerCalls},
	}
}

// launch starts a worker process for a program, or with "" for any, with all layers that this machine
// has.
func (l *pool) launch(ctx context.Context, program string) (*process, error) {
	l.mu.Lock()
	tries := attempts()
	if l.settled {
		tries = [][]string{l.without}
	}
	l.mu.Unlock()
	device, err := l.devices.attach(ctx)
	if err != nil {
		return nil, l.unhealthy(fmt.Errorf("%w: %w", executor.ErrUnavailable, err))
	}
	defer device.release()
	cfg, guest := l.cfg.withDevice(device)
	guest.bring = func(folder string) { l.devices.bring(device, program, folder) }
	var first error
	for _, without := range tries {
		p, err := launch(ctx, cfg, l.cages, l.suspension, without, guest)
		if err == nil {
			p.device = device
			return l.admit(p, without)
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			device.end(errRetired)
			return nil, err
		}
		if errors.Is(err, errSlowStart) {
			break
		}
	}
	device.end(errRetired)
	return nil, l.unhealthy(fmt.Errorf("%w: no worker process could be started: %w; check that the binary of thetaedge can be executed, and run thetaedge doctor", executor.ErrUnavailable, first))
}

// admit checks a worker process that has started.
func (l *pool) admit(p *process, without []string) (*process, error) {
	layers := complete(p.hello.Layers)
	err := lacking(layers, l.cfg.Layers)
	switch {
	case p.hello.Version != protocol || p.hello.Profile != l.cfg.Profile:
		err = fmt.Errorf("expected a worker for %s by protocol %d, found %s by %d; reinstall thetaedge", l.cfg.Profile, protocol, clip(p.hello.Profile, 64), p.hello.Version)
	case !p.hello.Healthy:
		err = errors.New(p.hello.Detail)
	}
	l.mu.Lock()
	l.layers, l.engine, l.without, l.settled = layers, p.hello.Engine, without, true
	closed := l.closed
	l.mu.Unlock()
	if err != nil {
		return nil, errors.Join(l.unhealthy(fmt.Errorf("%w: %w", executor.ErrUnavailable, err)), p.retire())
	}
	if closed {
		return nil, errors.Join(executor.ErrClosed, p.retire())
	}
	_ = l.unhealthy(nil)
	return p, nil
}

// unhealthy records why a worker process cannot be started, or with nil, that one could.
func (l *pool) unhealthy(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health, l.at = err, time.Now()
	return err
}

// probe starts a worker process and keeps it, unless it is already known whether one can be
// started. If the machine could not start one, probe tries again after a pause, concurrently
// with the caller.
func (l *pool) probe(ctx context.Context) error {
	l.mu.Lock()
	health, known := l.health, !l.at.IsZero()
	again := known && health != nil && time.Since(l.at) > retryPause && !l.probing && !l.closed
	if again {
		l.probing = true
	}
	l.mu.Unlock()
	if again {
		go func() {
			_ = l.try(context.Background())
			l.mu.Lock()
			l.probing = false
			l.mu.Unlock()
		}()
	}
	if known {
		return health
	}
	return l.try(ctx)
}

func (l *pool) try(ctx context.Context) error {
	p, err := l.take(ctx, "")
	if err != nil {
		return err
	}
	l.give(p)
	return nil
}

// close ends the idle worker processes. Worker processes that are given back later are ended
// too.
func (l *pool) close() error {
	l.mu.Lock()
	l.closed = true
	idle := l.idle
	l.idle = nil
	l.mu.Unlock()
	var errs []error
	for _, p := range idle {
		p.retired.Stop()
		errs = append(errs, p.retire())
	}
	// Starts that wait for the end of a suspension fail now.
	return errors.Join(append(errs, l.suspension.resume())...)
}
