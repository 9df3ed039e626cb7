package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// spinTasks is the number of tasks of an array, and spinTurns the number of turns of a task's loop.
	spinTasks, spinTurns = 8, 20_000_000
	// jobPatience is the longest time from the post of a job to its end: its lifetime, its windows and
	// all its redraws are shorter.
	jobPatience = 15 * time.Minute
	// fetchPatience is the longest time after the end of a job for which nodes may still deliver.
	fetchPatience = 3 * time.Minute
	// lookPause is the pause between two tries.
	lookPause = 2 * time.Second
)

// windows bound the time of all jobs, so that a node that its owner suspends for a while cannot
// finish, and yields.
const windows = `
class: cpu-small
reward: 0.1tfuel
prepare_blocks: 60
commit_blocks: 90
lifetime_blocks: 240
`

// textgen continues a text with a program of wasm/1; its fuel needs 40 blocks at the rate that nodes
// declare. decoder answers a request with a model on tensor/1. array runs in chunks.
const (
	textgen = `
executor: wasm/1
program: %[1]s/textgen.wasm
args: [--tokens, "%[3]d", --seed, "%[4]d", --temperature, "600"]
inputs:
  model.bin: %[2]s/textgen/model.bin
  prompt.txt: %[2]s/textgen/prompt.txt
resources: {fuel: 60_000_000_000, memory: 64MiB, output: 64KiB}
`
	decoder = `
executor: tensor/1
program: %[1]s/llm.wasm
inputs:
  model: %[1]s/prose.theta
  request.json: %[2]s/llm/request.json
resources: {fuel: 2_000_000_000, memory: 64MiB, device: 16MiB, output: 64KiB}
`
	array = `
executor: wasm/1
program: %s
args: ["%d", "{task}"]
tasks: %d
chunk: 4
policy: {audit: 50%%}
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
`
	// image runs for some seconds in a container.
	image = `
executor: container/1
program: %[1]s
args: ["%[2]d"]
inputs: {seed: %[1]s}
resources: {fuel: 40_000_000_000, memory: 32MiB, output: 4KiB}
`
)

// kind is a kind of job.
type kind struct {
	name string
	text func(*rand.Rand) string
	// array reports that the results of Spin are compared as well.
	array bool
}

// kinds returns the jobs of a run. bin has the programs, examples their inputs, and spin is the
// path of the program of the arrays. archive is the path of an image, or "" if there is no container engine.
func kinds(bin, examples, spin, archive string) []kind {
	text := func(policy string) func(*rand.Rand) string {
		return func(random *rand.Rand) string {
			return fmt.Sprintf(textgen, bin, examples, 600+random.IntN(2400), random.IntN(1000)) + policy + windows
		}
	}
	model := func(policy string) func(*rand.Rand) string {
		return func(*rand.Rand) string { return fmt.Sprintf(decoder, bin, examples) + policy + windows }
	}
	all := []kind{
		{name: "textgen, quorum of 3", text: text("policy: {quorum: 3}")},
		{name: "textgen, audited", text: text("policy: {audit: 50%}")},
		{name: "decoder, quorum of 3", text: model("policy: {quorum: 3}")},
		{name: "decoder, audited", text: model("policy: {audit: 50%}")},
		{name: "array in chunks, audited", array: true, text: func(*rand.Rand) string {
			return fmt.Sprintf(array, spin, spinTurns, spinTasks, rate.SpinFuel(spinTurns)) + windows
		}},
	}
	if archive != "" {
		all = append(all, kind{name: "container, quorum of 3", text: func(random *rand.Rand) string {
			return fmt.Sprintf(image, archive, 5_000_000+random.IntN(40_000_000)) + "policy: {quorum: 3}" + windows
		}})
	}
	return all
}

// requester posts one job after the other.
type requester struct {
	network *devnet.Devnet
	key     string
	dir     string
	random  *rand.Rand
	kinds   []kind
	counts  *Counts
	say     func(format string, args ...any)
}

// work posts jobs until ctx ends, and follows each to its end.
func (r *requester) work(ctx context.Context) error {
	for n := 0; ctx.Err() == nil; n++ {
		k := r.kinds[r.random.IntN(len(r.kinds))]
		out := filepath.Join(r.dir, r.key+"-"+strconv.Itoa(n))
		err := r.one(context.WithoutCancel(ctx), k, out)
		if errors.Is(err, client.ErrNotPostable) {
			r.counts.skipped(k.name, err)
			pause(ctx, lookPause)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s of %s: %w", k.name, r.key, err)
		}
		// A verified result needs no room any more.
		if err := os.RemoveAll(out); err != nil {
			return err
		}
	}
	return nil
}

// one runs a job to its end and verifies its result.
func (r *requester) one(ctx context.Context, k kind, out string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, jobPatience, fmt.Errorf("waited %s for its end", jobPatience))
	defer cancel()
	job, err := jobfile.Parse([]byte(k.text(r.random)))
	if err != nil {
		return err
	}
	job.Relay = r.network.Relay()
	c, err := r.network.Client(ctx)
	if err != nil {
		return err
	}
	signer, err := r.network.Signer(r.key)
	if err != nil {
		return err
	}
	state, err := post(ctx, c, signer, job, out)
	if err != nil {
		return err
	}
	r.counts.posted(k.name)
	settle := r.single
	if k.array {
		settle = r.inChunks
	}
	status, err := settle(ctx, c, state, out)
	var lost *lostResult
	switch {
	case errors.As(err, &lost):
		r.counts.lost(k.name, fmt.Errorf("job %s: %w", state.JobID, err))
	case err != nil:
		return fmt.Errorf("job %s: %w", state.JobID, err)
	}
	r.say("%-26s %s  %s", k.name, state.JobID, client.StatusName(status))
	r.counts.ended(k.name, status)
	return nil
}

// post posts a job as `thetad compute run` does.
func post(ctx context.Context, c *client.Client, signer tx.Signer, job jobfile.Job, out string) (*client.State, error) {
	packed, err := client.Pack(job)
	if err != nil {
		return nil, err
	}
	if job.Tasks > 1 {
		if _, err := c.Plan(ctx, packed); err != nil {
			return nil, err
		}
	}
	quote, err := c.Quote(ctx, signer, packed.Spec)
	if err == nil {
		err = quote.Err()
	}
	if err == nil {
		err = packed.Upload(ctx)
	}
	if err != nil {
		return nil, err
	}
	state, err := c.NewState(packed)
	if err != nil {
		return nil, err
	}
	return state, c.Post(ctx, signer, state, quote.Posting, func(s *client.State) error { return s.Save(out) })
}

// lostResult means that the chain accepted a result that the requester cannot fetch or verify.
type lostResult struct{ err error }

// Error implements error.
func (l *lostResult) Error() string { return "the accepted result is lost: " + l.err.Error() }

// Unwrap returns why.
func (l *lostResult) Unwrap() error { return l.err }

// single follows a job of one task.
func (r *requester) single(ctx context.Context, c *client.Client, state *client.State, out string) (computetypes.JobStatus, error) {
	settlement, err := c.Watch(ctx, state.JobID, func(client.Progress) {})
	if err != nil {
		return 0, err
	}
	status := settlement.Job.Status
	if status != computetypes.JOB_STATUS_COMPLETED {
		return status, nil
	}
	return status, untilHere(ctx, func() error {
		if _, err := c.Fetch(ctx, state, settlement, out); err != nil {
			return err
		}
		_, err := c.Verify(ctx, state.JobID, out)
		return err
	})
}

// inChunks follows an array, and compares its results with those of the program.
func (r *requester) inChunks(ctx context.Context, c *client.Client, state *client.State, out string) (computetypes.JobStatus, error) {
	var status computetypes.JobStatus
	var failed error
	save := func(s *client.State) error { return s.Save(out) }
	err := untilHere(ctx, func() error {
		end, err := c.FollowArray(ctx, state, out, save, func(client.Progress) {})
		if failed = err; err != nil {
			return nil
		}
		status = end.Job.Status
		if end.Missing > 0 {
			return fmt.Errorf("%d of %d accepted tasks are missing: %w", end.Missing, end.Job.TasksAccepted, end.FirstMissing)
		}
		if _, err := client.VerifyArray(r.network.ChainID(), &end.Job, out); err != nil {
			return err
		}
		if end.Fetched != spinTasks {
			return nil // tasks without a result have none to compare
		}
		return rate.CheckResults(spinTurns, spinTasks, out)
	})
	return status, errors.Join(failed, err)
}

// untilHere tries to fetch a result until that succeeds or nodes have had enough time to deliver it.
func untilHere(ctx context.Context, fetch func() error) error {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	for {
		err := fetch()
		if err == nil {
			return nil
		}
		if !pause(ctx, lookPause) {
			return &lostResult{err}
		}
	}
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
