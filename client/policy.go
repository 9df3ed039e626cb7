package client

import (
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// DescribePolicy says in a few words how results are verified.
func DescribePolicy(p computetypes.Policy) string {
	audits := ""
	if p.AuditBps > 0 {
		audits = fmt.Sprintf(", audited by %d in %d.%02d%% of cases", p.Auditors, p.AuditBps/100, p.AuditBps%100)
	}
	if p.Samples > 0 {
		audits += fmt.Sprintf(" with %d samples of a chunk or more", p.Samples)
	}
	if p.ChallengeBlocks > 0 {
		audits += fmt.Sprintf(", open to challenges for %d blocks", p.ChallengeBlocks)
	}
	switch {
	case p.Kind == computetypes.POLICY_KIND_TRUST && p.Node != "":
		return "trust in " + p.Node
	case p.Kind == computetypes.POLICY_KIND_TRUST:
		return "trust in one node"
	case p.Kind == computetypes.POLICY_KIND_AUDIT:
		return "one node" + audits
	default:
		return fmt.Sprintf("a quorum of %d", p.Replicas) + audits
	}
}
