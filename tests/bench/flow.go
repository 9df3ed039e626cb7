package bench

import (
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Packing describes how a node's messages become transactions.
type Packing int

const (
	// Separate puts every message into its own transaction, with one item.
	Separate Packing = iota
	// Combined puts a reveal, a commitment and a claim, with one item each, of three tasks,
	// into one transaction.
	Combined
	// Batched puts what a node reveals and commits to in a block into one transaction, in
	// messages of up to batchItems items, and as many claims into another. Requesters post as
	// many jobs in one transaction.
	Batched
)

// batchItems is the largest number of items that the chain accepts in a message.
const batchItems = 100

// Flow is one way in which tasks go through their life: post, claim, commit, reveal, settle.
type Flow struct {
	Name    string
	Class   string
	Packing Packing
	// If set, all nodes that the sortition admits claim, and the draw refuses most of them.
	// Otherwise only the nodes claim that the draw will keep.
	Everybody bool
	// Audited reports whether tasks have one replica under AUDIT. Otherwise they have three
	// under QUORUM.
	Audited bool
	// Array reports whether all tasks are in one job, which unrolls them over time.
	Array bool
	// Chunk is the number of tasks of a chunk, 0 for flows of single tasks. Each chunk has one
	// replica, and one auditor that executes samples.
	Chunk int
}

// The flows that are measured.
func lifecycle() Flow { return Flow{Name: "lifecycle", Class: busyClass, Packing: Combined} }

func batched() Flow {
	return Flow{Name: "batched", Class: busyClass, Packing: Batched, Everybody: true}
}
func spread() Flow { return Flow{Name: "spread", Class: wideClass, Packing: Separate} }
func contended() Flow {
	return Flow{Name: "contended", Class: wideClass, Packing: Separate, Everybody: true}
}

func lifecycleAudit() Flow {
	return Flow{Name: "lifecycle_audit", Class: busyClass, Packing: Combined, Audited: true}
}

func batchedAudit() Flow {
	return Flow{Name: "batched_audit", Class: busyClass, Packing: Batched, Everybody: true, Audited: true}
}

func array() Flow {
	return Flow{Name: "array", Class: busyClass, Packing: Batched, Everybody: true, Audited: true, Array: true}
}

func chunks(tasks int) Flow {
	return Flow{
		Name: fmt.Sprintf("chunk_%d", tasks), Class: busyClass, Packing: Batched, Everybody: true, Audited: true, Chunk: tasks,
	}
}

func flows() []Flow {
	return []Flow{
		lifecycle(), batched(), lifecycleAudit(), batchedAudit(), array(), spread(), contended(),
		chunks(1), chunks(16), chunks(256), chunks(computetypes.MaxChunkTasks),
	}
}

// steps returns the number of steps in a cycle. An array unrolls as many tasks as end, so
// that its cohorts keep the different sizes that they had when its window was full. Only all
// cohorts together are the same in each cycle.
func (f Flow) steps() int {
	if f.Array {
		return cohorts
	}
	return 1
}

// replicas returns the number of replicas of a task.
func (f Flow) replicas() int {
	if f.Audited {
		return 1
	}
	return replicas
}

// auditPoints is the probability of an audit in basis points. It is so low that almost no
// audit is drawn. A task that is audited costs one more execution.
const auditPoints = 5

func (f Flow) policy() computetypes.Policy {
	if f.Chunk > 0 {
		return computetypes.Policy{
			Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: computetypes.BasisPoints, Auditors: 1,
		}
	}
	if f.Audited {
		return computetypes.Policy{
			Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: auditPoints, Auditors: 1,
		}
	}
	return computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: replicas}
}

// Gas limits, which are far above what the transactions use, like those that wallets set.
const (
	sendGas   = 200_000
	singleGas = 2_000_000
	batchGas  = 1_000_000_000
)

func (p Packing) gas() uint64 {
	if p == Batched {
		return batchGas
	}
	return singleGas
}
