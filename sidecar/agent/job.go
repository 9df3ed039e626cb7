package agent

import (
	"context"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/bid"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// job is what the loop keeps of a job.
type job struct {
	spec      *computetypes.JobSpec
	requester string
	liability math.Int
	// worth of its reward in the bond denom.
	worth math.Int
	// tasks grows when the job is topped up.
	tasks uint64
	// requested is the height at which its results were last asked for again.
	requested int64
	// proven: it is as the chain has it, whatever the node says that was asked.
	proven bool
}

// jobOf is what is kept of a job.
func jobOf(record *computetypes.Job, spec *computetypes.JobSpec) job {
	read := job{spec: spec, requester: record.Requester, liability: record.Liability, worth: record.BondValue, tasks: record.Tasks}
	if record.Redelivery != nil {
		// Results go where their requester has asked for them last.
		spec.Sink, read.requested = record.Redelivery.Sink, record.Redelivery.Height
	}
	return read
}

// terms are what a bid depends on.
func (j job) terms() *bid.Job {
	return &bid.Job{Requester: j.requester, Spec: j.spec, Liability: j.liability}
}

// array tells whether the job has several tasks: the state keeps no receipts of
// those.
func (j job) array() bool { return j.tasks > 1 }

// maxJobs bounds the jobs that are kept in memory; they can be read again.
const maxJobs = 4096

// jobs are those that were read, by id.
type jobs map[string]job

// read returns a job, from memory if it was read before.
func (known jobs) read(ctx context.Context, from Chain, id string) (job, error) {
	if j, ok := known[id]; ok {
		return j, nil
	}
	record, spec, err := from.Job(ctx, id)
	if err != nil {
		return job{}, err
	}
	if len(known) >= maxJobs {
		clear(known)
	}
	known[id] = jobOf(&record, &spec)
	return known[id], nil
}
