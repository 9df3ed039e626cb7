package soak

import (
	"testing"

	"github.com/stretchr/testify/require"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestOnlyDisturbancesOfTheNodeInItsTimeExplainAFault(t *testing.T) {
	t.Parallel()
	done := &Disturbances{}
	done.begin(disturbCut, "a", 10)(14)
	done.begin(disturbGame, "b", 20)(30)
	done.begin(disturbKill, "c", 40) // still down
	require.True(t, done.now(disturbKill, "c", 99))
	require.True(t, done.now(disturbGame, "b", 30))
	require.False(t, done.now(disturbGame, "b", 31))
	for name, c := range map[string]struct {
		fault Fault
		wrong bool
	}{
		"a node that was cut off misses a deadline":      {Fault{Operator: "a", Reason: edgenodetypes.ReasonMissedDeadline, Since: 12, Height: 50}, false},
		"the cut was over before it had the seat":        {Fault{Operator: "a", Reason: edgenodetypes.ReasonMissedDeadline, Since: 15, Height: 50}, true},
		"the cut began after the fault":                  {Fault{Operator: "a", Reason: edgenodetypes.ReasonMissedDeadline, Since: 1, Height: 9}, true},
		"another node was cut off":                       {Fault{Operator: "d", Reason: edgenodetypes.ReasonMissedDeadline, Since: 12, Height: 50}, true},
		"a node that is down misses a deadline":          {Fault{Operator: "c", Reason: edgenodetypes.ReasonMissedDeadline, Since: 60, Height: 90}, false},
		"a node whose owner plays yields":                {Fault{Operator: "b", Reason: edgenodetypes.ReasonYielded, Since: 18, Height: 25}, false},
		"and gives back":                                 {Fault{Operator: "b", Reason: edgenodetypes.ReasonGivenBack, Since: 18, Height: 25}, false},
		"a node that was cut off has no reason to yield": {Fault{Operator: "a", Reason: edgenodetypes.ReasonYielded, Since: 8, Height: 15}, true},
		"no cut explains a missing reveal":               {Fault{Operator: "a", Reason: edgenodetypes.ReasonNoReveal, Since: 12, Height: 13}, true},
		"nor a wrong result":                             {Fault{Operator: "a", Reason: edgenodetypes.ReasonWrongResult, Since: 12, Height: 13}, true},
		"nor a contradicted report":                      {Fault{Operator: "a", Reason: edgenodetypes.ReasonContradictedReport, Since: 12, Height: 13}, true},
		"nor a jail term":                                {Fault{Operator: "b", Reason: reasonJailed, Since: 25, Height: 25}, true},
	} {
		require.Equal(t, c.wrong, done.Judge([]Fault{c.fault})[0].Wrong, name)
	}
	require.Equal(t, 1, done.Count(disturbKill))
}

func TestAJailTermInTheBlockOfAYieldIsCounted(t *testing.T) {
	t.Parallel()
	yield := Fault{Operator: "a", Reason: edgenodetypes.ReasonYielded, Height: 5}
	require.Zero(t, yieldJails([]Fault{yield, {Operator: "b", Reason: reasonJailed, Height: 5}, {Operator: "a", Reason: reasonJailed, Height: 6}}))
	require.Equal(t, 1, yieldJails([]Fault{yield, {Operator: "a", Reason: reasonJailed, Height: 5}}))
}
