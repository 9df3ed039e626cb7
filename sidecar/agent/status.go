package agent

import (
	"slices"
	"strings"
	"time"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
)

// Mode is what an agent is doing.
type Mode string

// The modes of an agent.
const (
	// Starting: the chain has not been read yet, or knows no node for the worker key.
	Starting Mode = "starting"
	// Working: claims what the policy allows.
	Working Mode = "working"
	// Paused: by the owner or by the operator; what is held goes on.
	Paused Mode = "paused"
	// Draining: about to stop.
	Draining Mode = "draining"
)

// Status is the agent at one moment.
type Status struct {
	Mode Mode
	// Operator of the node and its status on chain, e.g. "active"; "unregistered" without one.
	Operator, NodeStatus string
	// Slots of the node, and those that are taken.
	Slots, UsedSlots uint32
	// LeaseEnd is the last height at which the node is live without a further sign of life.
	LeaseEnd int64
	// Standing says what status and lease mean and what to do; empty without a node.
	Standing string
	// Height last seen, and when.
	Height   int64
	HeightAt time.Time
	// Running programs.
	Running int
	// Waits says what each assignment waits for, where it is not this machine.
	Waits map[store.Key]string
	// Deliveries are the outputs that sinks have not taken yet.
	Deliveries map[store.Key]Delivery
	// Passed says why open draws were left to others, as of the last look at them.
	Passed []bid.Passed
	// Proof says what is believed of the chain's node, and why; Unproven why the last
	// proof failed, empty if it did not.
	Proof, Unproven string
	// LastError is empty when nothing has gone wrong.
	LastError   string
	LastErrorAt time.Time
}

// Delivery is how it stands with outputs that a sink has not taken.
type Delivery struct {
	// Error of the last try, empty before one.
	Error string
	// NextAt is when the next one begins; zero while one runs, and when none follows.
	NextAt time.Time
	// Running tells whether a try is under way.
	Running bool
	// Late: the assignment is over, and its result was accepted.
	Late bool
}

// Status returns the agent's state; it may be called from any goroutine.
func (a *Agent) Status() Status { return *a.status.Load() }

// publish makes the loop's state visible to others.
func (a *Agent) publish() {
	s := &Status{
		Mode: Working, NodeStatus: "unregistered", Height: a.view.height, HeightAt: a.view.at,
		Running: a.places.running, LastError: a.lastTrouble.text, LastErrorAt: a.lastTrouble.at,
		Proof: a.proofs.grounds(), Unproven: a.proofs.trouble,
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
	switch {
	case a.drain.begun:
		s.Mode = Draining
	case a.view.node == nil || a.view.height == 0:
		s.Mode = Starting
	case a.cfg.Paused() || a.view.node.State.Status != activeNode:
		s.Mode = Paused
	}
	s.Passed = slices.Clone(a.draws.passed)
	s.Waits = make(map[store.Key]string, len(a.assignments))
	s.Deliveries = a.deliveries.states()
	a.metrics.undelivered.Set(float64(a.deliveries.late()))
	counts := map[store.Phase]int{}
	for key, w := range a.assignments {
		counts[w.record.Phase]++
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
