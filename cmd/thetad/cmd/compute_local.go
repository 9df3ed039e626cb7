package cmd

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/tensor/backend"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	flagLocal = "local"
	flagTask  = "task"
	// flagDevice names what executes tensors.
	flagDevice = "device"
)

// localRun runs a job on this machine before the requester pays for it.
type localRun struct {
	asked  bool
	tasks  []uint
	device string
}

func (l *localRun) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&l.asked, flagLocal, false, "run the job on this machine; nothing is sent or spent, and no node is contacted")
	cmd.Flags().UintSliceVar(&l.tasks, flagTask, []uint{0}, "number of an array's task that --local runs; may be repeated")
	cmd.Flags().StringVar(&l.device, flagDevice, "cpu", "what executes tensors of tensor/1 with --local: cpu, ref (plain Go), cuda, vulkan, one of these with :UUID or :NUMBER, or auto for a graphics card if there is one")
	for _, other := range []string{"wait", "resume"} {
		cmd.MarkFlagsMutuallyExclusive(flagLocal, other)
	}
}

// do runs the tasks one after the other. The exit code of the command is that of the first
// task whose program did not exit with 0.
func (l *localRun) do(cmd *cobra.Command, run *computeRun, args []string) error {
	if len(args) == 0 {
		return errors.New("expected a job file, found none")
	}
	device, err := backend.ParseChoice(l.device)
	if err != nil {
		return fmt.Errorf("--%s: %w", flagDevice, err)
	}
	job, err := run.job(args[0])
	if err != nil {
		return err
	}
	ctx, stop := untilInterrupted(cmd.Context())
	defer stop()
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, "Running on this machine; nothing is sent or spent")
	var failed error
	var runs []*requester.Local
	tasks := slices.Clone(l.tasks)
	slices.Sort(tasks)
	for _, task := range slices.Compact(tasks) {
		local, err := requester.RunLocal(ctx, job, uint64(task), run.out, requester.OnDevice(device))
		if err != nil {
			return err
		}
		if err := printLocal(out, local); err != nil {
			return err
		}
		if ended := outcome(local.Manifest); ended != nil && failed == nil {
			failed = ended
		}
		runs = append(runs, local)
	}
	if advice, ok := requester.Advise(runs); ok {
		printAdvice(out, runs, advice)
	}
	return failed
}

// printAdvice shows which fuel an array may ask for, and what its chunks and audits are then.
func printAdvice(out io.Writer, runs []*requester.Local, advice requester.ArrayAdvice) {
	fmt.Fprintf(out, "Array of %d tasks, judged by %d of them; other tasks may need more:\n  resources.fuel: %d\n",
		runs[0].Spec.Tasks, len(runs), advice.Fuel)
	fmt.Fprintf(out, "  chunk: auto takes about %d tasks, which run in %s on this machine; %s\n  with the fuel of the job file, %s\n",
		advice.ChunkTasks, advice.Time.Round(1e6), samples(advice.Samples), samples(advice.SamplesNow))
}

// samples says how many tasks of a chunk are audited.
func samples(n uint64) string {
	if n == 0 {
		return fmt.Sprintf("an audit would sample more than %d tasks, so that nodes take %d at a time, and auditors run all of these again",
			computetypes.MaxSamples, computetypes.MaxSamples)
	}
	return fmt.Sprintf("an auditor runs %d of them again", n)
}

// printLocal shows the result of a task, the resources that it used, and which resources to
// ask for.
func printLocal(out io.Writer, local *requester.Local) error {
	result, bounds := local.Report, local.Spec.Resources
	fmt.Fprintf(out, "Task %d: %s, exit code %d\n", local.Task, result.Reason, result.ExitCode)
	if result.Detail != "" {
		fmt.Fprintf(out, "  because: %s\n", grpcnode.PlainText(result.Detail))
	}
	fmt.Fprintf(out, "Result digest: %s, on which nodes would agree\n", local.Digest)
	fmt.Fprintf(out, "Fuel:   %d of %d\nMemory: %d of %d bytes\nOutput: %d of %d bytes in %d files, plus stdout and stderr\n",
		result.FuelUsed, bounds.Fuel, local.MemoryBytes(), bounds.MemoryBytes,
		local.OutputBytes(), bounds.OutputBytes, fileCount(result.Outputs))
	fmt.Fprintf(out, "Time:   %s on this machine, with %s\n", result.WallTime.Round(1e6), grpcnode.PlainText(local.Engine))
	if result.Reason == manifest.ReasonExited {
		better := local.Suggested()
		fmt.Fprintf(out, "Suggested for inputs like these, with a reserve of one quarter:\n"+
			"  resources: {fuel: %d, memory: %s, output: %s}\n  commit_blocks: %d  # at %d fuel per block, which nodes declare by default for %s\n",
			better.Fuel, computetypes.FormatBytes(better.MemoryBytes), computetypes.FormatBytes(better.OutputBytes),
			better.CommitBlocks, requester.CautiousFuelPerBlock(local.Spec.Executor), local.Spec.Executor)
	}
	fmt.Fprintf(out, "Outputs in %s:\n", local.Dir)
	return showFiles(out, &local.Result)
}

func fileCount(files []manifest.File) int {
	n := 0
	for _, file := range files {
		if !isStream(file) {
			n++
		}
	}
	return n
}
