package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/thetaedge/theta/tests/containers"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
)

const (
	// requesters is the number of jobs at once, each of another key.
	requesters = 3
	// firstJobs is the number of jobs after which the daemons are measured first.
	firstJobs = 3
	// startPatience is the longest time that a daemon needs to answer after its start.
	startPatience = 90 * time.Second
	// restartBlocks is the number of blocks after a restart for which a node may still catch up.
	// gameBlocks is that after a game: a suspension lasts a minute at least (owner.LeastPause), which is
	// 100 blocks at most.
	restartBlocks, gameBlocks = 10, 100 + 10
	// maxDiskMiB bounds the folder of a run.
	maxDiskMiB = 4096
	// readPause and diskPause are the pauses between two looks at the chain and at the disk.
	readPause, diskPause = 200 * time.Millisecond, 30 * time.Second
)

// Options say how a run goes.
type Options struct {
	devnet.Options
	// Examples is the folder of the example jobs.
	Examples string
	// Length is the time for which jobs are posted and nodes disturbed.
	Length time.Duration
	// Seed decides all random choices.
	Seed uint64
	// Out receives a line for each event.
	Out io.Writer
}

// run is a run in progress.
type run struct {
	opts    Options
	network *devnet.Devnet
	ledger  *Ledger
	done    *Disturbances
	counts  *Counts
	report  *Report
	elder   int
	mu      sync.Mutex
}

// Run runs a network and returns what it has found. The report is not nil even if an error is
// returned. All processes that it starts have ended when it returns.
func Run(ctx context.Context, opts Options) (*Report, error) {
	opts.Lines, opts.Processes = true, []string{gameName(devnet.NodePlaceholder)}
	opts.Funds = make(map[string]int64, requesters)
	for n := range requesters {
		opts.Funds[keyOf(n)] = 100_000
	}
	r := &run{
		opts: opts, ledger: NewLedger(), done: &Disturbances{}, counts: NewCounts(),
		elder: int(opts.Seed % uint64(opts.Nodes)), //nolint:gosec // a few nodes
	}
	r.report = &Report{Seed: opts.Seed, Minutes: opts.Length.Minutes()}
	network, err := devnet.Start(ctx, opts.Options)
	if err != nil {
		return r.report, err
	}
	r.network, r.report.Elder = network, network.Nodes()[r.elder].Name
	err = r.all(ctx)
	if err != nil {
		err = errors.Join(err, network.Logs())
	}
	workers := r.workers()
	err = errors.Join(err, network.Stop())
	r.orphans(workers)
	err = errors.Join(err, r.orphanContainers(context.WithoutCancel(ctx)))
	r.finish()
	return r.report, err
}

// all runs the jobs and the disturbances, and measures what is left.
func (r *run) all(parent context.Context) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	var background sync.WaitGroup
	defer background.Wait()
	defer fail(nil)
	background.Go(func() { fail(r.guard(ctx)) })
	background.Go(func() { fail(r.read(ctx)) })
	background.Go(func() {
		if err := r.first(ctx); err != nil {
			fail(err)
		}
	})
	if err := r.disturbed(ctx, fail); err != nil {
		return err
	}
	c, err := r.network.Client(ctx)
	if err != nil {
		return err
	}
	height, err := c.Height(ctx)
	if err != nil {
		return err
	}
	err = r.network.Await(ctx, startPatience, "the last block", func() (bool, error) { return r.ledger.Height() >= height, nil })
	if err == nil {
		r.report.After, err = readDaemons(ctx, r.network)
	}
	if err == nil {
		r.report.Invariants, err = r.network.Invariants(ctx)
	}
	return errors.Join(err, context.Cause(ctx))
}

// disturbed posts jobs and disturbs nodes for the length of the run. Jobs in progress then end without
// disturbances.
func (r *run) disturbed(ctx context.Context, fail context.CancelCauseFunc) error {
	d, posters, err := r.actors()
	if err != nil {
		return err
	}
	limited, stop := context.WithTimeout(ctx, r.opts.Length)
	defer stop()
	var disturbing, posting sync.WaitGroup
	for i, act := range []func(context.Context, *rand.Rand) error{d.kill, d.cut, d.play} {
		disturbing.Go(func() {
			if err := act(limited, r.random(uint64(i))); err != nil { //nolint:gosec // three
				fail(err)
			}
		})
	}
	// Only then nothing starts a process of the network again.
	defer disturbing.Wait()
	for _, poster := range posters {
		posting.Go(func() {
			if err := poster.work(limited); err != nil {
				fail(err)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		posting.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		// What posters wait for ends with this program.
	}
	return context.Cause(ctx)
}

// actors returns the disturber and the requesters, and writes their files.
func (r *run) actors() (*disturber, []*requester, error) {
	games, results := filepath.Join(r.opts.Dir, "games"), filepath.Join(r.opts.Dir, "results")
	bin, err := filepath.Abs(r.opts.Bin)
	if err != nil {
		return nil, nil, err
	}
	examples, err := filepath.Abs(r.opts.Examples)
	if err != nil {
		return nil, nil, err
	}
	spin, err := filepath.Abs(filepath.Join(r.opts.Dir, "spin.wasm"))
	if err == nil {
		err = errors.Join(os.MkdirAll(games, 0o700), os.MkdirAll(results, 0o700), os.WriteFile(spin, rate.Spin(), 0o600))
	}
	if err != nil {
		return nil, nil, err
	}
	d := &disturber{network: r.network, ledger: r.ledger, done: r.done, counts: r.counts, dir: games, elder: r.elder, say: r.say}
	archive := ""
	if r.opts.Engine != "" {
		if archive, err = filepath.Abs(filepath.Join(r.opts.Dir, "image.tar")); err == nil {
			err = containers.Image(context.Background(), archive)
		}
		if err != nil {
			return nil, nil, err
		}
		archive = strconv.Quote(archive)
	}
	var posters []*requester
	for n := range requesters {
		posters = append(posters, &requester{
			network: r.network, key: keyOf(n), dir: results, random: r.random(uint64(10 + n)), //nolint:gosec // a few
			kinds: kinds(bin, examples, strconv.Quote(spin), archive), counts: r.counts, say: r.say,
		})
	}
	return d, posters, nil
}

// random returns a source of choices for one actor, so that the pace of the others does not change them.
func (r *run) random(actor uint64) *rand.Rand {
	return rand.New(rand.NewPCG(r.opts.Seed, actor)) //nolint:gosec // repeatable choices
}

func keyOf(n int) string { return "requester" + strconv.Itoa(n+1) }

// guard returns an error when a process of the network fails or the folder grows too large.
func (r *run) guard(ctx context.Context) error {
	ticker := time.NewTicker(diskPause)
	defer ticker.Stop()
	for {
		select {
		case failure := <-r.network.Failure():
			return failure
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if used := sizeMiB(r.opts.Dir); used > maxDiskMiB {
				return fmt.Errorf("expected at most %d MiB in %s, found %.0f", maxDiskMiB, r.opts.Dir, used)
			}
		}
	}
}

// read reads all blocks until ctx ends.
func (r *run) read(ctx context.Context) error {
	c, err := r.network.Client(ctx)
	for err == nil && pause(ctx, readPause) {
		var height int64
		if height, err = c.Height(ctx); err == nil {
			err = r.ledger.Read(ctx, r.network.Conn(), height)
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// first measures the daemons when the first jobs have settled.
func (r *run) first(ctx context.Context) error {
	for r.counts.Settled() < firstJobs {
		if !pause(ctx, readPause) {
			return nil
		}
	}
	daemons, err := readDaemons(ctx, r.network)
	if ctx.Err() != nil {
		return nil
	}
	r.report.Before = daemons
	return err
}

// workers lists the workers of all nodes.
func (r *run) workers() (all []worker) {
	for _, node := range r.network.Nodes() {
		all = append(all, workersBelow(node.Home())...)
	}
	return all
}

// orphans counts the workers that run although the network has stopped: those that ran before, and any
// other.
func (r *run) orphans(before []worker) {
	d := &disturber{counts: r.counts}
	d.gone(before, "the network")
	for _, w := range r.workers() {
		r.counts.orphan(fmt.Errorf("process %d runs on after the network has stopped", w.pid))
	}
}

// orphanContainers counts the containers that are left although the network has stopped.
func (r *run) orphanContainers(ctx context.Context) error {
	if r.opts.Engine == "" {
		return nil
	}
	left, err := containers.List(ctx, r.opts.Engine)
	r.report.Engine, r.report.OrphanContainers = r.opts.Engine, len(left)
	for _, name := range left {
		r.report.Problems = append(r.report.Problems, fmt.Sprintf("container %s is left although the network has stopped", name))
	}
	return err
}

// finish fills the report.
func (r *run) finish() {
	r.counts.fill(r.report)
	r.report.Kills, r.report.Cuts, r.report.OwnerActivity = r.done.Count(disturbKill), r.done.Count(disturbCut), r.done.Count(disturbGame)
	r.report.RevealsUnderCut = r.ledger.RevealsUnderCut()
	r.report.Faults = r.done.Judge(r.ledger.Faults())
	r.report.YieldJails = yieldJails(r.report.Faults)
	for _, f := range r.report.Faults {
		if f.Wrong {
			r.report.WrongFaults++
		}
	}
	for _, node := range r.network.Nodes() {
		r.report.Yields += r.ledger.Yields(node.Operator)
	}
	r.report.RSSGrowthMiB, r.report.GoroutineGrowth = growth(r.report.Before, r.report.After)
	r.report.DiskMiB = sizeMiB(r.opts.Dir)
}

func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.opts.Out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// sizeMiB returns the size of all files in a folder.
func sizeMiB(dir string) (size float64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // files come and go
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			size += float64(info.Size()) / (1 << 20)
		}
		return nil
	})
	return size
}
