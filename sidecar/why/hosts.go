package why

import (
	"fmt"

	"github.com/thetaedge/theta/sidecar/bid"
)

// findHostsUnlisted counts the draws of the last hour that were left because their job names a server
// that the owner does not allow. The owner is told about them also while the node earns with others.
func findHostsUnlisted(f *Facts) (Finding, bool) {
	draws, finding := 0, Finding{Cause: HostsUnlisted}
	for _, c := range f.counts() {
		if c.Cause == bid.CauseHost {
			draws += c.Draws
			finding = finding.with("%s: the job %s", many(c.Draws, "draw", false), c.Reason)
		}
	}
	if draws == 0 {
		return none()
	}
	asked := "asked for hosts that are not on your list"
	if draws == 1 {
		asked = "asked for a host that is not on your list"
	}
	finding.Sentence = fmt.Sprintf("%s of the last hour %s, and the node left it to others.", many(draws, "task", false), asked)
	if draws > 1 {
		finding.Sentence = fmt.Sprintf("%s of the last hour %s, and the node left them to others.", many(draws, "task", false), asked)
	}
	finding.Cure = "add the relays that you trust, of those below, to egress.hosts in config.toml or in the dashboard's settings, and reload the daemon; docs/operators/network.md says what may pass your line"
	return finding, true
}
