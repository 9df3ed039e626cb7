package rate

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/thetaedge/theta/client"
)

// calibration is the number of turns that are timed, as often as calibrations says. The
// shortest time is the one that other programs have disturbed least.
const calibration, calibrations = 20_000_000, 10

// Calibrate returns the time of one turn of the program's loop on this machine, in
// nanoseconds.
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
	job, err := Load{Tasks: 2, Turns: calibration, Loose: 1}.job(program, "")
	if err != nil {
		return 0, err
	}
	least := time.Duration(math.MaxInt64)
	for range calibrations {
		local, err := client.RunLocal(ctx, job, 0, filepath.Join(dir, "out"))
		if err != nil {
			return 0, err
		}
		least = min(least, local.Report.WallTime)
	}
	return float64(least.Nanoseconds()) / calibration, nil
}

// newLoad returns a load of tasks of a time each.
func newLoad(each time.Duration, tasks, loose uint64, chunk string, turn float64) Load {
	l := Load{Name: each.String(), Each: each, Tasks: tasks, Turns: max(1, uint64(float64(each.Nanoseconds())/turn)), Loose: max(1, loose), Chunk: chunk}
	if l.Loose > 1 {
		l.Name += fmt.Sprintf(" fuel x%d", l.Loose)
	}
	return l
}

// Scale returns numbers of nodes and the loads of a scale. turn is what Calibrate returns.
func Scale(name string, turn float64) (nodes []int, loads []Load, err error) {
	switch name {
	case "small":
		return []int{3}, []Load{newLoad(time.Millisecond, 2_000, 1, "", turn), newLoad(time.Second, 60, 1, "", turn)}, nil
	case "full":
		for _, loose := range []uint64{1, 10} {
			loads = append(loads, newLoad(time.Millisecond, 20_000, loose, "", turn), newLoad(100*time.Millisecond, 1_200, loose, "", turn),
				newLoad(time.Second, 120, loose, "", turn), newLoad(10*time.Second, 18, loose, "", turn))
		}
		return []int{3, 9}, loads, nil
	default:
		return nil, nil, fmt.Errorf("scale: expected small or full, found %q", name)
	}
}

// ParseLoads reads loads from a flag: TIME:TASKS[:LOOSE[:CHUNK]], separated by commas.
func ParseLoads(text string, turn float64) ([]Load, error) {
	var loads []Load
	for one := range strings.SplitSeq(text, ",") {
		parts := strings.SplitN(one, ":", 4)
		each, err := time.ParseDuration(parts[0])
		tasks, loose, chunk := uint64(0), uint64(1), ""
		if err == nil && len(parts) > 1 {
			tasks, err = strconv.ParseUint(parts[1], 10, 32)
		}
		if err == nil && len(parts) > 2 {
			loose, err = strconv.ParseUint(parts[2], 10, 32)
		}
		if len(parts) > 3 {
			chunk = parts[3]
		}
		if err != nil || each <= 0 || tasks == 0 || loose == 0 {
			return nil, fmt.Errorf("loads: expected TIME:TASKS[:LOOSE[:CHUNK]] such as 100ms:1200, found %q", one)
		}
		loads = append(loads, newLoad(each, tasks, loose, chunk, turn))
	}
	return loads, nil
}
