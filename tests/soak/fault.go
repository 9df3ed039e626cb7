package soak

import (
	"slices"
	"sync"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// These are the reasons of faults that are not slashes.
const reasonJailed, reasonOutvoted = "jailed", "outvoted"

// Fault is something that the chain held against a node.
type Fault struct {
	Height int64 `json:"height"`
	// Since is the height since which the node had the seat.
	Since    int64  `json:"since"`
	Operator string `json:"operator"`
	Reason   string `json:"reason"`
	Job      string `json:"job,omitempty"`
	Task     uint64 `json:"task,omitempty"`
	// Wrong reports that the disturbances of the run do not explain the fault.
	Wrong bool `json:"wrong"`
}

// These are the kinds of disturbances.
const (
	disturbKill = "kill"
	disturbCut  = "cut"
	disturbGame = "game"
)

// disturbance is what the run did to a node. An open one has no last height.
type disturbance struct {
	kind, operator string
	from, to       int64
}

// Disturbances are all that the run did. They are safe for concurrent use.
type Disturbances struct {
	mu  sync.Mutex
	all []*disturbance
}

// begin notes a disturbance; the caller calls end with the height at which it has ended.
func (d *Disturbances) begin(kind, operator string, height int64) (end func(height int64)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := &disturbance{kind: kind, operator: operator, from: height}
	d.all = append(d.all, one)
	return func(height int64) {
		d.mu.Lock()
		defer d.mu.Unlock()
		one.to = max(height, one.from)
	}
}

// Count returns how many disturbances of a kind there were.
func (d *Disturbances) Count(kind string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.all {
		if one.kind == kind {
			n++
		}
	}
	return n
}

// hit reports whether a node was disturbed in one of these ways between two heights.
func (d *Disturbances) hit(operator string, from, to int64, kinds ...string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.all, func(one *disturbance) bool {
		return one.operator == operator && slices.Contains(kinds, one.kind) && one.from <= to && (one.to == 0 || one.to >= from)
	})
}

// now reports whether a node is disturbed at a height that has just come.
func (d *Disturbances) now(kind, operator string, height int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.all, func(one *disturbance) bool {
		return one.operator == operator && one.kind == kind && (one.to == 0 || one.to >= height)
	})
}

// Judge marks the faults that the disturbances do not explain. A missed deadline is explained if the
// node was killed, cut off or suspended while it had the seat. Only the owner's game explains a yield or a
// task that was given back. No disturbance explains a wrong or missing reveal, a contradicted
// report, a lost vote or a jail term: cuts are shorter than all windows for reveals.
func (d *Disturbances) Judge(faults []Fault) []Fault {
	judged := slices.Clone(faults)
	for i := range judged {
		f := &judged[i]
		switch f.Reason {
		case edgenodetypes.ReasonMissedDeadline:
			f.Wrong = !d.hit(f.Operator, f.Since, f.Height, disturbKill, disturbCut, disturbGame)
		case edgenodetypes.ReasonYielded, edgenodetypes.ReasonGivenBack:
			f.Wrong = !d.hit(f.Operator, f.Since, f.Height, disturbGame)
		default:
			f.Wrong = true
		}
	}
	return judged
}

// yieldJails counts jail terms that begin in the block of a yield of the same node.
func yieldJails(faults []Fault) (n int) {
	for _, jail := range faults {
		if jail.Reason == reasonJailed && slices.ContainsFunc(faults, func(f Fault) bool {
			return f.Reason == edgenodetypes.ReasonYielded && f.Operator == jail.Operator && f.Height == jail.Height
		}) {
			n++
		}
	}
	return n
}
