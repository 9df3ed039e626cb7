package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	requester "github.com/thetaedge/theta/client"
)

// computeRun is one run of a job, from its file to its result.
type computeRun struct {
	client *requester.Client
	signer requester.Signer
	print  *runPrinter

	// key pays; home is the folder that the flags name, if they do.
	key, home string

	inputs []string
	relay  string
	out    string
	wait   bool
	resume bool
	yes    bool
	stdin  io.Reader
}

func computeRunCmd() *cobra.Command {
	run, local := &computeRun{}, &localRun{}
	cmd := &cobra.Command{
		Use:   "run JOB.yaml",
		Short: "Post a job, wait for its verified result and save it",
		Long: `Post a job, wait for its verified result and save it.

Before anything is spent it says what the job may cost and whether enough nodes
are live. The job's files go to the relay; nodes drawn by lot run it without
seeing each other's results; the result that comes back is checked against the
chain. With --local the job runs on this machine instead: it needs neither a node
nor a key, costs nothing, and says what the result would be and what the job takes.
DIR keeps the key to the results in ` + requester.StateFile + `; with --resume an
interrupted run is taken up again and never paid twice.`,
		Example: "thetad compute run examples/textgen/job.yaml --from alice --wait --out result",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if local.asked {
				return local.do(cmd, run, args)
			}
			clientCtx, err := txContext(cmd)
			if err != nil {
				return err
			}
			if run.signer, err = computeSigner(clientCtx); err != nil {
				return err
			}
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			if run.client, err = computeClient(ctx, clientCtx); err != nil {
				return err
			}
			run.key = clientCtx.FromName
			if cmd.Flags().Changed(flags.FlagHome) {
				run.home = clientCtx.HomeDir
			}
			run.print = &runPrinter{out: cmd.OutOrStdout()}
			run.stdin = cmd.InOrStdin()
			return run.do(ctx, args)
		},
	}
	cmd.Flags().StringArrayVar(&run.inputs, "input", nil, "path=FILE: the program's input file /in/path; may be repeated")
	cmd.Flags().StringVar(&run.relay, "relay", "", "base URL of the relay, instead of the job file's")
	cmd.Flags().StringVar(&run.out, "out", "", "folder for the result (default: the job file's name with .out)")
	cmd.Flags().BoolVar(&run.wait, "wait", false, "wait for the result and save it")
	cmd.Flags().BoolVar(&run.resume, "resume", false, "take up the job in --out again")
	cmd.Flags().BoolVarP(&run.yes, flags.FlagSkipConfirmation, "y", false, "do not ask before spending")
	cmd.Flags().String(flags.FlagFrom, "", "name or address of the key that pays")
	local.addFlags(cmd)
	flags.AddKeyringFlags(cmd.Flags())
	addComputeFlags(cmd)
	return cmd
}

func (r *computeRun) do(ctx context.Context, args []string) error {
	if err := r.setOut(args); err != nil {
		return err
	}
	state, err := requester.LoadState(r.out)
	switch {
	case err == nil && !r.resume:
		return fmt.Errorf("%s already holds job %s; take it up again with --resume or choose another --out", r.out, orPending(state.JobID))
	case err == nil:
		err = r.post(ctx, state, requester.Cost{})
	case errors.Is(err, requester.ErrNoState) && !r.resume:
		state, err = r.begin(ctx, args)
	}
	if err != nil {
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

// begin packs, quotes, uploads and posts a new job.
func (r *computeRun) begin(ctx context.Context, args []string) (*requester.State, error) {
	if len(args) == 0 {
		return nil, errors.New("expected a job file, found none")
	}
	job, err := r.job(args[0])
	if err != nil {
		return nil, err
	}
	packed, err := requester.Pack(job)
	if err != nil {
		return nil, err
	}
	quote, err := r.client.Quote(ctx, r.signer, packed.Spec)
	if err != nil {
		return nil, err
	}
	r.print.quote(packed, quote)
	if err := quote.Err(); err != nil {
		return nil, err
	}
	if err := confirm(ctx, r.print.out, r.stdin, r.yes, "Post it?"); err != nil {
		return nil, err
	}
	r.print.uploading(packed)
	if err := packed.Upload(ctx); err != nil {
		return nil, fmt.Errorf("%w; nothing was spent", err)
	}
	state, err := r.client.NewState(packed)
	if err != nil {
		return nil, err
	}
	return state, r.post(ctx, state, quote.Posting)
}

// job reads a job file and puts in what the flags say.
func (r *computeRun) job(path string) (requester.JobFile, error) {
	job, err := requester.LoadJobFile(path)
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

// confirm asks a person at a terminal; a script has decided already.
func confirm(ctx context.Context, out io.Writer, stdin io.Reader, yes bool, question string) error {
	terminal, ok := stdin.(*os.File)
	if yes || !ok || !isatty.IsTerminal(terminal.Fd()) {
		return nil
	}
	fmt.Fprint(out, question+" [y/N] ")
	answers := make(chan string, 1)
	go func() {
		// What cannot be read is no consent.
		answer, _ := bufio.NewReader(stdin).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case answer := <-answers:
		if answer == "y" || answer == "yes" {
			return nil
		}
	case <-ctx.Done():
	}
	return errors.New("not sent; nothing was spent")
}

// post posts the job, or awaits the tx that an earlier run has sent.
func (r *computeRun) post(ctx context.Context, state *requester.State, cost requester.Cost) error {
	save := func(s *requester.State) error { return s.Save(r.out) }
	err := r.client.Post(ctx, r.signer, state, cost, save)
	switch {
	case err == nil:
		return nil
	case state.Posted():
		return fmt.Errorf("%w; go on with: %s", err, r.again())
	default:
		return errors.Join(err, state.Discard(r.out))
	}
}

// finish watches the job to its end and saves its result.
func (r *computeRun) finish(ctx context.Context, state *requester.State) error {
	if state.Array() {
		return r.finishArray(ctx, state)
	}
	settlement, err := r.client.Watch(ctx, state.JobID, r.print.progress(r.out))
	if err != nil {
		return fmt.Errorf("%w; the job goes on, come back with: %s", err, r.again())
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
	return r.print.result(result)
}

// finishArray follows the tasks of a job to their end and saves their results.
func (r *computeRun) finishArray(ctx context.Context, state *requester.State) error {
	save := func(s *requester.State) error { return s.Save(r.out) }
	result, err := r.client.FollowArray(ctx, state, r.out, save, r.print.progress(r.out))
	if err != nil {
		return fmt.Errorf("%w; the job goes on, come back with: %s", err, r.again())
	}
	return r.fetcher().rest(ctx, state, result, false)
}

// fetcher brings results, and asks nodes for those that are lost.
func (r *computeRun) fetcher() *fetcher {
	return &fetcher{
		client: r.client, print: r.print, out: r.out, yes: r.yes, stdin: r.stdin, grace: fetchGrace,
		signer: func() (requester.Signer, error) { return r.signer, nil },
		again:  fetchCommand(r.out, "", r.key, r.home),
	}
}

// again is the command that takes the job up once more.
func (r *computeRun) again() string {
	command := fmt.Sprintf("thetad compute run --resume --wait --out %s --from %s", r.out, r.key)
	if r.home != "" {
		command += " --home " + r.home
	}
	return command
}

func orPending(jobID string) string {
	if jobID == "" {
		return "(not in a block yet)"
	}
	return jobID
}
