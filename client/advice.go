package client

import (
	"math"
	"time"

	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// mostAdvised bounds the fuel of a task with which an advice counts.
const mostAdvised = 1 << 48

// ArrayAdvice is what runs on this machine say of an array whose chunks are audited. It assumes
// nodes that declare CautiousFuelPerBlock, the default parameters of the chain, and that the
// other tasks are like those that were run.
type ArrayAdvice struct {
	// Fuel is the bound for a task, with a reserve over the heaviest task that was run.
	Fuel uint64
	// ChunkTasks is the number of tasks of a chunk with this bound, and Time how long this
	// machine needs for them.
	ChunkTasks uint64
	Time       time.Duration
	// Samples is the number of tasks of such a chunk that an auditor runs again, and
	// SamplesNow that with the bound of the job file. They are 0 if the chain does not accept
	// chunks of more than computetypes.MaxSamples tasks.
	Samples, SamplesNow uint64
}

// Advise returns what runs of tasks of one array say of it. It returns false if they say
// nothing: its chunks are not audited, or a program did not exit by itself.
func Advise(runs []*Local) (ArrayAdvice, bool) {
	if len(runs) == 0 {
		return ArrayAdvice{}, false
	}
	spec := runs[0].Spec
	facts := classFacts{params: computetypes.DefaultParams(), fuelPerBlock: CautiousFuelPerBlock(spec.Executor), slots: math.MaxUint32}
	policy, _ := facts.params.Effective(&spec)
	if spec.Tasks < 2 || policy.AuditBps == 0 || policy.Samples == 0 || policy.Replicas > 1 {
		return ArrayAdvice{}, false
	}
	var used uint64
	var took time.Duration
	advice, now := ArrayAdvice{}, spec.Resources.Fuel
	for _, run := range runs {
		if run.Report.Reason != manifest.ReasonExited {
			return ArrayAdvice{}, false
		}
		advice.Fuel = max(advice.Fuel, run.Suggested().Fuel)
		used += min(run.Report.FuelUsed, mostAdvised)
		took += run.Report.WallTime
	}
	spec.Resources.Fuel = advice.Fuel
	advice.ChunkTasks = facts.chunk(&spec)
	advice.Time = took / time.Duration(len(runs)) * time.Duration(advice.ChunkTasks) //nolint:gosec // at most computetypes.MaxChunkTasks
	fuel := used / uint64(len(runs)) * advice.ChunkTasks
	sampled := func(most uint64) uint64 {
		n := computetypes.SampleSize(advice.ChunkTasks, policy.Samples, most, fuel)
		if n > computetypes.MaxSamples {
			return 0
		}
		return n
	}
	advice.Samples, advice.SamplesNow = sampled(advice.Fuel), sampled(now)
	return advice, true
}
