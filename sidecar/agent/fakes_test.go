package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
)

// errKilled represents the time at which the process dies.
var errKilled = errors.New("killed")

// crash kills the agent at its n-th step of one kind.
type crash struct {
	mu   sync.Mutex
	dead bool
	// left is the number of steps until death. With a negative number, the agent never dies.
	left int
	// after makes the fatal step happen before death.
	after bool
	kill  context.CancelFunc
}

// step calls do unless the process is dead. It may kill the process before or after the call.
func (c *crash) step(counts bool, do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errKilled
	}
	if counts {
		if c.left--; c.left == 0 {
			var err error
			if c.after {
				err = do()
			}
			c.dead = true
			c.kill()
			return errors.Join(errKilled, err)
		}
	}
	return do()
}

// crashingJournal dies at an update.
type crashingJournal struct {
	*store.Journal
	crash *crash
	fatal bool
}

func (j *crashingJournal) Update(change func(*store.Tx) error) error {
	return j.crash.step(j.fatal, func() error { return j.Journal.Update(change) })
}

// fakeExecutor gives a different result each time. A test therefore notices if the result of a
// second execution replaces a committed one.
type fakeExecutor struct {
	mu        sync.Mutex
	tasks     map[string]chan struct{}
	results   map[string]executor.Result
	executed  int
	recovered int
	// hold blocks executions until it is closed. If it is nil, executions are not blocked.
	hold chan struct{}
	// holdFrom is the number of the first execution that is blocked.
	holdFrom int
	fail     error
	// kills contains the jobs whose programs crash the worker process. unhealthy is the reason
	// why no program runs.
	kills     map[string]bool
	unhealthy string
	// killsWith is the error with which they end; nil is that of a worker process that has ended.
	killsWith error
	// reason and exit say how programs end.
	reason manifest.Reason
	exit   int32
	detail string
	// says returns the output of a task by its number, which is its last argument. If it is
	// nil, each execution has another output.
	says func(task uint64) []byte
	// sizes contains the sizes of the outputs of executions, by their number, where they are
	// not 16 bytes.
	sizes map[int]int
	// runs is called when a task begins to run, with the number of tasks that have begun.
	runs func(n int) error
	// started contains the tasks in the order in which they began.
	started []executor.Task
	// suspensions counts the calls of Suspend, of which the first ones fail with the errors of
	// stiff. suspended is set between Suspend and Resume.
	suspensions int
	stiff       []error
	suspended   bool
}

func newFakeExecutor() *fakeExecutor {
	return &fakeExecutor{
		tasks: map[string]chan struct{}{}, results: map[string]executor.Result{}, reason: manifest.ReasonExited,
	}
}

func (e *fakeExecutor) Profile() string { return "wasm/1" }

func (e *fakeExecutor) Fingerprint(context.Context) executor.Fingerprint {
	if e.unhealthy != "" {
		return executor.Fingerprint{Profile: "wasm/1", Health: executor.Unhealthy, Detail: e.unhealthy}
	}
	return executor.Fingerprint{Profile: "wasm/1", Health: executor.Healthy, Slots: 4}
}

func (e *fakeExecutor) Start(_ context.Context, task executor.Task) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return e.fail
	}
	if err := task.Validate(); err != nil {
		return err
	}
	if _, live := e.tasks[task.ID]; live {
		return executor.ErrTaskExists
	}
	e.executed++
	e.started = append(e.started, task)
	size, large := e.sizes[e.executed]
	if !large {
		size = 16
	}
	content := make([]byte, size)
	if _, err := rand.Read(content); err != nil {
		return err
	}
	if e.says != nil {
		number, err := strconv.ParseUint(task.Args[len(task.Args)-1], 10, 64)
		if err != nil {
			return err
		}
		content = e.says(number)
	}
	if e.runs != nil {
		if err := e.runs(e.executed); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(task.OutputDir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(task.OutputDir, "text.txt"), content, 0o600); err != nil {
		return err
	}
	done := e.hold
	if done == nil || e.executed < e.holdFrom {
		done = make(chan struct{})
		close(done)
	}
	e.tasks[task.ID] = done
	e.results[task.ID] = executor.Result{
		Profile: "wasm/1", Reason: e.reason, ExitCode: e.exit, FuelUsed: 7, Detail: e.detail,
		Outputs: []manifest.File{{Path: "text.txt", Size: uint64(len(content)), SHA256: sha256.Sum256(content)}},
	}
	result := e.results[task.ID]
	for _, key := range task.TraceKeys {
		result.Traces = append(result.Traces, sha256.Sum256(append(key[:], content...)))
	}
	e.results[task.ID] = result
	return nil
}

func (e *fakeExecutor) Wait(ctx context.Context, id string) (executor.Result, error) {
	e.mu.Lock()
	done, live := e.tasks[id]
	result := e.results[id]
	e.mu.Unlock()
	if !live {
		return executor.Result{}, executor.ErrUnknownTask
	}
	select {
	case <-ctx.Done():
		return executor.Result{}, ctx.Err()
	case <-done:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for job := range e.kills {
		if strings.HasPrefix(id, job+"-") {
			return executor.Result{}, cmp.Or(e.killsWith, errDied)
		}
	}
	return result, nil
}

func (e *fakeExecutor) Stop(string) error { return nil }

func (e *fakeExecutor) Destroy(id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.tasks, id)
	return nil
}

func (e *fakeExecutor) Recover(ctx context.Context, task executor.Task) error {
	e.mu.Lock()
	e.recovered++
	e.mu.Unlock()
	if err := os.RemoveAll(task.OutputDir); err != nil {
		return err
	}
	return e.Start(ctx, task)
}

func (e *fakeExecutor) Close() error { return nil }

func (e *fakeExecutor) Suspend() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.suspensions++
	e.suspended = true
	if len(e.stiff) > 0 {
		err := e.stiff[0]
		e.stiff = e.stiff[1:]
		return err
	}
	return nil
}

func (e *fakeExecutor) Resume() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.suspended = false
	return nil
}

func (e *fakeExecutor) Progress(id string) (executor.Progress, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, live := e.tasks[id]; !live {
		return executor.Progress{}, executor.ErrUnknownTask
	}
	return executor.Progress{FuelUsed: 3, Fuel: 9}, nil
}

func (e *fakeExecutor) read(is func(e *fakeExecutor) bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return is(e)
}

func (e *fakeExecutor) executions() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.executed
}

// fakeWeb contains inputs by address and the content that was put into sinks.
type fakeWeb struct {
	mu      sync.Mutex
	content map[string][]byte
	drops   map[string]bool
	// took contains the content of the drops.
	took map[string][]byte
	// fetchErr and putErr, while set, are the errors of every transfer.
	fetchErr, putErr error
	puts             int
	// signedFor contains the uploads that were signed.
	signedFor []blob.Work
	// probeErr, while set, is the error of every probe. probes counts the probes.
	probeErr error
	probes   int
	// drips means that a fetch never ends by itself.
	drips bool
}

func newFakeWeb() *fakeWeb {
	return &fakeWeb{content: map[string][]byte{}, drops: map[string]bool{}, took: map[string][]byte{}}
}

func (w *fakeWeb) FetchFile(ctx context.Context, address string, want blob.Digest, maxBytes int64, path string) (int64, error) {
	w.mu.Lock()
	if w.drips {
		w.mu.Unlock()
		<-ctx.Done()
		return 0, ctx.Err()
	}
	defer w.mu.Unlock()
	if w.fetchErr != nil {
		return 0, w.fetchErr
	}
	content, ok := w.content[address]
	switch {
	case !ok:
		return 0, fmt.Errorf("%s: %w", address, transfer.ErrGone)
	case int64(len(content)) > maxBytes:
		return 0, transfer.ErrTooBig
	case blob.DigestOf(content) != want:
		return 0, transfer.ErrWrongDigest
	}
	return int64(len(content)), os.WriteFile(path, content, 0o600)
}

func (w *fakeWeb) Get(_ context.Context, address string, maxBytes int64) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	content, ok := w.content[address]
	switch {
	case w.fetchErr != nil:
		return nil, w.fetchErr
	case !ok:
		return nil, fmt.Errorf("%s: %w", address, transfer.ErrGone)
	case int64(len(content)) > maxBytes:
		return nil, transfer.ErrTooBig
	}
	return content, nil
}

func (w *fakeWeb) PutTo(ctx context.Context, address string, r io.ReadSeeker, _ int64, by *blob.Work) (blob.Digest, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return blob.Digest{}, err
	}
	w.puts++
	if by != nil {
		w.signedFor = append(w.signedFor, *by)
	}
	if w.putErr != nil {
		return blob.Digest{}, w.putErr
	}
	content, err := io.ReadAll(r)
	digest := blob.DigestOf(content)
	if err == nil && !strings.HasSuffix(address, "/"+digest.String()) {
		err = transfer.ErrWrongDigest
	}
	if err == nil {
		w.drops[address], w.took[address] = true, content
	}
	return digest, err
}

func (w *fakeWeb) Probe(context.Context, string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.probes++
	return w.probeErr
}

func (w *fakeWeb) set(change func(*fakeWeb)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *fakeWeb) holds(address string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.drops[address]
}
