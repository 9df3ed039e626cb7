package client

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ranHere is a run of a task of an array that used an amount of fuel.
func ranHere(spec *computetypes.JobSpec, fuel uint64) *Local {
	return &Local{Spec: *spec, Report: executor.Result{Reason: manifest.ReasonExited, FuelUsed: fuel, WallTime: time.Millisecond}}
}

func TestTheAdviceForAnArrayIsThatOfTightFuel(t *testing.T) {
	spec := planned(10_000, 400_000_000)
	advice, ok := Advise([]*Local{ranHere(spec, 4_000_000), ranHere(spec, 2_000_000)})
	require.True(t, ok)
	require.Equal(t, ArrayAdvice{
		Fuel: 5_000_000, ChunkTasks: 3334, Time: 3334 * time.Millisecond,
		// Four samples if tasks use all of 5 million, and they use 3 million on average.
		Samples: 7,
	}, advice, "with the fuel of the file, an audit would sample 534 tasks")

	spec.Resources.Fuel = 40_000_000
	advice, ok = Advise([]*Local{ranHere(spec, 4_000_000), ranHere(spec, 2_000_000)})
	require.True(t, ok)
	require.EqualValues(t, 54, advice.SamplesNow)
}

func TestRunsThatSayNothingOfAnArrayGiveNoAdvice(t *testing.T) {
	for name, change := range map[string]func(*computetypes.JobSpec, *Local){
		"no array": func(s *computetypes.JobSpec, _ *Local) { s.Tasks = 1 },
		"a quorum": func(s *computetypes.JobSpec, _ *Local) {
			s.Policy.Kind, s.Policy.Replicas = computetypes.POLICY_KIND_QUORUM, 3
		},
		"a program traps": func(_ *computetypes.JobSpec, l *Local) { l.Report.Reason = manifest.ReasonTrapped },
	} {
		spec := planned(9, 1000)
		local := ranHere(spec, 10)
		change(&local.Spec, local)
		_, ok := Advise([]*Local{local})
		require.False(t, ok, name)
	}
	_, ok := Advise(nil)
	require.False(t, ok)
}
