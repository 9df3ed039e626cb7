// Command demo shows the main job end to end on a network of its own. Nodes of three
// strangers run language models blind, agree and are paid; a fourth node lies and is
// slashed. One model is a program of wasm/1, the other a converted decoder on tensor/1. Meanwhile
// an operator delegates what it has earned, and votes on a parameter of the chain.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
)

const (
	// maxJobs bounds the number of jobs until all outcomes were seen. All four nodes have the
	// same weight and a job draws three, so a job misses the liar once in four times, and 15 of
	// 16 jobs do so once in 10^8 runs. After three lies the liar is in jail.
	maxJobs = 16
	// jobPatience is the longest time that one job may take.
	jobPatience = 5 * time.Minute
)

// demo is one show.
type demo struct {
	network *devnet.Devnet
	story   *story
	dir     string
	kinds   []*kind
	engines engines
	verbose bool
	// brief is set if one job of honest nodes is all.
	brief bool

	runs       []*devnet.Run
	governance *governance
	report     report
}

func main() {
	dir := flag.String("dir", filepath.Join("build", "demo"), "folder for the network, the results and report.json")
	bin := flag.String("bin", "build", "folder with the programs thetad and thetaedge")
	liar := flag.String("liar", filepath.Join("build", "bin", "liar"), "program of the node that lies")
	job := flag.String("job", filepath.Join("examples", "textgen", "job.yaml"), "job of wasm/1 to run")
	answer := flag.String("answer", filepath.Join("examples", "llm", "job.yaml"), "job of tensor/1 to run")
	verbose := flag.Bool("v", false, "show each step of the jobs")
	brief := flag.Bool("brief", false, "run one job of tensor/1 among honest nodes, and no more")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	kinds := kindsOf(*job, *answer)
	if *brief {
		kinds = briefly(kinds)
	}
	err := run(ctx, *dir, *bin, *liar, kinds, *verbose, *brief)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, bin, liar string, kinds []*kind, verbose, brief bool) (err error) {
	begun := time.Now()
	options := devnet.DefaultOptions()
	options.Dir, options.Bin, options.ChainID = filepath.Join(dir, "network"), bin, "theta-demo-1"
	options.Liars, options.Liar = 1, liar
	options.Params = map[string]map[string]any{
		"gov": {"voting_period": votingPeriod, "expedited_voting_period": expeditedVotingPeriod},
	}
	if brief {
		options.Liars = 0
	}
	if !verbose {
		options.Log = io.Discard
	}
	devices, said := tensorDevices()
	options.Devices = devices
	fmt.Println("Starting a chain, a randomness beacon, a relay and edge nodes on this machine…")
	fmt.Println(said)
	network, err := devnet.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, network.Stop()) }()

	d := &demo{network: network, story: newStory(os.Stdout, network.Nodes()), dir: dir, kinds: kinds, verbose: verbose, brief: brief}
	if err := d.meet(ctx); err != nil {
		return err
	}
	if err := d.play(ctx); err != nil {
		return err
	}
	d.story.table(network.Nodes(), d.runs)
	if !brief {
		if err := d.decide(ctx); err != nil {
			return errors.Join(err, network.Logs())
		}
	}
	path := filepath.Join(dir, "report.json")
	if err := d.finish(ctx, path); err != nil {
		return err
	}
	d.story.say("\nAll %d invariants of the chain's money hold. Report: %s (%.0f s in all)", len(d.report.Invariants), path, time.Since(begun).Seconds())
	return nil
}

// meet asks the nodes what they can run, and leaves out what one of them cannot.
func (d *demo) meet(ctx context.Context) error {
	found, lacking, err := askEngines(ctx, d.network)
	if err != nil {
		return err
	}
	d.engines = found
	d.story.opening(d.network.Nodes())
	var able []*kind
	for _, k := range d.kinds {
		if why, lacks := lacking[k.profile]; lacks {
			d.story.say("There is no job of %s, which this machine cannot run. %s", k.profile, why)
		} else {
			able = append(able, k)
		}
	}
	if d.kinds = able; len(able) == 0 {
		return errors.New("expected a profile that this machine can run, found none; build/thetaedge doctor says what is missing")
	}
	return nil
}

// play runs jobs until the liar has been slashed for each of its lies and one job had only honest
// results.
func (d *demo) play(ctx context.Context) error {
	for n := 1; !d.seenAll(); n++ {
		if n > maxJobs {
			return errors.Join(fmt.Errorf("expected the liar slashed for each lie about %d kinds of jobs and a job of three honest nodes within %d jobs, found %d slashed: the logs say which nodes claimed", len(d.kinds), maxJobs, len(d.report.Slashed)), d.network.Logs())
		}
		if err := d.job(ctx, n, next(d.kinds)); err != nil {
			return fmt.Errorf("job %d: %w", n, err)
		}
	}
	return nil
}

func (d *demo) job(parent context.Context, n int, k *kind) error {
	ctx, cancel := context.WithTimeoutCause(parent, jobPatience, fmt.Errorf("waited %s for its end", jobPatience))
	defer cancel()
	// A process of the network that dies ends the wait.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go func() {
		select {
		case failure := <-d.network.Failure():
			fail(failure)
		case <-ctx.Done():
		}
	}()
	d.story.begin(n, k)
	out := filepath.Join(d.dir, "result-"+strconv.Itoa(n))
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	run, err := d.network.Run(ctx, devnet.Alice, k.jobFile, out, d.progress)
	if parent.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return errors.Join(err, d.network.Logs())
	}
	d.runs = append(d.runs, run)
	report := reportJob(run, d.engines)
	slashes, err := reportSlashes(run, func(operator string, round uint32) (devnet.Lie, error) {
		return d.node(operator).LieAbout(run.Settlement.Job.Id, 0, round)
	})
	if err != nil {
		return err
	}
	d.report.Jobs = append(d.report.Jobs, report)
	d.report.Slashed = append(d.report.Slashed, slashes...)
	for _, slash := range slashes {
		k.caught[devnet.Lie(slash.Lie)] = true
	}
	d.story.told(run, report, slashes)
	if operator := paidOperator(run); operator != "" && d.governance == nil && !d.brief {
		if err := d.govern(ctx, operator); err != nil {
			return errors.Join(err, d.network.Logs())
		}
	}
	if run.Result == nil || k.shown {
		return nil
	}
	k.shown = true
	text, err := k.text(run.Dir)
	if err != nil {
		return err
	}
	d.story.text(text)
	return nil
}

func (d *demo) progress(p client.Progress) {
	if d.verbose {
		d.story.say("    %s", p)
	}
}

func (d *demo) seenAll() bool {
	for _, k := range d.kinds {
		if !k.seen() {
			return false
		}
	}
	return d.honestJob()
}

func (d *demo) honestJob() bool {
	for _, job := range d.report.Jobs {
		if job.Status == "COMPLETED" && job.Replicas == 3 && job.Agreeing == 3 {
			return true
		}
	}
	return false
}

// finish checks what must hold at the end, and writes the report in any case.
func (d *demo) finish(ctx context.Context, path string) error {
	var errs []error
	c, err := d.network.Client(ctx)
	if err != nil {
		return err
	}
	d.report.ChainID = d.network.ChainID()
	if d.report.Height, err = c.Height(ctx); err != nil {
		errs = append(errs, err)
	}
	if d.report.Invariants, err = d.network.Invariants(ctx); err != nil {
		errs = append(errs, err)
	}
	for name, found := range d.report.Invariants {
		if found != devnet.Holds {
			errs = append(errs, fmt.Errorf("invariant %s is broken: %s", name, found))
		}
	}
	if err := d.account(ctx); err != nil {
		errs = append(errs, err)
	}
	for _, slash := range d.report.Slashed {
		if !d.node(slash.Operator).Lies {
			errs = append(errs, fmt.Errorf("an honest node was slashed: %s lost %s for %s", d.story.name(slash.Operator), slash.Amount, slash.Reason))
		}
	}
	return errors.Join(append(errs, d.report.write(path))...)
}

// node returns the node of an operator, or an unknown honest one.
func (d *demo) node(operator string) devnet.Node {
	for _, node := range d.network.Nodes() {
		if node.Operator == operator {
			return node
		}
	}
	return devnet.Node{Operator: operator}
}
