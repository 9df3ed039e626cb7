package rate

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
)

// Result is what was measured of a load.
type Result struct {
	Load
	Nodes int `json:"nodes"`
	// Places is the number of programs that all nodes run at once, and FuelPerBlock the rate
	// that each node declares.
	Places       int    `json:"places"`
	FuelPerBlock uint64 `json:"fuel_per_block"`
	// ChunkTasks and Chunks are those of the plan; Receipts is the number of chunks that ended.
	ChunkTasks uint64 `json:"chunk_tasks"`
	Chunks     uint64 `json:"chunks"`
	Receipts   int    `json:"receipts"`
	// Seconds passed from the block with the job to the block in which its last task ended, and
	// UntilSaved from the start of the client until it had checked and saved every result.
	Seconds    float64 `json:"seconds"`
	UntilSaved float64 `json:"until_saved_seconds"`
	Blocks     int64   `json:"blocks"`
	// PerSecond is Tasks by Seconds.
	PerSecond float64 `json:"tasks_per_second"`
	// Useful is the processor time that the tasks need if each runs once, Busy that of all worker
	// processes, and Network that of the validator, the beacon, the relays, the daemons and the
	// client; all by Seconds and the processors of the machine. Busy counts audits too. Busy and
	// Network are zero if the system does not show processor times.
	Useful  float64 `json:"useful"`
	Busy    float64 `json:"busy"`
	Network float64 `json:"network"`
	// Paid is the pay of all nodes, and Planned what the plan expected, in the base denom.
	Paid    math.Int `json:"paid"`
	Planned math.Int `json:"planned"`
	// Sampled is the number of tasks that auditors ran.
	Sampled uint64 `json:"sampled"`
	// Stages are the medians and the last of what a chunk went through.
	Stages []Stage `json:"stages"`
}

// Options say what is measured.
type Options struct {
	devnet.Options
	// Loads are measured one after the other on the same network.
	Loads []Load
	// Out receives each result. Timeline adds a line for each chunk.
	Out      io.Writer
	Timeline bool
}

// Measure starts a network and runs the loads on it.
func Measure(ctx context.Context, opts Options) (results []Result, err error) {
	network, err := devnet.Start(ctx, opts.Options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopped := network.Stop(); err == nil {
			err = stopped
		}
	}()
	program := filepath.Join(opts.Dir, "spin.wasm")
	if err := os.WriteFile(program, Spin(), 0o600); err != nil {
		return nil, err
	}
	busy := processors{}
	for i, load := range opts.Loads {
		r, err := measure(ctx, network, &opts, load, program, filepath.Join(opts.Dir, "results", fmt.Sprint(i)), busy)
		if err != nil {
			return results, fmt.Errorf("%s: %w", load.Name, err)
		}
		results = append(results, *r)
		fmt.Fprint(opts.Out, r)
	}
	return results, nil
}

// measure runs a load to its end, with every result saved and checked.
func measure(ctx context.Context, network *devnet.Devnet, opts *Options, load Load, program, out string, busy processors) (*Result, error) {
	started := time.Now()
	state, plan, err := post(ctx, network, load, program, out)
	if err != nil {
		return nil, err
	}
	c, err := network.Client(ctx)
	if err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	used := busy.watch(watching, network)
	end, err := c.FollowArray(ctx, state, out, func(s *client.State) error { return s.Save(out) }, func(client.Progress) {})
	stop()
	worked := <-used
	if err != nil {
		return nil, err
	}
	if end.Fetched != int(load.Tasks) { //nolint:gosec // a million at most
		return nil, fmt.Errorf("expected %d results, found %d, %d failed, %d missing: %w", load.Tasks, end.Fetched, end.Failed, end.Missing, end.FirstMissing)
	}
	if err := CheckResults(load.Turns, load.Tasks, out); err != nil {
		return nil, err
	}
	saved := time.Since(started)
	history, err := readHistory(ctx, network.Conn(), &end.Job)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Load: load, Nodes: len(network.Nodes()), Places: len(network.Nodes()) * opts.Slots, FuelPerBlock: opts.FuelPerBlock, ChunkTasks: plan.ChunkTasks, Chunks: plan.Chunks, Receipts: len(history.chunks),
		Seconds: history.took().Seconds(), UntilSaved: saved.Seconds(), Blocks: end.Job.ClosedHeight - end.Job.PostedHeight,
		Paid: end.Paid.Amount, Planned: plan.Cost.Amount, Sampled: history.sampled, Stages: history.stages(),
	}
	capacity := r.Seconds * float64(runtime.NumCPU())
	r.PerSecond = float64(load.Tasks) / r.Seconds
	r.Useful = (time.Duration(load.Tasks) * load.Each).Seconds() / capacity //nolint:gosec // a million at most
	r.Busy, r.Network = worked.workers.Seconds()/capacity, worked.network.Seconds()/capacity
	if opts.Timeline {
		history.print(opts.Out)
	}
	return r, nil
}

// post posts a load as `thetad compute run` does.
func post(ctx context.Context, network *devnet.Devnet, load Load, program, out string) (*client.State, *client.Plan, error) {
	job, err := load.job(program, network.Relay())
	if err != nil {
		return nil, nil, err
	}
	signer, err := network.Signer(devnet.Alice)
	if err != nil {
		return nil, nil, err
	}
	c, err := network.Client(ctx)
	if err != nil {
		return nil, nil, err
	}
	packed, err := client.Pack(job)
	if err != nil {
		return nil, nil, err
	}
	plan, err := c.Plan(ctx, packed)
	if err != nil {
		return nil, nil, err
	}
	quote, err := c.Quote(ctx, signer, packed.Spec)
	if err == nil {
		err = quote.Err()
	}
	if err == nil {
		err = packed.Upload(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	state, err := c.NewState(packed)
	if err != nil {
		return nil, nil, err
	}
	state.Note(plan)
	return state, plan, c.Post(ctx, signer, state, quote.Posting, func(s *client.State) error { return s.Save(out) })
}

// CheckResults compares what each task of an array has saved in a folder with what it has to
// write. The second argument of a task is its number.
func CheckResults(turns, tasks uint64, out string) error {
	want := SpinOutput(turns, "")
	value := want[len(want)-8:]
	for task := range tasks {
		text := fmt.Appendf(nil, "program\x00%d\x00%d\x00", turns, task)
		found, err := os.ReadFile(filepath.Join(out, fmt.Sprint(task), "stdout"))
		if err != nil {
			return err
		}
		if string(found) != string(text)+string(value) {
			return fmt.Errorf("task %d: expected %q and %x, found %q", task, text, value, found)
		}
	}
	return nil
}
