package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
)

// computeRun is one run of a job, from its file to its result.
type computeRun struct {
	signing *signing
	client  *requester.Client
	print   *runPrinter

	trust     trust
	inputs    []string
	relay     string
	tokenFile string
	out       string
	wait      bool
	resume    bool
}

func computeRunCmd() *cobra.Command {
	run, local := &computeRun{}, &localRun{}
	cmd := &cobra.Command{
		Use:   "run JOB.yaml",
		Short: "Post a job, wait for its verified result and save it",
		Long: `Post a job, wait for its verified result and save it.

Before it spends anything, the command shows what the job can cost and whether enough nodes
are live. The job's files are uploaded to the relay. Nodes that are drawn by lot run the job
without seeing each other's results. The command checks the result against the chain. With
--local the job runs on this machine instead: this needs neither a node nor a key, costs
nothing, and shows the result and the resources that the job uses.
DIR keeps the key to the results in ` + requester.StateFile + `; with --resume an interrupted run continues, and is never paid for twice.

The command signs the transaction again only when another transaction of the same key came
first. It believes a node on this machine that this happened. It believes another node only
with a trusted header or a witness (--` + flagTrustHeight + `, --` + flagTrustHash + `, --` + flagWitness + `), because otherwise that node could have the job posted, and paid for, several times.

With --` + flags.FlagGenerateOnly + ` the command prints the transaction unsigned, for a multisig or another
machine; after the transaction has been sent, --resume finds the job. JOB can also be a
spec in JSON, in the form that thetad tx compute post-job takes.`,
		Example: "thetad compute run examples/textgen/job.yaml --from alice --wait --out result",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if local.asked {
				return local.do(cmd, run, args)
			}
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			if err := run.prepare(ctx, cmd); err != nil {
				return err
			}
			return run.do(ctx, args)
		},
	}
	cmd.Flags().StringArrayVar(&run.inputs, "input", nil, "path=FILE: the program reads the contents of FILE as /in/path; may be repeated")
	cmd.Flags().StringVar(&run.relay, "relay", "", "base URL of the relay; replaces the one in the job file")
	cmd.Flags().StringVar(&run.tokenFile, "token-file", "", "file with the token of the drop box that a spec in JSON names")
	cmd.Flags().StringVar(&run.out, "out", "", "folder for the result (default: the job file's name with .out)")
	cmd.Flags().BoolVar(&run.wait, "wait", false, "wait for the result and save it")
	cmd.Flags().BoolVar(&run.resume, "resume", false, "continue the job in --out")
	run.trust.addFlags(cmd)
	local.addFlags(cmd)
	addSigningFlags(cmd, "the key that pays")
	return cmd
}

// prepare reads the flags and connects to the chain.
func (r *computeRun) prepare(ctx context.Context, cmd *cobra.Command) (err error) {
	if r.signing, err = readSigning(cmd); err != nil {
		return err
	}
	if !r.resume {
		if err := r.signing.need(); err != nil {
			return err
		}
	}
	if r.signing.elsewhere() && (r.resume || r.wait) {
		return fmt.Errorf("--%s and --%s print a transaction and end: expected them without --resume and --wait, found them together; leave one of them out", flags.FlagGenerateOnly, flags.FlagOffline)
	}
	if r.trust.given() && !r.signing.offline {
		if r.signing.terms.Overtaken, err = r.trust.overtaken(ctx, r.signing.ctx); err != nil {
			return err
		}
	}
	if r.client, err = r.signing.connect(ctx); err != nil {
		return err
	}
	r.print = &runPrinter{out: r.signing.out}
	if r.signing.elsewhere() {
		// Standard output is reserved for the transaction.
		r.print.out = r.signing.errOut
	}
	return nil
}

func (r *computeRun) do(ctx context.Context, args []string) error {
	if err := r.setOut(args); err != nil {
		return err
	}
	state, err := requester.LoadState(r.out)
	switch {
	case err == nil && !r.resume && state.Posted():
		return fmt.Errorf("expected no job in %s, found job %s; continue it with --resume or choose another --out", requester.ShellQuote(r.out), orPending(state))
	case err == nil && !r.resume:
		if err := r.setAside(); err != nil {
			return err
		}
		state, err = r.begin(ctx, args)
	case err == nil:
		err = r.takeUp(ctx, state, args)
	case errors.Is(err, requester.ErrNoState) && !r.resume:
		state, err = r.begin(ctx, args)
	}
	if err != nil || state == nil {
		return err
	}
	r.print.posted(state)
	if !r.wait {
		r.print.later(r.again())
		return nil
	}
	return r.finish(ctx, state)
}

func (r *computeRun) setOut(args []string) error {
	if r.out != "" {
		return nil
	}
	if len(args) == 0 {
		return errors.New("expected a job file, or --resume with --out DIR, found neither")
	}
	base := filepath.Base(args[0])
	r.out = strings.TrimSuffix(base, filepath.Ext(base)) + ".out"
	return nil
}

// setAside makes room for another job in --out.
func (r *computeRun) setAside() error {
	if r.signing.dryRun {
		return nil
	}
	aside, err := requester.SetAside(r.out)
	if err == nil {
		fmt.Fprintf(r.print.out, "The previous job in this folder was never posted; its state is now in %s\n", requester.ShellQuote(aside))
	}
	return err
}

// begin packs, quotes, uploads and posts a new job. The state is nil when nothing was
// posted and nothing failed: after a dry run, or after printing a transaction.
func (r *computeRun) begin(ctx context.Context, args []string) (*requester.State, error) {
	packed, err := r.pack(ctx, args)
	if err != nil {
		return nil, err
	}
	return r.beginPacked(ctx, packed)
}

// beginPacked quotes, uploads and posts a job, as begin does.
func (r *computeRun) beginPacked(ctx context.Context, packed *requester.Packed) (*requester.State, error) {
	if r.signing.offline {
		return nil, r.printOffline(ctx, packed)
	}
	quote, plan, err := r.quote(ctx, packed)
	if err != nil {
		return nil, err
	}
	if r.signing.dryRun {
		r.signing.show(quote.Posting)
		return nil, nil
	}
	if !r.signing.generate {
		if err := r.confirm(ctx, "Post the job?"); err != nil {
			return nil, err
		}
	}
	if err := r.upload(ctx, packed); err != nil {
		return nil, fmt.Errorf("%w; nothing was spent", err)
	}
	state, err := r.client.NewState(packed)
	if err != nil {
		return nil, err
	}
	state.Note(plan)
	if r.signing.generate {
		return nil, r.printUnsigned(ctx, state, quote.Posting)
	}
	return state, r.post(ctx, state, quote.Posting)
}

// pack reads the job file, or a spec in JSON, and the files that it names.
func (r *computeRun) pack(ctx context.Context, args []string) (*requester.Packed, error) {
	if len(args) == 0 {
		return nil, errors.New("expected a job file, found none")
	}
	if strings.EqualFold(filepath.Ext(args[0]), ".json") {
		return r.packSpec(args[0])
	}
	job, err := r.job(args[0])
	if err != nil {
		return nil, err
	}
	if !r.signing.offline {
		if err := r.client.PriceByGrant(ctx, &job); err != nil {
			return nil, err
		}
		if r.print.units, err = r.client.ReadReward(ctx, &job); err != nil {
			return nil, err
		}
	}
	return requester.Pack(job)
}

// quote divides the job into chunks and shows what it would cost. It fails if the job cannot
// be posted now.
func (r *computeRun) quote(ctx context.Context, packed *requester.Packed) (*requester.Quote, *requester.Plan, error) {
	plan, err := r.client.Plan(ctx, packed)
	if err != nil {
		return nil, nil, err
	}
	quote, err := r.client.Quote(ctx, r.signing.signer, packed.Spec)
	if err != nil {
		return nil, nil, err
	}
	r.print.quote(packed, quote, plan)
	return quote, plan, quote.Err()
}

// job loads a job file and applies the flags to it.
func (r *computeRun) job(path string) (jobfile.Job, error) {
	job, err := jobfile.Load(path)
	if err != nil {
		return job, err
	}
	for _, input := range r.inputs {
		if err := job.SetInput(input); err != nil {
			return job, err
		}
	}
	if r.relay != "" {
		job.Relay = r.relay
	}
	return job, nil
}

func (r *computeRun) confirm(ctx context.Context, question string) error {
	return confirm(ctx, r.print.out, r.signing.stdin, r.signing.yes, question)
}

func (r *computeRun) upload(ctx context.Context, packed *requester.Packed) error {
	if packed.UploadBytes() == 0 {
		return nil
	}
	r.print.uploading(packed)
	return packed.Upload(ctx)
}

func (r *computeRun) save(state *requester.State) error { return state.Save(r.out) }

// post posts the job. The state is kept whatever happens, because the token in it is the
// only key to results that may have been paid for.
func (r *computeRun) post(ctx context.Context, state *requester.State, cost requester.Cost) error {
	err := r.client.Post(ctx, r.signing.signer, state, cost, r.save)
	switch {
	case err == nil:
		return nil
	case state.Posted():
		return fmt.Errorf("%w; continue with: %s", goesOn(err), r.again())
	default:
		return err
	}
}

// takeUp finds out what happened to an earlier run. It signs again only when no transaction
// of that run can be executed any more, or when at most one of both can.
func (r *computeRun) takeUp(ctx context.Context, state *requester.State, args []string) error {
	if state.JobID != "" {
		return nil
	}
	if len(args) > 0 {
		if err := r.uploadAgain(ctx, state, args); err != nil {
			return err
		}
	}
	if state.Outside && !r.wait {
		return r.client.Find(ctx, state, r.save)
	}
	err := r.client.Await(ctx, state, r.save)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, requester.ErrNotPosted), errors.Is(err, requester.ErrRefused), errors.Is(err, requester.ErrOverdue):
		fmt.Fprintf(r.print.out, "%s\n", err)
		return r.postAgain(ctx, state)
	case state.Posted():
		return fmt.Errorf("%w; continue with: %s", goesOn(err), r.again())
	default:
		return fmt.Errorf("%w; post it again with: %s", err, r.again())
	}
}

// postAgain asks for confirmation before it spends, as the first run did.
func (r *computeRun) postAgain(ctx context.Context, state *requester.State) error {
	if err := r.signing.need(); err != nil {
		return err
	}
	spec, err := state.JobSpec()
	if err != nil {
		return err
	}
	quote, plan, err := r.quote(ctx, &requester.Packed{Spec: spec, Relay: state.Relay})
	if err != nil {
		return err
	}
	if err := r.confirm(ctx, "Post the job again?"); err != nil {
		return err
	}
	state.Note(plan)
	return r.post(ctx, state, quote.Posting)
}

// finish watches the job until it ends and saves its result.
func (r *computeRun) finish(ctx context.Context, state *requester.State) error {
	if state.Array() {
		return r.finishArray(ctx, state)
	}
	settlement, err := r.client.Watch(ctx, state.JobID, r.print.progress(r.out))
	if err != nil {
		return fmt.Errorf("%w; the job continues, come back with: %s", goesOn(err), r.again())
	}
	r.print.settled(state, settlement)
	if !settlement.Accepted() {
		r.print.remarks(r.client.Remarks(ctx, state, orNone(settlement.Receipt)))
		return fmt.Errorf("job %s: %w: it ended %s", state.JobID, requester.ErrNoResult, requester.StatusName(settlement.Job.Status))
	}
	result, err := r.fetcher().single(ctx, state, settlement, false)
	if err != nil {
		return err
	}
	if err := r.print.result(result); err != nil {
		return err
	}
	if err := outcome(result.Manifest); err != nil {
		return fmt.Errorf("job %s: %w; its result is verified and saved", state.JobID, err)
	}
	return nil
}

// finishArray follows the tasks of a job until they end and saves their results.
func (r *computeRun) finishArray(ctx context.Context, state *requester.State) error {
	result, err := r.client.FollowArray(ctx, state, r.out, r.save, r.print.progress(r.out))
	if err != nil {
		return fmt.Errorf("%w; the job continues, come back with: %s", goesOn(err), r.again())
	}
	return r.fetcher().rest(ctx, state, result, false)
}

// fetcher downloads results, and asks nodes for those that are lost.
func (r *computeRun) fetcher() *fetcher {
	return &fetcher{
		client: r.client, signing: r.signing, print: r.print, out: r.out, grace: fetchGrace,
		again: fetchCommand(r.out, "", "", r.signing.ctx.From, r.signing.home),
	}
}

// again returns the command that continues the job.
func (r *computeRun) again() string {
	command := "thetad compute run --resume --wait --out " + requester.ShellQuote(r.out)
	if from := r.signing.ctx.From; from != "" {
		command += " --from " + requester.ShellQuote(from)
	}
	if r.signing.home != "" {
		command += " --home " + requester.ShellQuote(r.signing.home)
	}
	return command
}

func orPending(state *requester.State) string {
	switch {
	case state.JobID != "":
		return state.JobID
	case state.Outside:
		return "(its transaction is signed elsewhere)"
	default:
		return "(not in a block yet)"
	}
}
