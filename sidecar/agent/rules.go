package agent

import "github.com/thetaedge/theta/sidecar/bid"

// Rules are the settings of an agent that may change while it runs.
type Rules struct {
	// Policy contains the limits that the owner of the machine has set. MaxJobs stays as it was, because programs
	// have been given places.
	Policy bid.Policy
	// MaxDayBytes is as in Config.
	MaxDayBytes uint64
}

// Adopt makes the agent decide by other rules about new work. Work that it holds goes on. It may be called from any
// goroutine. The last of several calls counts.
func (a *Agent) Adopt(r Rules) { a.rules.Store(&r) }

// adoptRules takes over the rules of the last call of Adopt. Draws that were chosen by the rules before are not claimed.
func (a *Agent) adoptRules() {
	r := a.rules.Swap(nil)
	if r == nil {
		return
	}
	r.Policy.MaxJobs = a.cfg.Policy.MaxJobs
	if r.Policy.Trust == "" {
		r.Policy.Trust = bid.TrustNamed
	}
	a.cfg.Policy, a.cfg.MaxDayBytes = r.Policy, r.MaxDayBytes
	a.draws.claims = nil
	a.cfg.Logger.Info("the owner's new rules about work are in force")
}
