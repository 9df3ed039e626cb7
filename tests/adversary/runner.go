package adversary

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/thetaedge/theta/tests/devnet"
)

const (
	// treasuryKey funds the attackers, and treasuryFunds is its balance in whole tfuel.
	treasuryKey   = "treasury"
	treasuryFunds = 1_000_000
	// honestNodes are enough for two escalations of the genesis below.
	honestNodes = 9
	// honestSlots and honestBond are the slots and the bond of an honest node.
	honestSlots, honestBond = 32, 320
	// minCommitBlocks is the shortest commit window, and revealBlocks is the reveal window.
	minCommitBlocks, revealBlocks = 15, 30

	blockPause = 250 * time.Millisecond
	epoch      = 3 * time.Second
)

// Options describe what to run.
type Options struct {
	// Dir contains the networks.
	Dir string
	// Bin contains thetad and thetaedge; Overfill is the binary of the hostile validator.
	Bin, Overfill string
	// LLM is the program of examples/llm, and Model the folder of a published model that it runs.
	LLM, Model string
	// Only selects behaviours by parts of their names. If it is empty, all run.
	Only []string
	// Log receives a line for each step.
	Log io.Writer
}

// Run plays the behaviours one after the other on their networks, and returns their outcomes.
func Run(ctx context.Context, opts Options) (report Report, err error) {
	for _, n := range networks() {
		if err := n.play(ctx, opts, &report); err != nil {
			return report, err
		}
	}
	return report, nil
}

// genesis sets windows of minutes instead of days, and adds a second class that no node has
// joined. Rounds of four judge, so that a dozen nodes fill them. Nodes are not jailed: money
// alone has to make cheating a loss.
func genesis() map[string]map[string]any {
	class := func(id string) map[string]any {
		return map[string]any{"id": id, "minimum": map[string]any{"cpu_cores": 1, "memory_bytes": "536870912", "gpus": 0, "gpu_memory_bytes": "0", "model": ""}}
	}
	const never = 1_000_000
	return map[string]map[string]any{
		"edgenode": {
			"classes":     []any{class(crowded), class(lonely)},
			"hold_blocks": fmt.Sprint(holdBlocks),
			"jail": map[string]any{
				"faults_to_jail": never, "fault_window": "57600", "missed_points": 1, "wrong_points": 4, "silent_points": 4,
				"jail_blocks": "2400", "max_jail_blocks": "403200", "clean_blocks": "403200",
			},
		},
		"compute": {
			"escalation":         []any{4, 4},
			"claim_blocks":       "6",
			"reveal_blocks":      fmt.Sprint(revealBlocks),
			"min_commit_blocks":  fmt.Sprint(minCommitBlocks),
			"min_prepare_blocks": "5",
			"max_draws":          4,
			"spare_nodes":        1,
			// Judges of a challenge have this many blocks to come.
			"max_wait_blocks":      "200",
			"max_challenge_blocks": fmt.Sprint(windowBlocks),
			// Jobs themselves set how often they are audited.
			"audit_floor_bps": 0,
		},
	}
}

// perform plays one behaviour and checks whether it harmed others.
func (s *stage) perform(ctx context.Context, b behaviour, report *Report) error {
	begun := time.Now()
	before, err := s.honestNodes(ctx)
	if err != nil {
		return err
	}
	row, err := b.play(ctx, s)
	if err != nil {
		return err
	}
	after, err := s.honestNodes(ctx)
	if err != nil {
		return err
	}
	row.Harm = inTfuel(before.bond.Sub(after.bond))
	row = row.judged()
	report.Rows = append(report.Rows, row)
	s.say("%-28s %s: net %.4f, predicted %.4f ± %.4f (%.0f s)", row.Behaviour, row.verdict(), row.Net, row.Predicted, row.Spread, time.Since(begun).Seconds())
	if row.Harm > row.HarmPredicted+rounding {
		report.Failures = append(report.Failures, fmt.Sprintf("%s: honest nodes lost %.6f tfuel of their bonds, %.6f of it in fees", b.name(), row.Harm, row.HarmPredicted))
	}
	if after.points != before.points {
		report.Failures = append(report.Failures, fmt.Sprintf("%s: honest nodes came %d points nearer to jail", b.name(), after.points-before.points))
	}
	rules, err := s.net.Invariants(ctx)
	if err != nil {
		return err
	}
	for rule, found := range rules {
		if found != devnet.Holds {
			report.Failures = append(report.Failures, fmt.Sprintf("%s: invariant %s: %s", b.name(), rule, found))
		}
	}
	return nil
}

func picked(name string, only []string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(part string) bool { return part != "" && strings.Contains(name, part) })
}
