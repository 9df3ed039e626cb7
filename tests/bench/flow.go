package bench

import computetypes "github.com/thetaedge/theta/x/compute/types"

// Packing says how a node's messages become transactions.
type Packing int

const (
	// Separate puts every message of one item into a transaction of its own.
	Separate Packing = iota
	// Combined puts a reveal, a commitment and a claim of one item each, of three
	// tasks, into one transaction.
	Combined
	// Batched puts what a node reveals and commits to in a block into one
	// transaction, in messages of up to batchItems items, and as many claims into
	// another; requesters post as many jobs in one.
	Batched
)

// batchItems is the most items that the chain takes in a message.
const batchItems = 100

// Flow is one way to bring tasks through their life: post, claim, commit,
// reveal, settle.
type Flow struct {
	Name    string
	Class   string
	Packing Packing
	// Everybody whom the sortition lets in claims, and the draw turns most of them
	// away; otherwise only those claim whom it keeps.
	Everybody bool
	// Audited tasks have one replica under AUDIT, others three under QUORUM.
	Audited bool
	// Array has all tasks in one job, which opens them as it goes.
	Array bool
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

func flows() []Flow {
	return []Flow{lifecycle(), batched(), lifecycleAudit(), batchedAudit(), array(), spread(), contended()}
}

// blocks of a cycle: the work, for arrays the one in which the chain opens tasks,
// the one that pins the seed and the one that brings it, in each step.
func (f Flow) blocks() float64 {
	if f.Array {
		return 4 * cohorts
	}
	return 3
}

// steps of a cycle. An array opens as many tasks as end, so that its cohorts stay as
// different as they were when its window was full: only all of them are the same in
// each cycle.
func (f Flow) steps() int {
	if f.Array {
		return cohorts
	}
	return 1
}

// replicas of a task.
func (f Flow) replicas() int {
	if f.Audited {
		return 1
	}
	return replicas
}

// auditPoints is the chance of an audit in basis points: so low that next to none
// is drawn. One that is costs an execution more.
const auditPoints = 5

func (f Flow) policy() computetypes.Policy {
	if f.Audited {
		return computetypes.Policy{
			Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: auditPoints, Auditors: 1,
		}
	}
	return computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: replicas}
}

// Gas limits: far above what the transactions use, as wallets set them.
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
