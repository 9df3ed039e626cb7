package adversary

import (
	"context"
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// quorumAuditBps is the probability of an audit of the quorums that a ring fills, in
	// basis points.
	quorumAuditBps = 5_000
	// quorumAuditChance is quorumAuditBps as a probability.
	quorumAuditChance = float64(quorumAuditBps) / computetypes.BasisPoints
	// auditedQuorumPolicy is the name of the policy in reports.
	auditedQuorumPolicy = "QUORUM(3), audited (0.5, 2)"
	// fillers is the number of the ring's nodes: all replicas, and one that may judge.
	// busyNodes is the number of honest nodes of their class.
	fillers, busyNodes = replicas + 1, 6
)

// filler is a ring that waits until all honest nodes of its class are busy, so that it gets
// every replica of a quorum, and then lies. The honest nodes come for audits and escalations.
func filler() cheat {
	ringLies, late := strangers(fillers, tactics{answer: lie("agreed")}), strangers(busyNodes, tactics{claims: onlyChecks})
	ringLies.class, late.class = lonely, lonely
	return cheat{
		label: "fills a quorum alone", policy: auditedQuorumPolicy, jobs: wave,
		force: ringLies, accomplices: late, forecast: filled,
		spec: func(spec *computetypes.JobSpec) {
			spec.Class = lonely
			spec.Policy.AuditBps, spec.Policy.Auditors = quorumAuditBps, auditors
		},
	}
}

// onlyChecks does not enter draws of the replicas that a requester asked for.
func onlyChecks(ctx context.Context, h *hand, draw computetypes.ClaimableChunk) bool {
	return draw.Ref.Round > 0 || isAudit(ctx, h, draw.Ref)
}

// filled sums over the possible auditors and judges of a result on which a ring that holds
// all replicas agrees.
func filled(s *stage, r run) forecast {
	g := ring{
		terms: s.terms(), nodes: fillers + busyNodes, members: fillers,
		audit: quorumAuditChance, auditors: auditors,
	}
	mean, spread := g.filled(replicas).times(r.jobs)
	return forecast{
		mean: mean, spread: spread, trials: len(r.parts),
		formula: fmt.Sprintf("jobs·((1-q)·M·R·kept + q·Σ over auditors and judges of P(draw)·outcome) - gas, q = %g, for %d of %d nodes that hold every replica, L = %g",
			g.audit, g.members, g.nodes, g.liability),
		note: fmt.Sprintf("%d of %d jobs audited; %d parts were slashed, %d paid", auditedJobs(r.over), r.jobs,
			count(r.parts, computetypes.ASSIGNMENT_STATUS_SLASHED), count(r.parts, computetypes.ASSIGNMENT_STATUS_PAID)),
	}
}
