package adversary

import (
	"context"
	"fmt"
	"math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// auditBps and auditors are the audit settings of audited jobs here.
	auditBps, auditors = 2_500, 2
	// auditChance is auditBps as a probability.
	auditChance = float64(auditBps) / computetypes.BasisPoints
	// auditPolicy is the name of the policy in reports.
	auditPolicy = "AUDIT(0.25, 2)"
)

// audits are behaviours of nodes under AUDIT: one node works, and a seed that is not known
// when it commits decides whether others repeat the work.
func audits() []behaviour {
	return []behaviour{
		cheat{
			label: "lies", policy: auditPolicy, spec: audited, jobs: 3 * wave,
			force: strangers(3, tactics{answer: lie("agreed")}), forecast: auditedRing,
		},
		cheat{
			label: "lies only if unaudited", policy: auditPolicy, spec: audited, jobs: 2 * wave,
			force: strangers(3, tactics{claims: onlyExecutes, answer: guess, reveal: revealIfUnaudited}), forecast: hopeUnaudited(auditChance),
		},
		cheat{
			label: "audits lazily", policy: auditPolicy, spec: audited, jobs: 2 * wave,
			force:    strangers(3, tactics{claims: onlyAudits, answer: guess}),
			forecast: lazyAuditor,
		},
	}
}

func audited(spec *computetypes.JobSpec) { auditedAt(auditBps)(spec) }

// auditedAt turns a job into one that is audited with a probability, in basis points.
func auditedAt(bps uint32) func(*computetypes.JobSpec) {
	return func(spec *computetypes.JobSpec) {
		spec.Policy = computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: bps, Auditors: auditors}
	}
}

// isAudit reports whether a draw looks for auditors.
func isAudit(ctx context.Context, h *hand, ref computetypes.ChunkRef) bool {
	answer, err := computetypes.NewQueryClient(h.stage.net.Conn()).Chunk(ctx, &computetypes.QueryChunkRequest{JobId: ref.JobId, Task: ref.Task})
	return err == nil && len(answer.Chunk.Rounds) > 0 && answer.Chunk.Rounds[0].Auditors > 0
}

func onlyAudits(ctx context.Context, h *hand, draw computetypes.ClaimableChunk) bool {
	return draw.Ref.Round == 0 && isAudit(ctx, h, draw.Ref)
}

func onlyExecutes(ctx context.Context, h *hand, draw computetypes.ClaimableChunk) bool {
	return draw.Ref.Round == 0 && !isAudit(ctx, h, draw.Ref)
}

// revealIfUnaudited stays silent once auditors have joined.
func revealIfUnaudited(ctx context.Context, h *hand, _ computetypes.WorkItem, made computetypes.RevealItem) *computetypes.RevealItem {
	if isAudit(ctx, h, made.Ref) {
		return nil
	}
	return &made
}

// auditedRing sums over all draws, with and without auditors.
func auditedRing(s *stage, r run) forecast {
	g := ring{
		terms: s.audited(auditChance), nodes: s.honest() + len(r.hands), members: len(r.hands),
		audit: auditChance, auditors: auditors,
	}
	mean, spread := g.perJob(1).times(r.jobs)
	return forecast{
		mean: mean, spread: spread, trials: len(r.parts),
		formula: fmt.Sprintf("jobs · Σ over draws of P(draw)·outcome - gas, for %d of %d nodes, L = R·(1-D)/D = %g, D = q·h = %g",
			g.members, g.nodes, g.liability, auditChance*bps(s.compute.HonestBps)),
		note: fmt.Sprintf("%d parts were slashed, %d paid; %d of %d jobs audited", count(r.parts, computetypes.ASSIGNMENT_STATUS_SLASHED),
			count(r.parts, computetypes.ASSIGNMENT_STATUS_PAID), auditedJobs(r.over), r.jobs),
	}
}

// hopeUnaudited computes the expected value for each commitment, with the probability q of an
// audit.
func hopeUnaudited(q float64) func(*stage, run) forecast {
	return func(s *stage, r run) forecast {
		t, n := s.audited(q), len(r.parts)
		return forecast{
			mean:   float64(n) * ((1-q)*t.reward*t.kept - q*t.liability),
			spread: math.Sqrt(float64(n)*q*(1-q)) * (t.reward*t.kept + t.liability),
			trials: n,
			formula: fmt.Sprintf("n·((1-q)·R·kept - q·L) - gas, n = %d commitments, q = %g, L = %g: the draw comes after the commitment",
				n, q, t.liability),
			note: fmt.Sprintf("%d silent, %d slashed, %d paid; %d of %d jobs audited", count(r.parts, computetypes.ASSIGNMENT_STATUS_NO_REVEAL),
				count(r.parts, computetypes.ASSIGNMENT_STATUS_SLASHED), count(r.parts, computetypes.ASSIGNMENT_STATUS_PAID), auditedJobs(r.over), r.jobs),
		}
	}
}

// lazyAuditor loses its liability for each guess, because the executor was honest.
func lazyAuditor(s *stage, r run) forecast {
	t := s.audited(auditChance)
	return forecast{
		mean: -t.liability * float64(len(r.parts)), trials: len(r.parts),
		formula: fmt.Sprintf("-n·L - gas, n = %d audits, L = %g: an auditor is a replica like the executor, and as blind", len(r.parts), t.liability),
		note:    fmt.Sprintf("%d of %d jobs audited, %d accepted with the right result", auditedJobs(r.over), r.jobs, accepted(r.over)),
	}
}

func auditedJobs(over []ended) int {
	n := 0
	for _, e := range over {
		for _, receipt := range e.receipts {
			if receipt.Audited {
				n++
			}
		}
	}
	return n
}
