package why

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/release"
)

func findExecutorUnhealthy(f *Facts) (Finding, bool) {
	machine, known := f.Machine.Get()
	if !known {
		return none()
	}
	var broken []Executor
	healthy := 0
	for _, e := range machine.Executors {
		node := f.registered()
		switch {
		case e.Healthy:
			healthy++
		case node == nil || slices.Contains(node.Profile.Executors, e.Profile):
			broken = append(broken, e)
		}
	}
	if len(broken) == 0 {
		return none()
	}
	names := make([]string, len(broken))
	for i, e := range broken {
		names[i] = e.Profile
	}
	finding := says(ExecutorUnhealthy, "run thetaedge doctor, which tries each executor and says what is missing, and restart the daemon afterwards",
		"This machine cannot run programs of %s: %s.", strings.Join(names, ", "), sentence(broken[0].Why))
	if healthy == 0 {
		finding = finding.with("no executor of this machine works, so the node claims nothing")
	}
	for _, e := range broken[1:] {
		finding = finding.with("%s: %s", e.Profile, e.Why)
	}
	return finding, true
}

// sentence returns a reason as the end of a sentence that gets its own full stop.
func sentence(reason string) string {
	reason = strings.TrimRight(strings.Join(strings.Fields(reason), " "), ".")
	if reason == "" {
		return "the reason is not known"
	}
	return reason
}

func findVersionOld(f *Facts) (Finding, bool) {
	params, known := f.Params.Get()
	if !known || release.Outdated(f.Settings.Version, params.MinVersion) == "" {
		return none()
	}
	return says(VersionOld, release.UpdateAdvice+"; update.enabled in config.toml does it by itself",
		"The chain asks for version %s of thetaedge or a newer one, and this is %s, so the node claims nothing new and ends what it holds.",
		params.MinVersion, strings.TrimPrefix(f.Settings.Version, "v")), true
}

func findPaused(f *Facts) (Finding, bool) {
	machine, running := f.Machine.Get()
	if paused, _ := f.Paused.Get(); paused {
		if machine.Mode == "suspended" {
			return says(Paused, "run thetaedge resume", "The owner has paused this machine, and its programs are suspended."), true
		}
		return says(Paused, "run thetaedge resume", "The owner has paused this machine, so it takes no new tasks."), true
	}
	switch {
	case !running:
		return none()
	case len(machine.Pauses) > 0:
		first := machine.Pauses[0]
		finding := says(Paused, first.Cure, "A rule of the owner holds work back: %s.", sentence(first.Sentence)).with("rule %s", first.Rule)
		for _, p := range machine.Pauses[1:] {
			finding = finding.with("rule %s: %s", p.Rule, p.Sentence)
		}
		return finding, true
	case machine.Mode == "draining":
		return says(Paused, "start the daemon again when it has ended", "The daemon is about to stop, so it takes no new tasks."), true
	}
	return none()
}

func findDiskFull(f *Facts) (Finding, bool) {
	free, known := f.FreeDisk.Get()
	if known && free <= bid.DiskReserve {
		return says(DiskFull, "make room on the disk of "+f.Settings.Home,
			"The disk is full: %s is free, and the node claims nothing below %s.", bytes(free), bytes(bid.DiskReserve)), true
	}
	left := f.left(bid.CauseDisk)
	if left.Draws == 0 || f.claimed() > 0 {
		return none()
	}
	finding := says(DiskFull, "make room on the disk of "+f.Settings.Home,
		"The disk has too little room for the tasks that there are: %d draws were left in the last hour.", left.Draws).with("%s", left.Reason)
	if known {
		finding = finding.with("%s is free", bytes(free))
	}
	return finding, true
}

// bytes formats a size for people.
func bytes(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }

func findSlotsFull(f *Facts) (Finding, bool) {
	node := f.bonded()
	machine, known := f.Machine.Get()
	if node == nil {
		return none()
	}
	state := node.State
	full := state.UsedSlots >= state.Slots
	if known {
		full = machine.FreeSlots <= 0
	}
	if !full {
		return none()
	}
	finding := says(SlotsFull, "wait until they end; if the machine has room, raise policy.max-jobs and run "+bid.Register+" --slots NUMBER",
		"The node is busy: it holds %d of %d assignments.", state.UsedSlots, state.Slots)
	if state.UsedSlots < state.Slots {
		finding.Sentence = fmt.Sprintf("The node is busy: it holds %d assignments and runs as many programs as policy.max-jobs allows.", max(len(machine.Held), int(state.UsedSlots)))
	}
	const shownHeld = 10
	for i, held := range machine.Held {
		if i == shownHeld {
			finding = finding.with("and %d more", len(machine.Held)-shownHeld)
			break
		}
		if held.Waits != "" {
			finding = finding.with("%s is %s and waits for %s", held.Name, held.Phase, held.Waits)
			continue
		}
		finding = finding.with("%s is %s", held.Name, held.Phase)
	}
	return finding, true
}

func findWorkFails(f *Facts) (Finding, bool) {
	machine, known := f.Machine.Get()
	if !known {
		return none()
	}
	sink, failed := f.left(bid.CauseSink), f.left(bid.CauseJob)
	switch {
	case len(machine.Failures) > 0:
		finding := says(WorkFails, "see thetaedge jobs, and check this machine's network with thetaedge doctor --relay URL",
			"Work of this machine fails: %s.", sentence(machine.Failures[0]))
		for _, text := range machine.Failures[1:] {
			finding = finding.with("%s", text)
		}
		return finding, true
	case sink.Draws > 0 && f.claimed() == 0:
		return says(WorkFails, "check this machine's network with thetaedge doctor --relay URL; if only one relay is concerned, its requester has to act",
			"The relays of %d draws of the last hour cannot be reached from here.", sink.Draws).with("%s", sink.Reason), true
	case failed.Draws > 0 && f.claimed() == 0:
		return says(WorkFails, "see thetaedge jobs for the error", "%d draws of the last hour belong to jobs of which a task has failed on this machine.", failed.Draws).
			with("%s", failed.Reason), true
	}
	return none()
}

// left returns how many draws of the last hour the node left for a cause, with an example.
func (f *Facts) left(cause bid.Cause) bid.Count {
	var all bid.Count
	for _, c := range f.counts() {
		if c.Cause != cause {
			continue
		}
		if all.Draws == 0 {
			all = c
			continue
		}
		all.Draws += c.Draws
	}
	return all
}

// claimed returns the number of draws that the node has claimed in the last hour.
func (f *Facts) claimed() int { return f.left(bid.CauseNone).Draws }

// counts returns what the node did with the draws of the last hour.
func (f *Facts) counts() []bid.Count {
	machine, _ := f.Machine.Get()
	var list []bid.Count
	for _, c := range machine.Counts {
		if f.Now.IsZero() || f.Now.Sub(c.Last) <= countSpan {
			list = append(list, c)
		}
	}
	return list
}
