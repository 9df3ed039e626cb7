package container

import (
	"context"
	"errors"
	"fmt"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/thetaedge/theta/executor"
)

// yieldTime is the longest time until the machine is the owner's again.
const yieldTime = 2 * time.Second

// await returns once tasks are not suspended, or with the context's error.
func (e *Executor) await(ctx context.Context) error {
	for {
		e.mu.Lock()
		resumed := e.resumed
		e.mu.Unlock()
		if resumed == nil {
			return nil
		}
		select {
		case <-resumed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *Executor) suspended() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.resumed != nil
}

// Suspend implements executor.Suspender. A container on the processor is paused and keeps its memory. One with
// a graphics card is ended with ErrEvicted: the engine cannot take the memory of the card from it. So is one that
// cannot be paused in time. A task whose image is fetched or loaded begins with that again later.
func (e *Executor) Suspend() error {
	e.begins.Lock()
	defer e.begins.Unlock()
	e.mu.Lock()
	if e.resumed == nil {
		e.resumed = make(chan struct{})
	}
	var all []*execution
	for _, x := range e.tasks {
		all = append(all, x)
	}
	e.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), yieldTime)
	defer cancel()
	var ended []*execution
	for _, x := range all {
		if x.gpu() || e.pause(ctx, x) != nil {
			x.cancel(executor.ErrEvicted)
			ended = append(ended, x)
		}
	}
	for _, x := range ended {
		select {
		case <-x.done:
		case <-ctx.Done():
			return fmt.Errorf("the container of task %s has not ended within %s", x.task.ID, yieldTime)
		}
	}
	// Containers of an earlier daemon would run on. Their tasks begin again later.
	if err := e.removeOrphans(ctx); err != nil && !errors.Is(err, executor.ErrUnavailable) {
		return err
	}
	return nil
}

// gpu reports whether the container of a task runs and has a graphics card.
func (x *execution) gpu() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.up && x.task.DeviceBytes > 0
}

// pause stops a container where it is.
func (e *Executor) pause(ctx context.Context, x *execution) error {
	select {
	case <-x.done:
		return nil
	default:
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.still:
		return nil
	case !x.up && x.interrupt != nil:
		x.interrupt()
	}
	c, err := e.engine.connect(ctx)
	if err != nil {
		return err
	}
	// A conflict means that the container has ended or is paused. A task that is recovered may have a container which it
	// has not taken over yet, and which then stays paused until it does.
	_, err = c.ContainerPause(ctx, x.name, client.ContainerPauseOptions{})
	if err != nil && !cerrdefs.IsConflict(err) && (x.up || !cerrdefs.IsNotFound(err)) {
		return err
	}
	x.still = x.up
	return nil
}

// Resume implements executor.Suspender.
func (e *Executor) Resume() error {
	e.begins.Lock()
	defer e.begins.Unlock()
	e.mu.Lock()
	var all []*execution
	for _, x := range e.tasks {
		all = append(all, x)
	}
	e.mu.Unlock()
	ctx, cancel := called(context.Background())
	defer cancel()
	for _, x := range all {
		if err := e.unpause(ctx, x); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.resumed != nil {
		close(e.resumed)
		e.resumed = nil
	}
	return nil
}

// unpause lets a container go on.
func (e *Executor) unpause(ctx context.Context, x *execution) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.still {
		return nil
	}
	select {
	case <-x.done:
		return nil
	default:
	}
	c, err := e.engine.connect(ctx)
	if err != nil {
		return err
	}
	if _, err := c.ContainerUnpause(ctx, x.name, client.ContainerUnpauseOptions{}); err != nil && !cerrdefs.IsConflict(err) && !cerrdefs.IsNotFound(err) && !cerrdefs.IsInternal(err) {
		return err
	}
	x.still = false
	return nil
}
