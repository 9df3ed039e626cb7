package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

const (
	// killedExit is the exit code of a program that a SIGKILL has ended.
	killedExit = 137
	// notExecutable and notFound are the exit codes with which an engine says that the image has no such program.
	notExecutable = 126
	notFound      = 127
	// drainTime is the longest time in which the engine hands over what an ended program has printed.
	drainTime = 10 * time.Second
	// retryPause is the pause between two tries to reach an engine that is gone.
	retryPause = 200 * time.Millisecond
)

// list returns the names of the containers of this node.
func (e *Executor) list(ctx context.Context) ([]string, error) {
	c, err := e.engine.connect(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := called(ctx)
	defer cancel()
	found, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", labelHome+"="+e.cfg.Home)})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errGone, err)
	}
	var names []string
	for _, item := range found.Items {
		// The label is compared again: an engine that ignores the filter must not cost anyone a container.
		// An image of a stranger that the owner runs may have the label as well, but not with the name.
		name := containerName(e.cfg.Home, item.Labels[labelTask])
		if item.Labels[labelHome] == e.cfg.Home && slices.Contains(item.Names, "/"+name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// remove kills and removes a container. It changes nothing if there is none.
func (e *Executor) remove(ctx context.Context, name string) error {
	c, err := e.engine.connect(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := called(ctx)
	defer cancel()
	_, err = c.ContainerRemove(ctx, name, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !cerrdefs.IsNotFound(err) {
		return fmt.Errorf("cannot remove the container %s: %w", name, err)
	}
	return nil
}

// adopt takes over the container of an earlier daemon if it does the same work and still runs.
func (r *run) adopt(ctx context.Context, work string) (bool, error) {
	c, err := r.engine.connect(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := called(ctx)
	defer cancel()
	r.begins.RLock()
	defer r.begins.RUnlock()
	found, err := c.ContainerInspect(ctx, r.name, client.ContainerInspectOptions{})
	switch {
	case cerrdefs.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%w: %w", errGone, err)
	}
	was := found.Container
	if was.Config == nil || was.State == nil || !was.State.Running || was.Config.Labels[labelWork] != work || was.Config.Labels[labelHome] != r.cfg.Home {
		return false, nil
	}
	r.id, r.ran = was.ID, r.noted()
	r.execution.mu.Lock()
	defer r.execution.mu.Unlock()
	r.up, r.still = true, was.State.Paused
	if r.still && !r.suspended() {
		if _, err := c.ContainerUnpause(ctx, r.name, client.ContainerUnpauseOptions{}); err != nil {
			return false, fmt.Errorf("%w: cannot resume the container: %w", executor.ErrUnavailable, err)
		}
		r.still = false
	}
	return true, nil
}

// start creates and starts the container. It returns the end of a program that no machine can start, or an error
// of the machine, or nothing.
func (r *run) start(ctx context.Context, found *lent, work string) (*ending, error) {
	if err := r.remove(ctx, r.name); err != nil {
		return nil, fmt.Errorf("%w: %w", executor.ErrUnavailable, err)
	}
	if err := r.lay(); err != nil {
		return nil, err
	}
	c, err := r.engine.connect(ctx)
	if err != nil {
		return nil, err
	}
	p := &plan{cfg: &r.cfg, task: &r.task, about: r.engine.system(), image: found.name, volumes: found.Volumes, program: found.program, output: r.outputs()}
	p.uid, p.gid = self()
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.begins.RUnlock()
	made, err := c.ContainerCreate(ctx, p.request(work))
	if err != nil {
		if cerrdefs.IsInvalidArgument(err) && strings.Contains(strings.ToLower(err.Error()), "no command specified") {
			end := failed(manifest.ReasonInvalidProgram, "the image has no command; name one in the entrypoint of the program or in the arguments of the job")
			return &end, nil
		}
		return nil, fmt.Errorf("%w: the container engine did not make the container: %w", executor.ErrUnavailable, err)
	}
	r.id = made.ID
	if _, err = c.ContainerStart(ctx, r.name, client.ContainerStartOptions{}); err != nil {
		if code := r.exitCode(ctx, c); (code == notFound || code == notExecutable) && ofProgram(err) {
			end := failed(manifest.ReasonInvalidProgram, "the program of the image cannot be started: "+clip(err.Error()))
			return &end, nil
		}
		return nil, fmt.Errorf("%w: the container engine did not start the container: %w", executor.ErrUnavailable, err)
	}
	r.execution.mu.Lock()
	r.up = true
	r.execution.mu.Unlock()
	return nil, nil
}

// ofProgram reports whether an engine could not start a container because of its program. The exit code does not say it:
// engines use the same for a mount or a control group that they do not find.
func ofProgram(err error) bool {
	return strings.Contains(err.Error(), "exec: \"") || strings.Contains(err.Error(), "executable file")
}

// enter waits until tasks are not suspended, and holds begins for reading then: nothing is started while tasks are
// suspended.
func (r *run) enter(ctx context.Context) error {
	for {
		if err := r.Executor.await(ctx); err != nil {
			return err
		}
		r.begins.RLock()
		if !r.suspended() {
			return nil
		}
		r.begins.RUnlock()
	}
}

func (r *run) exitCode(ctx context.Context, c *client.Client) int {
	ctx, cancel := called(ctx)
	defer cancel()
	found, err := c.ContainerInspect(ctx, r.name, client.ContainerInspectOptions{})
	if err != nil || found.Container.State == nil {
		return 0
	}
	return found.Container.State.ExitCode
}

// exit is the end of a container, or an error of the engine.
type exit struct {
	code int64
	err  error
}

// await waits for the end of the container.
func (r *run) await(ctx context.Context) <-chan exit {
	ended := make(chan exit, 1)
	c, err := r.engine.connect(ctx)
	if err != nil {
		ended <- exit{err: err}
		return ended
	}
	go func() {
		waiting := c.ContainerWait(ctx, r.name, client.ContainerWaitOptions{Condition: api.WaitConditionNotRunning})
		select {
		case found := <-waiting.Result:
			e := exit{code: found.StatusCode}
			if found.Error != nil && found.Error.Message != "" {
				e.err = errors.New(found.Error.Message)
			}
			ended <- e
		case err := <-waiting.Error:
			ended <- exit{err: err}
		case <-ctx.Done():
		}
	}()
	return ended
}

// back waits for an engine that has gone away. It returns nil if the container still runs then. A container that
// has ended with its engine has no result.
func (r *run) back(ctx context.Context, lost error) error {
	limited, cancel := context.WithTimeout(ctx, r.cfg.ReturnTime)
	defer cancel()
	r.engine.forget()
	for {
		c, err := r.engine.connect(limited)
		if err == nil {
			found, failed := c.ContainerInspect(limited, r.name, client.ContainerInspectOptions{})
			switch {
			case failed == nil && found.Container.State != nil && found.Container.State.Running:
				return nil
			case failed == nil, cerrdefs.IsNotFound(failed):
				return fmt.Errorf("%w: the container ended while its engine was away", executor.ErrUnavailable)
			}
			r.engine.forget()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-limited.Done():
			return fmt.Errorf("%w: %w; it was away for %s", errGone, lost, r.cfg.ReturnTime)
		case <-time.After(retryPause):
		}
	}
}

// judge says how a program ended whose container has ended by itself.
func (r *run) judge(ctx context.Context, e exit) (ending, error) {
	c, err := r.engine.connect(ctx)
	if err != nil {
		return ending{}, err
	}
	call, cancel := called(ctx)
	defer cancel()
	found, err := c.ContainerInspect(call, r.name, client.ContainerInspectOptions{})
	if err != nil || found.Container.State == nil {
		return ending{}, fmt.Errorf("%w: it cannot say how the container ended: %w", errGone, err)
	}
	meddled, err := r.meddled(call, c)
	switch {
	case err != nil:
		return ending{}, err
	case found.Container.State.OOMKilled && e.code == killedExit:
		return failed(manifest.ReasonOutOfMemory, fmt.Sprintf("the program needed more than %d bytes of memory", r.task.MemoryBytes)), nil
	case meddled:
		return ending{}, fmt.Errorf("%w: the container was ended by its engine or by another user of it", executor.ErrUnavailable)
	case e.code == killedExit:
		return ending{}, fmt.Errorf("%w: the container was killed, and not for its memory limit; the machine may lack memory", executor.ErrWorkerDied)
	case found.Container.State.Error != "":
		return ending{}, fmt.Errorf("%w: the container engine: %s", executor.ErrUnavailable, clip(found.Container.State.Error))
	}
	return ending{reason: manifest.ReasonExited, code: int32(e.code), detail: ""}, nil
}

// meddled reports whether a signal was sent to the container through the engine. An engine that is shut down does
// that, and a program that obeys the signal would look as if it had ended by itself.
func (r *run) meddled(ctx context.Context, c *client.Client) (bool, error) {
	now := time.Now()
	seen := c.Events(ctx, client.EventsListOptions{
		Since:   stamp(now.Add(-meddleTime)),
		Until:   stamp(now),
		Filters: make(client.Filters).Add("type", "container").Add("event", "kill").Add("container", r.id),
	})
	for {
		select {
		case <-seen.Messages:
			return true, nil
		case err := <-seen.Err:
			if err == nil || errors.Is(err, io.EOF) {
				return false, nil
			}
			return false, fmt.Errorf("%w: it cannot say who ended the container: %w", errGone, err)
		}
	}
}

// stamp is a time as the engine reads it.
func stamp(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

// meddleTime is how long before the end of a container a signal may have ended it.
const meddleTime = 5 * time.Minute

// end kills the container, and returns how its program ended.
func (r *run) end(how ending) (ending, error) {
	ctx, cancel := called(context.Background())
	defer cancel()
	c, err := r.engine.connect(ctx)
	if err != nil {
		return ending{}, err
	}
	if _, err := c.ContainerKill(ctx, r.name, client.ContainerKillOptions{Signal: "KILL"}); err != nil && !cerrdefs.IsConflict(err) && !cerrdefs.IsNotFound(err) {
		return ending{}, fmt.Errorf("%w: cannot kill the container: %w", executor.ErrUnavailable, err)
	}
	return how, nil
}

// printed is what a program prints, as far as it is kept.
type printed struct {
	done        chan struct{}
	cancel      context.CancelFunc
	out, errors prefix
}

// prefix keeps the first bytes that are written to it.
type prefix struct{ bytes.Buffer }

// Write implements io.Writer. It never fails.
func (p *prefix) Write(b []byte) (int, error) {
	if room := StreamBytes - p.Len(); room > 0 {
		p.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// follow reads what the program prints until its container ends.
func (r *run) follow(ctx context.Context) *printed {
	ctx, cancel := context.WithCancel(ctx)
	p := &printed{done: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(p.done)
		c, err := r.engine.connect(ctx)
		if err != nil {
			return
		}
		logs, err := c.ContainerLogs(ctx, r.name, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: true})
		if err != nil {
			r.cfg.Logger.Warn("what a program prints cannot be read", "task", r.task.ID, "error", err)
			return
		}
		defer logs.Close() //nolint:errcheck // read only
		_, _ = stdcopy.StdCopy(&p.out, &p.errors, logs)
	}()
	return p
}

// wait returns what the program has printed.
func (p *printed) wait() map[string][]byte {
	select {
	case <-p.done:
	case <-time.After(drainTime):
	}
	p.cancel()
	<-p.done
	return map[string][]byte{streamStdout: p.out.Bytes(), streamStderr: p.errors.Bytes()}
}

// clip bounds a text of the engine.
func clip(text string) string {
	const most = 500
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
