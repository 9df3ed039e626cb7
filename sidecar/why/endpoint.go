package why

import (
	"fmt"
	"time"
)

const (
	// oldBlock is how old the newest block may be before the clock or the endpoint is in doubt.
	oldBlock = time.Minute
	// aheadBlock is how far the time of a block may be ahead of this machine's clock. Proofs
	// refuse headers that are further ahead.
	aheadBlock = 10 * time.Second
)

func findDaemonStopped(f *Facts) (Finding, bool) {
	daemon, known := f.Daemon.Get()
	if !known || daemon.Running {
		return none()
	}
	return says(DaemonStopped, "run thetaedge start --home "+f.Settings.Home,
		"The daemon does not run, so the node takes no tasks."), true
}

func findEndpointUnreachable(f *Facts) (Finding, bool) {
	_, known := f.ChainID.Get()
	failed := f.ChainID.Failed()
	if known || failed == "" {
		return none()
	}
	finding := says(EndpointUnreachable, "start that node, or set chain.grpc in config.toml to one that runs, and restart the daemon",
		"The node of the chain at %s does not answer.", f.Settings.Endpoint).with("%s", failed)
	if daemon, _ := f.Daemon.Get(); daemon.Waiting != "" {
		finding = finding.with("the daemon waits: %s", daemon.Waiting)
	}
	return finding, true
}

func findOtherChain(f *Facts) (Finding, bool) {
	found, known := f.ChainID.Get()
	want := f.Settings.ChainID
	if !known || want == "" || want == found {
		return none()
	}
	return says(OtherChain, "correct chain.id or chain.grpc in config.toml, and restart the daemon",
		"The node at %s belongs to chain %s, and chain.id is %s.", f.Settings.Endpoint, found, want), true
}

// age returns how old the newest block is by this machine's clock.
func (f *Facts) age() (time.Duration, Tip, bool) {
	tip, known := f.Tip.Get()
	if !known || tip.Time.IsZero() || f.Now.IsZero() {
		return 0, tip, false
	}
	return f.Now.Sub(tip.Time), tip, true
}

// behind reports whether the endpoint catches up or no blocks come.
func (f *Facts) behind() bool {
	if syncing, _ := f.Syncing.Get(); syncing {
		return true
	}
	age, tip, known := f.age()
	return known && age > oldBlock && !tip.Advances
}

func findEndpointBehind(f *Facts) (Finding, bool) {
	if !f.behind() {
		return none()
	}
	age, tip, _ := f.age()
	finding := says(EndpointBehind, "wait until it has caught up, or name another node in chain.grpc",
		"The node at %s catches up with its chain: its newest block is %d, %s old.", f.Settings.Endpoint, tip.Height, shown(age))
	if syncing, _ := f.Syncing.Get(); !syncing {
		finding = says(EndpointBehind, "check that node, or name another one in chain.grpc",
			"No block came after block %d, which is %s old: the chain has halted, or the node at %s has.", tip.Height, shown(age), f.Settings.Endpoint)
	}
	return finding, true
}

func findClockOff(f *Facts) (Finding, bool) {
	age, tip, known := f.age()
	if !known || f.behind() {
		return none()
	}
	evidence := fmt.Sprintf("block %d is of %s, and this machine's clock shows %s",
		tip.Height, tip.Time.UTC().Format(time.RFC3339), f.Now.UTC().Format(time.RFC3339))
	const cure = "set the clock, for example with: sudo timedatectl set-ntp true"
	switch {
	case -age > aheadBlock:
		finding := says(ClockOff, cure, "This machine's clock is %s behind the time of the blocks.", shown(-age)).with("%s", evidence)
		if f.Settings.Verifies {
			finding = finding.with("headers that are more than %s ahead of the clock are not believed, so results stay on this machine", aheadBlock)
		}
		return finding, true
	case age > oldBlock:
		return says(ClockOff, cure, "This machine's clock is %s ahead of the time of the blocks.", shown(age)).with("%s", evidence), true
	}
	return none()
}

func findUnproven(f *Facts) (Finding, bool) {
	machine, known := f.Machine.Get()
	if !known || machine.Unproven == "" || !f.Settings.Verifies {
		return none()
	}
	return says(Unproven, "run thetaedge doctor, which checks the proofs, or name another node in chain.grpc",
		"Nothing that the node at %s shows can be proven, so results stay on this machine.", f.Settings.Endpoint).
		with("%s", machine.Unproven), true
}

func findEndpointTrouble(f *Facts) (Finding, bool) {
	if _, known := f.ChainID.Get(); !known {
		return none() // that none answers was said already
	}
	var ill []Endpoint
	used := ""
	for _, e := range f.Endpoints {
		if e.Trouble != "" {
			ill = append(ill, e)
		}
		if e.Used {
			used = e.Address
		}
	}
	if len(ill) == 0 {
		return none()
	}
	instead := "and " + used + " is asked instead"
	if ill[0].Used {
		instead = "and is asked all the same, because no other node is better"
	}
	finding := says(EndpointTrouble, "check that node, or name another one in chain.grpc or chain.others and restart the daemon",
		"The node of the chain at %s is in trouble, %s: %s.", ill[0].Address, instead, ill[0].Trouble)
	for _, e := range ill[1:] {
		finding = finding.with("%s: %s", e.Address, e.Trouble)
	}
	if len(f.Endpoints) == 1 {
		finding = finding.with("there is no other node to ask: name some in chain.others")
	}
	return finding, true
}

// shown formats a time span for people.
func shown(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d seconds", int64(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int64(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	default:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
}
