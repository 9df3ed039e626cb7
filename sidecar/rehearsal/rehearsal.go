package rehearsal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// The bounds of the job. They are far more than the program needs, and small enough that nodes
// accept them.
const (
	fuel, memory, outputs = 10_000_000, 1 << 20, 64 << 10
	// The numbers of blocks give each leg some minutes at most.
	prepareBlocks, commitBlocks, lifetimeBlocks, reviewBlocks = 20, 100, 200, 400
)

// Client posts jobs and reviews results. *client.Client implements it.
type Client interface {
	Quote(ctx context.Context, signer client.Signer, spec computetypes.JobSpec) (*client.Quote, error)
	NewState(packed *client.Packed) (*client.State, error)
	Post(ctx context.Context, signer client.Signer, state *client.State, cost client.Cost, save func(*client.State) error) error
	Settlement(ctx context.Context, jobID string) (*client.Settlement, error)
	FetchInReview(ctx context.Context, state *client.State, task uint64, dir string) (*client.InReview, error)
	Review(ctx context.Context, signer client.Signer, items []computetypes.ReviewItem) error
	Cancel(ctx context.Context, signer client.Signer, jobID string) (sdk.Coin, error)
}

// Tasks shows tasks that have not ended. *chain.Reader implements it.
type Tasks interface {
	// Task returns a task, or chain.ErrNotFound.
	Task(ctx context.Context, job string, task uint64) (computetypes.Chunk, error)
}

// View is what the daemon shows about its part in the job.
type View struct {
	// Phase is the phase of the assignment; empty while there is none.
	Phase string
	// Outcome is the verdict on the assignment; empty while there is none.
	Outcome string
	// Delivered reports whether the drop box has the result.
	Delivered bool
	// Error is the last error, or the reason why the node left the draw.
	Error string
	// Wall is the time that the program ran. It is 0 while that is not known.
	Wall time.Duration
}

// Config contains the dependencies of a trial.
type Config struct {
	Client Client
	Tasks  Tasks
	// Look asks the node's daemon about its part in a job.
	Look func(ctx context.Context, jobID string) (View, error)
	// Signer is the key of the operator, which pays, and Operator the address of the node.
	Signer   client.Signer
	Operator string
	// Relay is the base URL of the relay, and Class the hardware class of the node.
	Relay, Class string
	// Reward is the pay of the task.
	Reward sdk.Coin
	// Folder receives the files of the job. The state in it can resume the job.
	Folder string
	// Patience bounds the time between posting and payment, and Poll is the pause between looks.
	Patience, Poll time.Duration
	Now            func() time.Time
}

// Trial is a job that is ready to be posted.
type Trial struct {
	cfg    Config
	packed *client.Packed
	input  []byte
	// Quote is what the job costs.
	Quote *client.Quote
}

// Prepare writes the files of the job and asks what it costs. Nothing leaves this machine except
// the question.
func Prepare(ctx context.Context, cfg Config) (*Trial, error) {
	t := &Trial{cfg: cfg, input: fmt.Appendf(nil, "self-test %s\n", rand.Text())}
	programPath, inputPath := filepath.Join(cfg.Folder, "program.wasm"), filepath.Join(cfg.Folder, inputName)
	if err := os.MkdirAll(cfg.Folder, 0o700); err != nil {
		return nil, err
	}
	if err := errors.Join(os.WriteFile(programPath, program(), 0o600), os.WriteFile(inputPath, t.input, 0o600)); err != nil {
		return nil, err
	}
	job := jobfile.Job{
		Executor: "wasm/1", Program: jobfile.Content{Path: programPath}, Inputs: map[string]jobfile.Content{inputName: {Path: inputPath}},
		Resources: jobfile.Resources{Fuel: fuel, Memory: memory, Output: outputs},
		Class:     cfg.Class, Policy: jobfile.Policy{Trust: cfg.Operator, ReviewBlocks: reviewBlocks},
		Reward: jobfile.Reward{Coin: cfg.Reward}, Tasks: 1,
		PrepareBlocks: prepareBlocks, CommitBlocks: commitBlocks, LifetimeBlocks: lifetimeBlocks, Relay: cfg.Relay,
	}
	var err error
	if t.packed, err = client.Pack(job); err != nil {
		return nil, err
	}
	if t.Quote, err = cfg.Client.Quote(ctx, cfg.Signer, t.packed.Spec); err != nil {
		return nil, err
	}
	return t, t.Quote.Err()
}

// Run posts the job and follows it. tell is called with each leg that has ended. The report names
// the leg that failed.
func (t *Trial) Run(ctx context.Context, tell func(Outcome)) *Report {
	ctx, cancel := context.WithTimeoutCause(ctx, t.cfg.Patience, fmt.Errorf("nothing happened within %s", t.cfg.Patience))
	defer cancel()
	watch := newStopwatch(t.cfg.Now)
	r := &run{Trial: t, watch: watch}
	for _, step := range []func(context.Context) error{r.upload, r.post, r.follow, r.check, r.review, r.pay} {
		before := watch.next()
		if err := step(ctx); err != nil {
			watch.failed(watch.next(), because(ctx, err))
			r.warn()
			r.giveUp(context.WithoutCancel(ctx))
		}
		for _, o := range watch.report.Legs[position(before):] {
			if o.Done || o.Error != "" {
				tell(o)
			}
		}
		if watch.report.Failed != "" {
			break
		}
	}
	return watch.report
}

// because returns an error with the reason why a context ended, if it did.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w; %w", cause, err)
	}
	return err
}

func position(leg Leg) int {
	for i, l := range Legs() {
		if l == leg {
			return i
		}
	}
	return len(Legs())
}

// run is a trial under way.
type run struct {
	*Trial
	watch *stopwatch
	state *client.State
}

func (r *run) upload(ctx context.Context) error {
	if err := r.packed.Upload(ctx); err != nil {
		return err
	}
	r.watch.done(Upload, fmt.Sprintf("%d bytes", r.packed.UploadBytes()))
	return nil
}

func (r *run) post(ctx context.Context) (err error) {
	if r.state, err = r.cfg.Client.NewState(r.packed); err != nil {
		return err
	}
	save := func(state *client.State) error { return state.Save(r.cfg.Folder) }
	if err := r.cfg.Client.Post(ctx, r.cfg.Signer, r.state, r.Quote.Posting, save); err != nil {
		return err
	}
	r.watch.report.JobID = r.state.JobID
	r.watch.done(Post, "job "+r.state.JobID)
	return nil
}

// check downloads the result and compares it with the input.
func (r *run) check(ctx context.Context) error {
	found, err := r.cfg.Client.FetchInReview(ctx, r.state, 0, filepath.Join(r.cfg.Folder, "result"))
	if err != nil {
		return err
	}
	if found.Manifest.ExitCode != 0 {
		return fmt.Errorf("expected the program to exit with 0, found %s with %d", found.Manifest.Reason, found.Manifest.ExitCode)
	}
	for _, file := range found.Manifest.Files {
		if file.Path != outputName {
			continue
		}
		// A plain name is saved unchanged.
		content, err := os.ReadFile(filepath.Join(found.Dir, outputName))
		if err != nil {
			return err
		}
		if !bytes.Equal(content, r.input) {
			return fmt.Errorf("expected the %d bytes of the input as output, found %d other bytes: this machine computes wrongly; the result is neither accepted nor rejected", len(r.input), len(content))
		}
		r.watch.done(Check, "the output is the input")
		return nil
	}
	return fmt.Errorf("expected a file %s in the result, found none", outputName)
}

func (r *run) review(ctx context.Context) error {
	err := r.cfg.Client.Review(ctx, r.cfg.Signer, []computetypes.ReviewItem{{JobId: r.state.JobID, Accept: true}})
	if err == nil {
		r.watch.done(Review, "")
	}
	return err
}

// pay waits until the job is settled, and requires that the node was paid.
func (r *run) pay(ctx context.Context) error {
	var settlement *client.Settlement
	err := r.poll(ctx, func() (over bool, err error) {
		settlement, err = r.cfg.Client.Settlement(ctx, r.state.JobID)
		return settlement != nil, err
	})
	if err != nil {
		return err
	}
	if !settlement.Accepted() || !settlement.Paid().IsPositive() {
		return fmt.Errorf("expected an accepted result and its pay, found a job that ended %s", client.StatusName(settlement.Job.Status))
	}
	r.watch.done(Pay, money.FormatAmount(settlement.Paid())+" before the fee split")
	return nil
}

// warn says that a job may still be posted whose posting was not seen to end: another self-test at once
// would be paid for too.
func (r *run) warn() {
	if r.watch.report.Failed != Post || r.state == nil || !pending(r.state) {
		return
	}
	r.watch.outcome(Post).Cure = fmt.Sprintf("wait until block %d before another self-test: until then the transaction can still post this job, and another job would be paid for too; a job that is posted ends by itself, and what its node earns comes back", r.state.TxTimeout)
}

// pending reports whether a transaction has left this machine that may still post the job of a state.
func pending(state *client.State) bool { return len(state.Tx) > 0 && state.JobID == "" }

// giveUp cancels a job that the node has not taken, so that the reward comes back at once.
func (r *run) giveUp(ctx context.Context) {
	if r.state == nil || r.state.JobID == "" || r.watch.report.Failed != Claim {
		return
	}
	const limit = time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	o := r.watch.outcome(Claim)
	back, err := r.cfg.Client.Cancel(ctx, r.cfg.Signer, r.state.JobID)
	if err != nil {
		o.Detail = fmt.Sprintf("the job could not be cancelled: %v; the reward comes back when it ends", err)
		return
	}
	o.Detail = fmt.Sprintf("the job was cancelled, and %s came back", money.FormatAmount(back))
}

// poll looks until something is over. Errors of a node that does not answer do not end it.
func (r *run) poll(ctx context.Context, look func() (over bool, err error)) error {
	ticker := time.NewTicker(r.cfg.Poll)
	defer ticker.Stop()
	for {
		over, err := look()
		if over || err != nil && !errors.Is(err, chain.ErrUnreachable) && !grpcnode.IsUnreachable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
