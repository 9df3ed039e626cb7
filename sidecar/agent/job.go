package agent

import (
	"context"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// job is the part of a job that the loop keeps.
type job struct {
	spec      *computetypes.JobSpec
	requester string
	liability math.Int
	// worth is the value of its reward in the bond denom.
	worth math.Int
	// tasks is the number of tasks. It increases when the job is topped up.
	tasks uint64
	// requested is the height of the latest request to deliver its results again.
	requested int64
	// auditBps is the probability in basis points that a chunk of the job is audited, and
	// samples is the number of tasks that an audit samples at least.
	auditBps, samples uint32
	// judges is the first task of the chunk whose root the job judges. It is nil if the job does
	// not judge a whole chunk.
	judges *computetypes.ChunkRef
	// judging reports whether the job judges a challenge.
	judging bool
	// auditors is the number of auditors of such a chunk.
	auditors uint32
	// proven reports whether the job was proven to be on the chain in this form.
	proven bool
}

// jobOf returns the part of a job that the loop keeps.
func jobOf(record *computetypes.Job, spec *computetypes.JobSpec) job {
	read := job{
		spec: spec, requester: record.Requester, liability: record.Liability, worth: record.BondValue, tasks: record.Tasks,
		auditBps: record.Policy.AuditBps, samples: record.Policy.Samples, auditors: record.Policy.Auditors,
		judges: chain.JudgedBy(record), judging: record.Challenged != nil,
	}
	if record.Redelivery != nil {
		// Results are delivered to the sink in the requester's latest request.
		spec.Sink, read.requested = record.Redelivery.Sink, record.Redelivery.Height
	}
	return read
}

// terms returns the facts that a bid depends on.
func (j job) terms() *bid.Job {
	terms := &bid.Job{Requester: j.requester, Spec: j.spec, Liability: j.liability}
	if j.spec.ChunkTasks > 1 && j.auditBps > 0 && !j.judging {
		terms.Samples = max(1, j.samples)
	}
	return terms
}

// array reports whether the job has several tasks. The state does not keep receipts of such
// tasks.
func (j job) array() bool { return j.tasks > 1 }

// maxJobs bounds the number of jobs in memory. A job that is removed can be read again.
const maxJobs = 4096

// jobs contains the jobs that were read, by id.
type jobs map[string]job

// read returns a job. It takes the job from memory if it was read before.
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
