package rate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
)

// calibration is the number of turns that are timed on each processor, as often as calibrations
// says. The shortest time is the one that other programs have disturbed least.
const calibration, calibrations = 300_000_000, 3

// Calibrate returns the processor time of one turn of the program's loop, in nanoseconds, while
// all processors of this machine run it: two processors may share a core, and are slower then. If
// the system does not show processor times, it returns the time that passes.
func Calibrate(ctx context.Context) (float64, error) {
	dir, err := os.MkdirTemp("", "theta-rate-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // temporary
	program := filepath.Join(dir, "spin.wasm")
	if err := os.WriteFile(program, Spin(), 0o600); err != nil {
		return 0, err
	}
	job, err := Load{Tasks: 2, Turns: calibration, Loose: 1, Audit: "100%"}.job(program, "")
	if err != nil {
		return 0, err
	}
	least := time.Duration(math.MaxInt64)
	for range calibrations {
		took, err := spinEverywhere(ctx, job, dir)
		if err != nil {
			return 0, err
		}
		least = min(least, took)
	}
	return float64(least.Nanoseconds()) / calibration, nil
}

// spinEverywhere runs a job's first task on all processors at the same time, and returns the mean
// time of a run.
func spinEverywhere(ctx context.Context, job jobfile.Job, dir string) (time.Duration, error) {
	processors := runtime.NumCPU()
	errs, walls := make([]error, processors), make([]time.Duration, processors)
	before := ownTime()
	var runs sync.WaitGroup
	for i := range processors {
		runs.Go(func() {
			local, err := client.RunLocal(ctx, job, 0, filepath.Join(dir, "out", strconv.Itoa(i)))
			if errs[i] = err; err == nil {
				walls[i] = local.Report.WallTime
			}
		})
	}
	runs.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	if used := ownTime() - before; used > 0 {
		return used / time.Duration(processors), nil
	}
	return slices.Max(walls), nil
}

// newLoad returns a load of tasks of a time each, all of whose chunks are audited.
func newLoad(each time.Duration, tasks uint64, turn float64) Load {
	return Load{
		Name: each.String(), Each: each, Tasks: tasks, Turns: max(1, uint64(float64(each.Nanoseconds())/turn)), Loose: 1, Audit: "100%",
	}
}

// Network is a number of nodes and the loads that are run on them.
type Network struct {
	Nodes int
	Loads []Load
}

// Scale returns the networks of a scale. turn is what Calibrate returns. In the full scale, a
// tenth of the chunks is audited, and each length of tasks is run with a chunk for each task and
// with the chunks that the client plans.
func Scale(name string, turn float64) ([]Network, error) {
	switch name {
	case "small":
		return []Network{{3, []Load{newLoad(time.Millisecond, 2_000, turn), newLoad(time.Second, 60, turn)}}}, nil
	case "full":
		return []Network{{3, beforeAndAfter(1, turn)}, {9, beforeAndAfter(2, turn)}}, nil
	default:
		return nil, fmt.Errorf("scale: expected small or full, found %q", name)
	}
}

// beforeAndAfter returns loads that last one to four minutes each on two processors. More nodes
// settle more single tasks at once, so that there are singles times as many of them.
func beforeAndAfter(singles uint64, turn float64) []Load {
	var loads []Load
	for _, c := range []struct {
		each          time.Duration
		single, tasks uint64
	}{
		{time.Millisecond, 40 * singles, 20_000},
		{100 * time.Millisecond, 40 * singles, 1_000},
		{time.Second, 40 * singles, 400},
		{10 * time.Second, 10 + 2*singles, 24},
	} {
		single, chunks := newLoad(c.each, c.single, turn), newLoad(c.each, c.tasks, turn)
		single.Chunk, single.Audit, chunks.Audit = "1", "10%", "10%"
		loads = append(loads, single, chunks)
	}
	return loads
}

// FuelPerBlock returns the rate that nodes declare: half of the fuel that each program uses
// between two blocks if all places work and share the processors of the machine. The other half
// is for the chain, the daemons and what else runs.
func FuelPerBlock(turn float64, pause time.Duration, programs, processors int) uint64 {
	share := min(1, float64(processors)/float64(max(1, programs)))
	return uint64(fuelPerTurn / turn * float64(pause.Nanoseconds()) * share / 2)
}

// ParseLoads reads loads from a flag: TIME:TASKS[:LOOSE[:CHUNK[:AUDIT]]], separated by commas.
func ParseLoads(text string, turn float64) ([]Load, error) {
	var loads []Load
	for one := range strings.SplitSeq(text, ",") {
		parts := append(strings.SplitN(one, ":", 5), make([]string, 4)...)
		each, err := time.ParseDuration(parts[0])
		load := newLoad(max(each, 1), 0, turn)
		if err == nil {
			load.Tasks, err = strconv.ParseUint(parts[1], 10, 32)
		}
		if err == nil && parts[2] != "" {
			load.Loose, err = strconv.ParseUint(parts[2], 10, 32)
		}
		if load.Chunk = parts[3]; parts[4] != "" {
			load.Audit = parts[4]
		}
		if err != nil || each <= 0 || load.Tasks == 0 || load.Loose == 0 {
			return nil, fmt.Errorf("loads: expected TIME:TASKS[:LOOSE[:CHUNK[:AUDIT]]] such as 100ms:1200:1:auto:10%%, found %q", one)
		}
		if load.Loose > 1 {
			load.Name += fmt.Sprintf(" fuel x%d", load.Loose)
		}
		loads = append(loads, load)
	}
	return loads, nil
}
