package store

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryPairOfPhases compares the whole table with a second, independently written one. It
// has one row per phase and one column per following phase, in order.
func TestEveryPairOfPhases(t *testing.T) {
	table := map[Phase]string{
		//                cl as pr ru yi ex cs co rv op se rl fa
		PhaseClaimed:    ". x . . . . . . . . x x x",
		PhaseAssigned:   ". . x . x . . . . . x x x",
		PhasePreparing:  ". . . x x . . . . . x x x",
		PhaseRunning:    ". . x . x x . . . . x x x",
		PhaseYielding:   ". . . . . . . . . . x . x",
		PhaseExecuted:   ". . x . . . x . . . x x x",
		PhaseCommitSent: ". . . . . . . x . . x . x",
		PhaseCommitted:  ". . . . . . . . x . x . x",
		PhaseRevealed:   ". . . . . . . . . x x . x",
		PhaseOpened:     ". . . . . . . . . . x . x",
		PhaseSettled:    ". . . . . . . . . . . . .",
		PhaseReleased:   "x x . . . . . . . . . . .",
		PhaseFailed:     ". . . . . . . . . . . . .",
	}
	require.Len(t, table, len(Phases()))
	for _, from := range Phases() {
		row := table[from]
		for i, to := range Phases() {
			require.Equal(t, row[2*i] == 'x', from.CanBecome(to), "%s → %s", from, to)
		}
	}
}

func TestEveryPhaseCanEnd(t *testing.T) {
	for _, start := range Phases() {
		seen := []Phase{start}
		for i := 0; i < len(seen); i++ {
			for _, next := range seen[i].next() {
				if !slices.Contains(seen, next) {
					seen = append(seen, next)
				}
			}
		}
		require.True(t, slices.ContainsFunc(seen, Phase.Finished), "%s leads nowhere", start)
	}
}

func TestPhasesAreStoredByName(t *testing.T) {
	for _, p := range Phases() {
		text, err := json.Marshal(p)
		require.NoError(t, err)
		require.Equal(t, `"`+p.String()+`"`, string(text))
		var back Phase
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, p, back)
	}
	_, err := ParsePhase("asleep")
	require.ErrorContains(t, err, `"asleep"`)
	_, err = json.Marshal(Phase(0))
	require.Error(t, err)
	require.Equal(t, "unknown phase 99", Phase(99).String())
}
