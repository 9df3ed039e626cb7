package cmd

import (
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/cmd/internal/terminal"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// previewBytes is how much of an output is read to show its first lines.
	previewBytes = 1 << 10
	// previewLines is how many lines are shown.
	previewLines = 6
	// previewWidth is how many characters of a line are shown.
	previewWidth = 160
)

// runPrinter shows the steps of a run to a person.
type runPrinter struct {
	out io.Writer
	// units are the units of denoms other than tfuel, if the job pays in another denom.
	units money.Units
}

func (p *runPrinter) quote(packed *requester.Packed, quote *requester.Quote, plan *requester.Plan) {
	spec := packed.Spec
	fmt.Fprintf(p.out, "Job: %s, class %s, %s, %s per replica\n",
		spec.Executor, spec.Class, requester.DescribePolicy(spec.Policy), p.units.Format(spec.Reward))
	if spec.Tasks > 1 {
		fmt.Fprintf(p.out, "Tasks: %d, in %s\n", spec.Tasks, describeChunks(plan))
	}
	fmt.Fprint(p.out, requester.Describe(spec))
	if packed.Unchecked != "" {
		fmt.Fprintf(p.out, "Program: not checked, because %s; try it first with --local\n", packed.Unchecked)
	}
	p.nodes(spec, quote)
	if warning := quote.Warning(spec.Class); warning != "" {
		fmt.Fprintf(p.out, "Too few nodes to judge: %s\n", warning)
	}
	if failures := quote.Failures(); failures != "" {
		fmt.Fprintf(p.out, "Failures: %s\n", failures)
	}
	gas := "gas"
	if quote.Posting.Gas > 0 {
		gas = fmt.Sprintf("%s for %d gas", money.FormatAmount(quote.Posting.Fee), quote.Posting.Gas)
	}
	if quote.Grant > 0 {
		fmt.Fprintf(p.out, "Cost: %s; the deposit of grant %d pays at most escrow %s + posting fee %s, and new coins pay for the fuel that accepted results use; each node stakes %s\n",
			gas, quote.Grant, money.FormatAmount(quote.Reserve), money.FormatAmount(quote.PostingFee), money.FormatAmount(quote.Liability))
	} else {
		fmt.Fprintf(p.out, "Cost: at most %s = escrow %s + posting fee %s + %s; each node stakes %s\n",
			formatCoins(quote.Most()), money.FormatAmount(quote.Reserve), money.FormatAmount(quote.PostingFee),
			gas, money.FormatAmount(quote.Liability))
	}
	fmt.Fprintf(p.out, "Expected: nodes are paid %s, which is %d.%02d times the pay of one node for the job\n",
		p.units.Format(plan.Cost), plan.TrustBps/computetypes.BasisPoints, plan.TrustBps%computetypes.BasisPoints/100)
	if plan.LeastFuelBps > computetypes.BasisPoints/2 {
		fmt.Fprintf(p.out, "Samples: if tasks use less than %d%% of resources.fuel on average, nodes commit to %d tasks at once instead of %d; ask for fewer samples, or set fuel closer to what tasks use\n",
			plan.LeastFuelBps/100, computetypes.MaxSamples, plan.ChunkTasks)
	}
	fmt.Fprintf(p.out, "Time: about %s if tasks use all their fuel and the class has no other jobs, at %d fuel per block in each of %d programs at once\n",
		formatBlocks(plan.Blocks), plan.FuelPerBlock, plan.Places)
	fmt.Fprintf(p.out, "Balance: %s\n", formatCoins(quote.Balance))
}

// describeChunks says how a job is divided.
func describeChunks(plan *requester.Plan) string {
	if plan.ChunkTasks == 1 {
		return "chunks of one task"
	}
	return fmt.Sprintf("%d chunks of up to %d tasks; auditors run %d of all tasks again, or more if tasks use less than their fuel",
		plan.Chunks, plan.ChunkTasks, plan.Audited)
}

// blockMillis is the usual time between two blocks, in milliseconds.
const blockMillis = 1500

// formatBlocks formats a number of blocks with the time that they usually take.
func formatBlocks(blocks uint64) string {
	const most = uint64(math.MaxInt64) / blockMillis / uint64(time.Millisecond)
	return fmt.Sprintf("%d blocks (%s)", blocks, (time.Duration(min(blocks, most)) * blockMillis * time.Millisecond).Round(time.Second)) //nolint:gosec // bounded
}

// compared shows how far off the plan was. Jobs of earlier versions do not have one.
func (p *runPrinter) compared(state *requester.State, paid sdk.Coin, job *computetypes.Job) {
	if state.PlannedBlocks == 0 || job.ClosedHeight < job.PostedHeight || job.PostedHeight == 0 {
		return
	}
	fmt.Fprintf(p.out, "Expected before it was posted: %s and %s; it came to %s and %s\n",
		formatText(state.PlannedCost), formatBlocks(state.PlannedBlocks),
		money.FormatAmount(paid), formatBlocks(uint64(job.ClosedHeight-job.PostedHeight))) //nolint:gosec // compared above
}

// nodes shows how many nodes qualify for the job.
func (p *runPrinter) nodes(spec computetypes.JobSpec, quote *requester.Quote) {
	fit := quote.Fit
	if fit.Visited == 0 {
		fmt.Fprintf(p.out, "Nodes: %d live in class %s, %d needed\n", quote.LiveNodes, spec.Class, quote.NeededNodes)
		return
	}
	fmt.Fprintf(p.out, "Nodes: %d live in class %s, the job fits %d, %d needed\n", fit.Live, spec.Class, fit.Fitting, quote.NeededNodes)
	if fit.Cut {
		fmt.Fprintf(p.out, "  (of the first %d nodes that the chain lists; class %s has %d nodes with weight)\n", fit.Visited, spec.Class, quote.LiveNodes)
	}
	for _, e := range fit.Exclusions {
		fmt.Fprintf(p.out, "  %d %s\n", e.Nodes, grpcnode.PlainText(e.Detail))
	}
	if fit.Busy > 0 {
		fmt.Fprintf(p.out, "  %d of the nodes that it fits are busy now\n", fit.Busy)
	}
	if len(spec.Placement.Regions) > 0 {
		fmt.Fprintf(p.out, "  %d of the nodes that it fits are in %s; nodes in other regions are drawn after a draw in which no node from there claimed\n",
			fit.Preferred, strings.Join(spec.Placement.Regions, ", "))
	}
	if spec.Policy.OwnRisk {
		fmt.Fprintln(p.out, "  own_risk: unless the program is known to be deterministic, only nodes whose owners have listed it take the job; the chain does not know which nodes these are")
	}
}

func (p *runPrinter) uploading(packed *requester.Packed) {
	fmt.Fprintf(p.out, "Uploading the job's files to relay %s (at most %d bytes)\n", packed.Relay, packed.UploadBytes())
}

func (p *runPrinter) posted(state *requester.State) {
	fmt.Fprintf(p.out, "Posted job %s\n", state.JobID)
}

func (p *runPrinter) later(again string) {
	fmt.Fprintf(p.out, "Fetch the result with: %s\n", again)
}

// progress shows how far a job has come. dir is the folder of the job, which a person needs
// to look at a result.
func (p *runPrinter) progress(dir string) func(requester.Progress) {
	return func(progress requester.Progress) {
		fmt.Fprintf(p.out, "  %s\n", progress)
		if progress.Stage == requester.StageReview {
			fmt.Fprintf(p.out, "Look at the result with: thetad compute look --out %s\n", requester.ShellQuote(dir))
		}
	}
}

// settled shows what each node did and what the job cost.
func (p *runPrinter) settled(state *requester.State, s *requester.Settlement) {
	if s.Receipt != nil && len(s.Receipt.Outcomes) > 0 {
		table := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "  NODE\tROUND\tVERDICT\tPAID\tSLASHED")
		for _, o := range s.Receipt.Outcomes {
			fmt.Fprintf(table, "  %s\t%d\t%s\t%s\t%s\n", o.Operator, o.Round+1, requester.VerdictName(o.Status),
				money.FormatAmount(sdk.Coin{Denom: s.Job.Reward.Denom, Amount: o.Paid}),
				money.FormatAmount(sdk.Coin{Denom: params.BaseDenom, Amount: o.Slashed}))
		}
		_ = table.Flush()
		if s.Accepted() {
			fmt.Fprintf(p.out, "Guarantee: %s; the nodes agree on %d fuel\n", requester.GuaranteeName(s.Receipt.Guarantee), s.Receipt.Fuel)
		}
	}
	fmt.Fprintf(p.out, "Paid to nodes %s, refunded from escrow %s, posting fee %s, gas %s\n",
		money.FormatAmount(s.Paid()), money.FormatAmount(s.Refund()), formatKept(state.PostingFee), formatKept(state.Fee))
	p.compared(state, s.Paid(), &s.Job)
}

// array shows a summary of the results of a job's tasks.
func (p *runPrinter) array(state *requester.State, result *requester.ArrayResult, dir string) {
	job := result.Job
	fmt.Fprintf(p.out, "Results of %d of %d tasks in %s, proven under the job's root %x\n", result.Fetched, job.Tasks, dir, job.ResultsRoot)
	fmt.Fprintf(p.out, "%s says how each task ended%s\n", filepath.Join(dir, requester.TableFile), describeCodes(result.ExitCodes))
	for _, m := range result.Misstated[:min(len(result.Misstated), shownMisstated)] {
		fmt.Fprintf(p.out, "Warning: %s. Nodes that state too few are paid in full for failures; deny those in %s (placement: denied) in your next job\n",
			m, filepath.Join(dir, requester.ReceiptsFile))
	}
	fmt.Fprintf(p.out, "Paid to nodes %s, refunded from escrow %s, posting fee %s, gas %s\n",
		money.FormatAmount(result.Paid), money.FormatAmount(sdk.Coin{Denom: job.Reward.Denom, Amount: job.Refunded}),
		formatKept(state.PostingFee), formatKept(state.Fee))
	p.compared(state, result.Paid, &job)
}

// shownMisstated is the largest number of chunks with a false number of failed tasks that a summary
// names.
const shownMisstated = 5

// shownCodes is the largest number of exit codes that a summary names.
const shownCodes = 5

// describeCodes says which exit codes results have, in order of code.
func describeCodes(codes map[int32]int) string {
	if len(codes) == 0 {
		return ""
	}
	parts := make([]string, 0, shownCodes+1)
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if len(parts) == shownCodes {
			parts = append(parts, "and others")
			break
		}
		parts = append(parts, fmt.Sprintf("%d in %d", code, codes[code]))
	}
	return ": exit code " + strings.Join(parts, ", ")
}

// inReview shows a result in review and the commands that accept and reject it.
func (p *runPrinter) inReview(state *requester.State, task uint64, found *requester.InReview) error {
	if err := p.result(found.Result); err != nil {
		return err
	}
	which := state.JobID
	if state.Array() {
		which = fmt.Sprintf("%s %d", which, found.First)
	}
	if found.Tasks > 1 {
		fmt.Fprintf(p.out, "Task %d is in a chunk: tasks %d to %d are accepted or rejected together.\n", task, found.First, found.First+found.Tasks-1)
	}
	fmt.Fprintf(p.out, "%s revealed this result, and no other node has checked it. Accept or reject it up to height %d; after that it counts as accepted:\n"+
		"  thetad compute accept %s --from KEY\n  thetad compute reject %s --from KEY\n", found.Node, found.Deadline, which, which)
	return nil
}

// result lists the files and shows the beginning of the first text file among them.
func (p *runPrinter) result(result *requester.Result) error {
	fmt.Fprintf(p.out, "Result %s, exit code %d, matches the chain's tag %x:\n",
		result.Manifest.Reason, result.Manifest.ExitCode, result.Tag)
	if err := showFiles(p.out, result); err != nil {
		return err
	}
	p.remarks(result.Remarks)
	return nil
}

// showFiles lists the files of a result and shows the beginning of the first text file
// among them.
func showFiles(out io.Writer, result *requester.Result) error {
	for _, file := range result.Manifest.Files {
		fmt.Fprintf(out, "  %s (%d bytes)\n", terminal.Line(result.Path(file)), file.Size)
	}
	if renamed := len(result.Renamed()); renamed > 0 {
		fmt.Fprintf(out, "%d of them have a name that some systems cannot store, and were saved under another name; %s lists both names\n",
			renamed, filepath.Join(result.Dir, requester.NamesFile))
	}
	return showBeginning(out, result)
}

// showBeginning shows the first lines of the first text file of a result.
func showBeginning(out io.Writer, result *requester.Result) error {
	for _, streams := range []bool{false, true} {
		for _, file := range result.Manifest.Files {
			if isStream(file) != streams || file.Size == 0 {
				continue
			}
			text, err := preview(result.Path(file))
			if err != nil {
				return err
			}
			if text != "" {
				fmt.Fprintf(out, "%s begins:\n%s\n", terminal.Line(file.Path), text)
				return nil
			}
		}
	}
	return nil
}

// remarks shows what nodes report about programs that failed. Remarks are not part of the
// result.
func (p *runPrinter) remarks(remarks []requester.Remark) {
	for _, r := range remarks {
		fmt.Fprintf(p.out, "Task %d, unverified remark in the name of node %s:\n  | %s\n", r.Task, r.Node, strings.ReplaceAll(r.Text, "\n", "\n  | "))
	}
}

func isStream(file manifest.File) bool { return file.Path == "stdout" || file.Path == "stderr" }

// preview returns the first lines of a text file, indented, and an empty string for other
// content.
func preview(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // read only
	head, err := io.ReadAll(io.LimitReader(file, previewBytes))
	if err != nil {
		return "", err
	}
	text := strings.ToValidUTF8(string(head), "")
	if len(head)-len(text) >= utf8.UTFMax || strings.ContainsFunc(text, unprintable) {
		return "", nil
	}
	lines := strings.SplitN(strings.TrimRight(text, "\n"), "\n", previewLines+1)
	if len(lines) > previewLines {
		lines = append(lines[:previewLines], "…")
	}
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		if runes := []rune(line); len(runes) > previewWidth {
			line = string(runes[:previewWidth]) + "…"
		}
		lines[i] = terminal.Line(line)
	}
	return "  | " + strings.Join(lines, "\n  | "), nil
}

func unprintable(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }

func formatCoins(coins sdk.Coins) string {
	if coins.IsZero() {
		return "nothing"
	}
	parts := make([]string, len(coins))
	for i, coin := range coins {
		parts[i] = money.FormatAmount(coin)
	}
	return strings.Join(parts, " + ")
}

// formatKept formats a coin from a saved state. A state that was restored from the chain
// does not have it.
func formatKept(text string) string {
	if text == "" {
		return "not known"
	}
	return formatText(text)
}

// formatText formats a coin that was saved as text. Text that is not a coin is returned
// unchanged.
func formatText(text string) string {
	coin, err := money.ParseAmount(text)
	if err != nil {
		return text
	}
	return money.FormatAmount(coin)
}
