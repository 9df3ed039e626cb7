// Command programs runs third-party programs that scripts/wasi-programs.sh has built as jobs
// on a network of its own, and prints the time that each took. It fails if a result differs
// from the expected one.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// jobPatience is the longest time that one job may take.
const jobPatience = 5 * time.Minute

// about is the script's description of a program.
type about struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Source  string `json:"source"`
	// Check is what the result is compared with.
	Check string `json:"check"`
}

// row contains the times of a program.
type row struct {
	about
	bytes   int64
	fuel    uint64
	seconds float64
	// wrong is nil if the result is right.
	wrong error
}

func main() {
	jobs := flag.String("jobs", filepath.Join("build", "programs", "jobs"), "folder with a folder for each program: job.yaml, about.json, want/")
	dir := flag.String("dir", filepath.Join("build", "programs", "network"), "folder for the network")
	bin := flag.String("bin", "build", "folder with the programs thetad and thetaedge")
	local := flag.Bool("local", false, "run the programs here, without a network")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *jobs, *dir, *bin, *local)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "programs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, jobs, dir, bin string, local bool) (err error) {
	files, err := filepath.Glob(filepath.Join(jobs, "*", "job.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("expected jobs in %s, found none; scripts/wasi-programs.sh makes them", jobs)
	}
	try := here
	if !local {
		options := devnet.DefaultOptions()
		options.Dir, options.Bin, options.Log = dir, bin, io.Discard
		network, err := devnet.Start(ctx, options)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, network.Stop()) }()
		try = func(ctx context.Context, folder string, r *row) error { return onNetwork(ctx, network, folder, r) }
	}
	var rows []row
	for _, file := range files {
		r, err := perform(ctx, filepath.Dir(file), try)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %.2f s, %v\n", r.Name, r.seconds, r.wrong)
		rows = append(rows, r)
	}
	return table(rows)
}

// perform runs one program.
func perform(ctx context.Context, folder string, try func(context.Context, string, *row) error) (r row, err error) {
	text, err := os.ReadFile(filepath.Join(folder, "about.json"))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r.about); err != nil {
		return r, err
	}
	program, err := os.Stat(filepath.Join(folder, "program.wasm"))
	if err != nil {
		return r, err
	}
	r.bytes = program.Size()
	if err := os.RemoveAll(filepath.Join(folder, "result")); err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, jobPatience, fmt.Errorf("not done within %s", jobPatience))
	defer cancel()
	r.wrong = try(ctx, folder, &r)
	return r, nil
}

// here runs a program on this machine only.
func here(ctx context.Context, folder string, r *row) error {
	job, err := jobfile.Load(filepath.Join(folder, "job.yaml"))
	if err != nil {
		return err
	}
	local, err := client.RunLocal(ctx, job, 0, filepath.Join(folder, "result"))
	if err != nil {
		return err
	}
	r.fuel, r.seconds = local.Report.FuelUsed, local.Report.WallTime.Seconds()
	if local.Manifest.Reason != manifest.ReasonExited || local.Manifest.ExitCode != 0 {
		return fmt.Errorf("%s, exit %d: %s", local.Manifest.Reason, local.Manifest.ExitCode, local.Report.Detail)
	}
	return compare(folder, &local.Result)
}

// onNetwork runs a program as a job.
func onNetwork(ctx context.Context, network *devnet.Devnet, folder string, r *row) error {
	run, err := network.Run(ctx, devnet.Alice, filepath.Join(folder, "job.yaml"), filepath.Join(folder, "result"), func(client.Progress) {})
	if err != nil {
		return err
	}
	if run.Result == nil {
		return fmt.Errorf("the job ended %s", client.StatusName(run.Settlement.Job.Status))
	}
	paid := 0
	for _, outcome := range run.Settlement.Receipt.Outcomes {
		if outcome.Status != computetypes.ASSIGNMENT_STATUS_PAID {
			continue
		}
		paid++
		r.fuel = outcome.Metrics.Fuel
		seconds := (time.Duration(outcome.Metrics.WallMs) * time.Millisecond).Seconds() //nolint:gosec // small
		if paid == 1 || seconds < r.seconds {
			r.seconds = seconds // the machine is shared by all nodes
		}
	}
	if m := run.Result.Manifest; m.Reason != manifest.ReasonExited || m.ExitCode != 0 {
		return fmt.Errorf("%s, exit %d", m.Reason, m.ExitCode)
	}
	return compare(folder, run.Result)
}

// compare compares the outputs of a result with the expected ones.
func compare(folder string, result *client.Result) error {
	wanted, err := os.ReadDir(filepath.Join(folder, "want"))
	if err != nil {
		return err
	}
	for _, file := range wanted {
		want, err := os.ReadFile(filepath.Join(folder, "want", file.Name()))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(result.Manifest.Files, func(f manifest.File) bool { return f.Path == file.Name() })
		if i < 0 {
			return fmt.Errorf("expected an output %s, found none", file.Name())
		}
		found, err := os.ReadFile(result.Path(result.Manifest.Files[i]))
		if err != nil {
			return err
		}
		if !bytes.Equal(want, found) {
			return fmt.Errorf("%s: expected %d bytes, found %d others", file.Name(), len(want), len(found))
		}
	}
	return nil
}

// table prints the rows in Markdown.
func table(rows []row) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 1, ' ', 0)
	fmt.Fprintln(out, "| program\t| version\t| from\t| bytes\t| fuel\t| seconds\t| held against\t| result\t|")
	fmt.Fprintln(out, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	failed := 0
	for i := range rows {
		r := &rows[i]
		result := "equal"
		if r.wrong != nil {
			result, failed = r.wrong.Error(), failed+1
		}
		fmt.Fprintf(out, "| %s\t| %s\t| %s\t| %d\t| %d\t| %.2f\t| %s\t| %s\t|\n", r.Name, r.Version, r.Source, r.bytes, r.fuel, r.seconds, r.Check, result)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("expected the right result of %d programs, found %d wrong", len(rows), failed)
	}
	return nil
}
