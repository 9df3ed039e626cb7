package soak

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func good() Report {
	return Report{Seed: 7, Minutes: 3, Jobs: 5, Completed: 4, RevealsUnderCut: 1, Invariants: map[string]string{"compute/escrow": devnet.Holds}}
}

func TestARunFailsIfAnythingWasLostOrIfItProvedNothing(t *testing.T) {
	t.Parallel()
	report := good()
	require.NoError(t, report.Err())
	for want, change := range map[string]func(*Report){
		"faults without an explanation":  func(r *Report) { r.WrongFaults = 1 },
		"accepted results that are lost": func(r *Report) { r.LostResults = 1 },
		"workers that outlive":           func(r *Report) { r.OrphanProcesses = 1 },
		"containers that outlive":        func(r *Report) { r.OrphanContainers = 1 },
		"jail terms because of yields":   func(r *Report) { r.YieldJails = 1 },
		"completed jobs":                 func(r *Report) { r.Completed = 0 },
		"reveals that a cut has delayed": func(r *Report) { r.RevealsUnderCut = 0 },
		"compute/escrow is broken":       func(r *Report) { r.Invariants["compute/escrow"] = "one atfuel is missing" },
	} {
		report := good()
		change(&report)
		require.ErrorContains(t, report.Err(), want)
	}
}

func TestTheReportNamesItsSeedAndAllCounts(t *testing.T) {
	t.Parallel()
	counts, report := NewCounts(), good()
	counts.posted("textgen")
	counts.posted("textgen")
	counts.skipped("textgen", client.ErrNotPostable)
	counts.ended("textgen", computetypes.JOB_STATUS_COMPLETED)
	counts.ended("textgen", computetypes.JOB_STATUS_EXPIRED)
	counts.lost("textgen", errors.New("gone"))
	counts.orphan(errors.New("process 5"))
	require.Equal(t, 2, counts.Settled())
	counts.fill(&report)
	path := filepath.Join(t.TempDir(), "soak", "report.json")
	require.NoError(t, report.Write(path))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var found map[string]any
	require.NoError(t, json.Unmarshal(raw, &found))
	for name, want := range map[string]float64{
		"seed": 7, "minutes": 3, "jobs": 2, "completed": 1, "wrong_faults": 0, "lost_results": 1, "orphan_processes": 1, "orphan_containers": 0, "rss_growth_mib": 0,
		"goroutine_growth": 0, "kills": 0, "cuts": 0, "owner_activity": 0, "yields": 0, "yield_jails": 0, "reveals_under_cut": 1,
	} {
		require.InDelta(t, want, found[name], 0, name)
	}
}

func TestGrowthIsThatOfTheDaemonThatGrewMost(t *testing.T) {
	t.Parallel()
	value, err := metric("# HELP go_goroutines n\ngo_goroutines 41\ngo_goroutines_more 5\n", "go_goroutines")
	require.NoError(t, err)
	require.InDelta(t, 41, value, 0)
	_, err = metric("go_goroutines_more 5\n", "go_goroutines")
	require.ErrorContains(t, err, "expected a value of go_goroutines")
	rss, goroutines := growth([]Daemon{{RSSMiB: 50, Goroutines: 40}, {RSSMiB: 60, Goroutines: 50}}, []Daemon{{RSSMiB: 45, Goroutines: 45}, {RSSMiB: 58, Goroutines: 50}})
	require.InDelta(t, -2, rss, 0)
	require.InDelta(t, 5, goroutines, 0)
}
