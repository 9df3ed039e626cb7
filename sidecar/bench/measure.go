package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// Config says what is measured.
type Config struct {
	// Executor runs the programs. Places is the number of them that run at once.
	Executor executor.Executor
	Places   int
	// Dir is an empty folder for the files of the programs, on the disk of the executor's folder.
	Dir string
	// Time is about how long the measurement takes. Each program runs at least once, however
	// long that takes.
	Time time.Duration
}

// Speed is how much fuel each place burned in a second with one program.
type Speed struct {
	// Name says what the program does, and Shape with what.
	Name  string `json:"name"`
	Shape string `json:"shape"`
	// FuelPerSecond is that of the slowest place while all places were busy.
	FuelPerSecond uint64 `json:"fuel_per_second"`
	// Times is FuelPerSecond in parts of that of the slowest program that counts.
	Times float64 `json:"times_slowest"`
	// Apart reports whether the program does not count towards what a node can promise.
	Apart bool `json:"apart,omitempty"`
}

// Speeds are those of all programs of a profile, the slowest one first.
type Speeds struct {
	Profile string `json:"profile"`
	// Engine says what ran the programs, with the device if there is one.
	Engine string  `json:"engine"`
	Places int     `json:"places"`
	Speeds []Speed `json:"speeds"`
}

// Slowest returns the smallest fuel per second of the programs that count.
func (s *Speeds) Slowest() uint64 {
	least := uint64(math.MaxUint64)
	for _, speed := range s.Speeds {
		if !speed.Apart {
			least = min(least, speed.FuelPerSecond)
		}
	}
	return least
}

// reserve is the part of the slowest program's fuel that is not promised, in percent: machines
// become slower when they become warm, and a node also downloads and proves.
const reserve = 25

// FuelPerBlock returns the rate that a node with these speeds can promise between two blocks, in
// two digits.
func (s *Speeds) FuelPerBlock(block time.Duration) uint64 {
	fuel := float64(s.Slowest()) * block.Seconds() * (100 - reserve) / 100
	unit := uint64(1)
	for fuel/float64(unit) >= 100 {
		unit *= 10
	}
	return uint64(fuel) / unit * unit
}

// Measure runs every program of the executor's profile in all places at once. If the context ends,
// it stops the programs and returns the context's error.
func Measure(ctx context.Context, cfg Config) (*Speeds, error) {
	loads, err := loadsOf(cfg.Executor.Profile())
	if err != nil {
		return nil, err
	}
	if cfg.Places < 1 {
		return nil, fmt.Errorf("expected at least one place to measure in, found %d", cfg.Places)
	}
	m := meter{Config: cfg}
	speeds, err := m.all(ctx, loads)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Executor.Profile(), err)
	}
	result := &Speeds{Profile: cfg.Executor.Profile(), Places: cfg.Places}
	for i, l := range loads {
		result.Speeds = append(result.Speeds, Speed{Name: l.name, Shape: l.shape, FuelPerSecond: uint64(speeds[i]), Apart: l.apart})
	}
	slices.SortStableFunc(result.Speeds, func(x, y Speed) int { return cmp.Compare(x.FuelPerSecond, y.FuelPerSecond) })
	slowest := float64(max(1, result.Slowest()))
	for i := range result.Speeds {
		result.Speeds[i].Times = math.Round(100*float64(result.Speeds[i].FuelPerSecond)/slowest) / 100
	}
	// The first worker has been asked by now.
	result.Engine = cfg.Executor.Fingerprint(ctx).Engine
	return result, nil
}

// repeats is the number of programs that are measured again, the slowest ones first: something
// else that the machine did for a moment must not look like a slow program.
const repeats = 6

// all returns the fuel per second of each load.
func (m *meter) all(ctx context.Context, loads []load) ([]float64, error) {
	speeds := make([]float64, len(loads))
	ends := time.Now().Add(m.Time)
	left := len(loads) + repeats
	measure := func(i int) error {
		speed, err := m.measure(ctx, loads[i], time.Until(ends)/time.Duration(max(1, left)))
		if err != nil {
			return fmt.Errorf("%s, %s: %w", loads[i].name, loads[i].shape, err)
		}
		speeds[i] = max(speeds[i], speed)
		left--
		return nil
	}
	for i := range loads {
		if err := measure(i); err != nil {
			return nil, err
		}
	}
	again := map[int]bool{}
	for range min(repeats, len(loads)) {
		slowest := -1
		for i := range loads {
			if !loads[i].apart && (slowest < 0 || speeds[i] < speeds[slowest]) {
				slowest = i
			}
		}
		if again[slowest] || !time.Now().Before(ends) {
			break
		}
		again[slowest] = true
		if err := measure(slowest); err != nil {
			return nil, err
		}
	}
	return speeds, nil
}

// meter runs loads.
type meter struct {
	Config

	tasks int
	// warm is the program that the workers have compiled.
	warm string
}

// run is what one run in all places took.
type run struct {
	// fuel is that of each place.
	fuel uint64
	// took is the time of the slowest place.
	took time.Duration
}

// measure returns the fuel per second of a load in about some time.
func (m *meter) measure(ctx context.Context, l load, about time.Duration) (float64, error) {
	began := time.Now()
	dir := filepath.Join(m.Dir, "files")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	ready, err := l.prepare(dir)
	if err != nil {
		return 0, err
	}
	if m.warm != ready.task.ProgramPath {
		if _, err := m.run(ctx, ready, 1); err != nil {
			return 0, err
		}
		m.warm = ready.task.ProgramPath
	}
	short, err := m.run(ctx, ready, ready.first)
	if err != nil {
		return 0, err
	}
	left := about - time.Since(began)
	turns := math.Floor(float64(ready.first) * left.Seconds() / max(short.took.Seconds(), 1e-9))
	if turns < 2*float64(ready.first) {
		return float64(short.fuel) / max(short.took.Seconds(), 1e-9), nil
	}
	// The set-up of a run counts as well: it takes little time, and its fuel is paid.
	long, err := m.run(ctx, ready, uint64(turns))
	return float64(long.fuel) / max(long.took.Seconds(), 1e-9), err
}

// run runs a number of turns in all places at the same time.
func (m *meter) run(ctx context.Context, ready prepared, turns uint64) (run, error) {
	task := ready.task
	if err := ready.turn(&task, turns); err != nil {
		return run{}, err
	}
	// One program that fails ends the others.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results, errs := make([]executor.Result, m.Places), make([]error, m.Places)
	var places sync.WaitGroup
	for i := range m.Places {
		m.tasks++
		one := task
		one.ID = strconv.Itoa(m.tasks)
		places.Go(func() {
			if results[i], errs[i] = m.one(ctx, one); errs[i] != nil {
				cancel()
			}
		})
	}
	places.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return run{}, err
		}
	}
	if err := errors.Join(errs...); err != nil {
		return run{}, err
	}
	r := run{fuel: results[0].FuelUsed}
	for _, result := range results {
		r.took = max(r.took, result.WallTime)
	}
	return r, nil
}

// limit is the time after which a program is given up.
const limit = 2 * time.Minute

// one runs a program in one place.
func (m *meter) one(ctx context.Context, task executor.Task) (executor.Result, error) {
	task.Fuel, task.OutputBytes, task.OutputFiles = 1<<60, 1<<10, 1
	task.TraceKeys = make([]executor.Trace, 1)
	task.OutputDir, task.Unsynced, task.WallLimit = filepath.Join(m.Dir, "out-"+task.ID), true, limit
	if err := m.Executor.Start(ctx, task); err != nil {
		return executor.Result{}, err
	}
	result, err := m.Executor.Wait(ctx, task.ID)
	err = errors.Join(err, m.Executor.Destroy(task.ID), os.RemoveAll(task.OutputDir))
	if err != nil {
		return result, err
	}
	if result.Reason != manifest.ReasonExited || result.ExitCode != 0 {
		return result, fmt.Errorf("expected the program to exit with 0, found %s with %d (%s)", result.Reason, result.ExitCode, result.Detail)
	}
	return result, nil
}
