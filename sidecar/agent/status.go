package agent

import (
	"slices"
	"strings"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
)

// Mode says what an agent is doing.
type Mode string

// These are the modes of an agent.
const (
	// Starting means that the chain has not been read yet, or that it does not have a node for
	// the worker key.
	Starting Mode = "starting"
	// Working means that the agent claims what the policy allows.
	Working Mode = "working"
	// Paused means that the owner or the operator has paused the node. The work that it holds
	// continues.
	Paused Mode = "paused"
	// Suspended means that the owner has paused the node, and that the programs that it runs stand
	// still.
	Suspended Mode = "suspended"
	// Draining means that the agent is about to stop.
	Draining Mode = "draining"
)

// Status is the state of the agent at one moment.
type Status struct {
	Mode Mode
	// Operator is the operator of the node. NodeStatus is the node's status on chain, for
	// example "active", or "unregistered" if there is no node.
	Operator, NodeStatus string
	// Slots is the number of slots of the node, and UsedSlots the number of those that are
	// taken.
	Slots, UsedSlots uint32
	// LeaseEnd is the last height at which the node is live if it does not give another sign
	// of life.
	LeaseEnd int64
	// Standing explains what the status and the lease mean and what to do. It is empty if
	// there is no node.
	Standing string
	// Height is the last height that the agent has seen. The time says when.
	Height   int64
	HeightAt time.Time
	// Running is the number of running programs.
	Running int
	// Waits says what each assignment waits for, except for those that wait only for this
	// machine.
	Waits map[store.Key]string
	// Chunks contains the chunks of several tasks that are being executed.
	Chunks map[store.Key]Chunk
	// Progress contains how far the tasks are that run. Of a chunk, it is the one that runs now.
	Progress map[store.Key]executor.Progress
	// Deliveries contains the outputs that sinks have not taken completely yet.
	Deliveries map[store.Key]Delivery
	// Passed explains why open draws were left to other nodes when the draws were last read.
	Passed []bid.Passed
	// Counts says what the node did with the draws of the last hour.
	Counts []bid.Count
	// FreeSlots is the number of further assignments that the node can take, on the chain and on
	// this machine. It is valid only if there is a node.
	FreeSlots int
	// Proof says what is believed about the chain's node, and why. Unproven explains why the
	// last proof failed. It is empty if the proof succeeded.
	Proof, Unproven string
	// Line is what has passed the network today, and LineMax the limit of a day in bytes; 0 is no limit.
	Line    store.Line
	LineMax uint64
	// Clock says what is wrong with the clock of this machine. It is empty if nothing is.
	Clock string
	// Holds says why the owner of the machine holds it back.
	Holds owner.Decision
	// MinVersion is the oldest version that the chain asks for; empty if it asks for none. Outdated
	// says why the version of this program keeps the node from new work; empty if it does not.
	MinVersion, Outdated string
	// LastError is empty if there has not been an error.
	LastError   string
	LastErrorAt time.Time
}

// Chunk is the state of the execution of a chunk.
type Chunk struct {
	// Tasks is the number of tasks that this machine executes, and Done the number of those
	// that have a result.
	Tasks, Done uint64
}

// Delivery is the state of the delivery of outputs that a sink has not taken completely yet.
type Delivery struct {
	// Error is the error of the last try. It is empty before the first one.
	Error string
	// NextAt is the time of the next try. It is zero while a try is running and if there will
	// not be another one.
	NextAt time.Time
	// Running reports whether a try is running.
	Running bool
	// Late reports whether the assignment is over and its result was accepted.
	Late bool
}

// Status returns the agent's state. It may be called from any goroutine. Why the owner holds the
// machine back is as it is now, also while the loop waits for a slow node.
func (a *Agent) Status() Status {
	s := *a.status.Load()
	s.Holds = a.cfg.Holds()
	return s
}

// publish makes the loop's state available to other goroutines.
func (a *Agent) publish() {
	s := &Status{
		Mode: Working, NodeStatus: "unregistered", Height: a.view.height, HeightAt: a.view.at,
		Running: a.places.running, LastError: a.lastTrouble.text, LastErrorAt: a.lastTrouble.at,
		Proof: a.proofs.grounds(), Unproven: a.proofs.trouble,
		MinVersion: a.view.nodes.MinVersion, Outdated: a.outdated(),
	}
	if a.view.node != nil {
		s.Operator = a.view.node.Profile.Operator
		s.NodeStatus = strings.ToLower(strings.TrimPrefix(a.view.node.State.Status.String(), "NODE_STATUS_"))
		s.Slots, s.UsedSlots = a.view.node.State.Slots, a.view.node.State.UsedSlots
		s.LeaseEnd, s.Standing = a.view.node.State.LeaseEnd, chain.Standing(a.view.node.State, a.view.height)
	}
	if s.Standing != "" && s.Unproven != "" {
		s.Standing += "; results stay on this machine, because nothing can be proven: " + s.Unproven
	}
	if s.Clock = a.cfg.ClockWarning(); s.Standing != "" && s.Clock != "" {
		s.Standing += "; " + s.Clock
	}
	switch {
	case a.drain.begun:
		s.Mode = Draining
	case a.view.node == nil || a.view.height == 0:
		s.Mode = Starting
	case a.suspension.done.Load():
		s.Mode = Suspended
	case a.cfg.Paused() || a.view.node.State.Status != activeNode:
		s.Mode = Paused
	}
	s.Line, s.LineMax = a.line, a.cfg.MaxDayBytes
	s.Passed = slices.Clone(a.draws.passed)
	s.Counts, s.FreeSlots = slices.Clone(a.draws.counts), a.freeSlots()
	s.Waits = make(map[store.Key]string, len(a.assignments))
	s.Chunks = map[store.Key]Chunk{}
	s.Progress = map[store.Key]executor.Progress{}
	s.Deliveries = a.deliveries.states()
	a.metrics.undelivered.Set(float64(a.deliveries.late()))
	counts := map[store.Phase]int{}
	for key, w := range a.assignments {
		counts[w.record.Phase]++
		if w.run != nil {
			s.Chunks[key] = Chunk{Tasks: uint64(len(w.run.positions)), Done: uint64(max(w.run.done.Load(), 0))} //nolint:gosec // not negative
		}
		if now, runs := a.progress(w); runs {
			s.Progress[key] = now
		}
		if what := a.waitsFor(w); what != "" {
			s.Waits[key] = what
		}
	}
	a.status.Store(s)
	for _, p := range store.Phases() {
		if !p.Finished() {
			a.metrics.assignments.WithLabelValues(p.String()).Set(float64(counts[p]))
		}
	}
}
