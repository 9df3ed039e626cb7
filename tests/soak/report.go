package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/tests/devnet"
)

// Report is what a run has found.
type Report struct {
	// Seed gives the same choices again. Times differ between runs.
	Seed    uint64  `json:"seed"`
	Minutes float64 `json:"minutes"`
	// Jobs counts those that were posted, Completed those whose result the chain accepted.
	Jobs      int `json:"jobs"`
	Completed int `json:"completed"`
	// WrongFaults counts faults that the run's disturbances do not explain.
	WrongFaults int `json:"wrong_faults"`
	// LostResults counts accepted results that could not be fetched and verified.
	LostResults int `json:"lost_results"`
	// OrphanProcesses counts workers that outlived their daemon.
	OrphanProcesses int `json:"orphan_processes"`
	// OrphanContainers counts containers that outlived the network. Without an Engine, no jobs of container/1 ran.
	OrphanContainers int    `json:"orphan_containers"`
	Engine           string `json:"engine,omitempty"`
	// RSSGrowthMiB and GoroutineGrowth are those of the daemon that grew most, from the first
	// settled jobs to the end.
	RSSGrowthMiB    float64 `json:"rss_growth_mib"`
	GoroutineGrowth float64 `json:"goroutine_growth"`
	Kills           int     `json:"kills"`
	Cuts            int     `json:"cuts"`
	// OwnerActivity counts the games of owners.
	OwnerActivity int `json:"owner_activity"`
	Yields        int `json:"yields"`
	// YieldJails counts jail terms that a yield began.
	YieldJails int `json:"yield_jails"`
	// RevealsUnderCut counts reveals that were due while the node was cut off, and made afterwards.
	RevealsUnderCut int `json:"reveals_under_cut"`

	// Kinds are counts by kind of job, Faults all faults, with those that are explained.
	Kinds  map[string]KindCount `json:"kinds"`
	Faults []Fault              `json:"faults"`
	// Elder is the node whose daemon was never killed. Before and After are the daemons after the first jobs
	// and at the end.
	Elder  string   `json:"elder"`
	Before []Daemon `json:"daemons_before"`
	After  []Daemon `json:"daemons_after"`
	// DiskMiB is the size of the run's folder at the end.
	DiskMiB    float64           `json:"disk_mib"`
	Invariants map[string]string `json:"invariants"`
	// Problems are errors and remarks in words.
	Problems []string `json:"problems"`
}

// Err returns why a run has failed; nil if it has not.
func (r *Report) Err() error {
	var errs []error
	none := func(n int, what string) {
		if n != 0 {
			errs = append(errs, fmt.Errorf("expected no %s, found %d", what, n))
		}
	}
	some := func(n int, what string) {
		if n == 0 {
			errs = append(errs, fmt.Errorf("expected %s, found none; a longer run has more", what))
		}
	}
	none(r.WrongFaults, "faults without an explanation")
	none(r.LostResults, "accepted results that are lost")
	none(r.OrphanProcesses, "workers that outlive their daemon")
	none(r.OrphanContainers, "containers that outlive the network")
	none(r.YieldJails, "jail terms because of yields")
	some(r.Completed, "completed jobs")
	some(r.RevealsUnderCut, "reveals that a cut has delayed")
	for name, found := range r.Invariants {
		if found != devnet.Holds {
			errs = append(errs, fmt.Errorf("invariant %s is broken: %s", name, found))
		}
	}
	return errors.Join(errs...)
}

// String returns a line for a person.
func (r *Report) String() string {
	return fmt.Sprintf("%.1f minutes, seed %d: %d of %d jobs completed; %d kills, %d cuts, %d games; %d faults, %d of them wrong; %d yields, %d jail terms for them; "+
		"%d lost results, %d orphans, %d containers left, %d reveals under a cut; daemons grew by at most %.1f MiB and %.0f goroutines; %.0f MiB on disk",
		r.Minutes, r.Seed, r.Completed, r.Jobs, r.Kills, r.Cuts, r.OwnerActivity, len(r.Faults), r.WrongFaults, r.Yields, r.YieldJails,
		r.LostResults, r.OrphanProcesses, r.OrphanContainers, r.RevealsUnderCut, r.RSSGrowthMiB, r.GoroutineGrowth, r.DiskMiB)
}

// Write writes the report to a file.
func (r *Report) Write(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a report is no secret
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644) //nolint:gosec // a report is no secret
}
