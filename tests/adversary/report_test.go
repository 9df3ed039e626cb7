package adversary

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestAReportFailsOverProfitSurpriseAndHarm(t *testing.T) {
	sound := Row{Loss: 3, Predicted: -3, Harm: 0.6, HarmPredicted: 0.6}
	require.NoError(t, Report{Rows: []Row{sound.judged()}}.Err())
	for what, spoil := range map[string]func(*Row){
		"a profit":                    func(r *Row) { r.Gain, r.Predicted = 4, 1 },
		"another loss than predicted": func(r *Row) { r.Loss = 2 },
		"more harm than predicted":    func(r *Row) { r.Harm = 0.7 },
		"less harm than predicted":    func(r *Row) { r.Harm = 0 },
	} {
		row := sound
		spoil(&row)
		require.Error(t, Report{Rows: []Row{row.judged()}}.Err(), what)
	}
}

func TestATaskInVainCostsEachSeatThatWasLeft(t *testing.T) {
	terms := usual()
	terms.idle = 0.001
	receipt := func(released, missed, held int) *computetypes.Receipt {
		r := &computetypes.Receipt{}
		for range held {
			r.Outcomes = append(r.Outcomes, computetypes.Outcome{Status: computetypes.ASSIGNMENT_STATUS_PAID, Slashed: math.ZeroInt()})
		}
		for range released {
			r.Outcomes = append(r.Outcomes, computetypes.Outcome{Status: computetypes.ASSIGNMENT_STATUS_RELEASED, Slashed: math.ZeroInt()})
		}
		for range missed {
			r.Outcomes = append(r.Outcomes, computetypes.Outcome{Status: computetypes.ASSIGNMENT_STATUS_MISSED, Slashed: math.OneInt()})
		}
		return r
	}
	for _, c := range []struct {
		what                          string
		released, missed, held, empty int
		vain, harm                    float64
	}{
		{"nobody came", 0, 0, 0, 5, 0.005, 0},
		{"one left: the others' seats cost as much", 1, 0, 0, 0, 0.3, 0},
		{"four left", 4, 0, 0, 1, 0.401, 0},
		{"more than the task has set aside", 6, 0, 0, 3, 0.5, 0},
		{"five left, and one held it to the end", 5, 0, 1, 0, 0.6, 0},
		{"one left, two held it to the end", 1, 0, 2, 0, 0.3, 0},
		{"one missed", 0, 1, 0, 0, 0.3, 0.1},
		{"as many missed as draws can cost", 0, 5, 0, 0, 0.5, 0.5},
		{"more missed: an attempt each", 0, 6, 0, 0, 0.6, 0.6},
	} {
		require.InDelta(t, c.vain, terms.vain(receipt(c.released, c.missed, c.held), c.empty), rounding, c.what)
		require.InDelta(t, c.harm, terms.harm(receipt(c.released, c.missed, c.held)), rounding, c.what)
	}
}

func TestTheTableOfTheDocumentShowsChanceWithFewerDecimals(t *testing.T) {
	report := Report{Rows: []Row{
		{Behaviour: "lies", Policy: "QUORUM(3)", Jobs: 24, Trials: 6, Net: -24.00506, Predicted: -24.00506},
		{Behaviour: "races", Policy: "QUORUM(3)", Jobs: 48, Trials: 12, Net: 2.146, Predicted: -0.0316, Spread: 2.794},
	}}
	var table strings.Builder
	report.Markdown(&table)
	require.Contains(t, table.String(), "\n| lies | QUORUM(3) | 24 | 6 | −24.0051 | −24.0051 | 0 |\n")
	require.Contains(t, table.String(), "\n| races | QUORUM(3) | 48 | 12 | 2.15 | −0.03 | 2.79 |\n")
}
