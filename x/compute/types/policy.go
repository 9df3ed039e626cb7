package types

import (
	"bytes"
	"slices"
)

// validate checks which fields a policy of its kind may set.
func (p *Policy) validate() error {
	var err error
	switch p.Kind {
	case POLICY_KIND_QUORUM:
		if p.Replicas < MinQuorum || p.Replicas > MaxRoundReplicas || p.Replicas%2 == 0 {
			return ErrInvalidSpec.Wrapf("policy: replicas: expected an odd number from 3 to %d, found %d", MaxRoundReplicas, p.Replicas)
		}
	case POLICY_KIND_AUDIT:
		err = p.validateAudit()
	case POLICY_KIND_TRUST:
		err = p.validateTrust()
	default:
		return ErrUnsupported.Wrapf("policy: expected %s, %s or %s, found %s",
			POLICY_KIND_QUORUM, POLICY_KIND_AUDIT, POLICY_KIND_TRUST, p.Kind)
	}
	if err != nil {
		return err
	}
	if p.AuditBps > BasisPoints {
		return ErrInvalidSpec.Wrapf("policy: audit_bps: expected at most %d, found %d", BasisPoints, p.AuditBps)
	}
	if p.Auditors > MaxRoundReplicas {
		return ErrInvalidSpec.Wrapf("policy: auditors: expected at most %d, found %d", MaxRoundReplicas, p.Auditors)
	}
	if p.Samples > MaxSamples || p.Samples > 0 && p.Auditors == 0 {
		return ErrInvalidSpec.Wrapf("policy: samples: expected at most %d, and none without auditors, found %d with %d auditors",
			MaxSamples, p.Samples, p.Auditors)
	}
	if p.Kind != POLICY_KIND_TRUST && (p.Node != "" || p.ReviewBlocks != 0) {
		return ErrInvalidSpec.Wrapf("policy: expected node and review_blocks only under %s, found them under %s", POLICY_KIND_TRUST, p.Kind)
	}
	if p.Kind == POLICY_KIND_TRUST && p.ChallengeBlocks != 0 {
		return ErrInvalidSpec.Wrapf("policy: expected no challenge_blocks under %s, because only the requester judges its results; leave them out", p.Kind)
	}
	return nil
}

// MinQuorum is the smallest number of replicas that can outvote one.
const MinQuorum = 3

func (p *Policy) validateAudit() error {
	if p.Replicas != 1 {
		return ErrInvalidSpec.Wrapf("policy: replicas: expected 1 under %s, found %d", p.Kind, p.Replicas)
	}
	if p.AuditBps == 0 || p.Auditors == 0 {
		return ErrInvalidSpec.Wrapf("policy: expected audit_bps and auditors of at least 1 under %s, found %d and %d",
			p.Kind, p.AuditBps, p.Auditors)
	}
	return nil
}

func (p *Policy) validateTrust() error {
	if p.Replicas != 1 {
		return ErrInvalidSpec.Wrapf("policy: replicas: expected 1 under %s, found %d", p.Kind, p.Replicas)
	}
	if p.ReviewBlocks == 0 {
		return ErrInvalidSpec.Wrapf("policy: review_blocks: expected at least 1 under %s; a result that is not rejected in them is accepted", p.Kind)
	}
	if p.AuditBps != 0 || p.Auditors != 0 || p.OwnRisk {
		return ErrInvalidSpec.Wrapf("policy: expected no audit_bps, auditors or own_risk under %s; leave them out", p.Kind)
	}
	if p.Node != "" {
		return validateOperator("policy: node", p.Node)
	}
	return nil
}

// checkParams checks a valid policy against the parameters.
func (p *Policy) checkParams(params Params, slashed bool) error {
	if p.Replicas > params.MaxReplicas {
		return ErrInvalidSpec.Wrapf("policy: expected at most %d replicas, found %d", params.MaxReplicas, p.Replicas)
	}
	if p.Auditors > params.MaxAuditors {
		return ErrInvalidSpec.Wrapf("policy: expected at most %d auditors, found %d", params.MaxAuditors, p.Auditors)
	}
	if p.ReviewBlocks > params.MaxReviewBlocks {
		return ErrInvalidSpec.Wrapf("policy: review_blocks: expected at most %d, found %d", params.MaxReviewBlocks, p.ReviewBlocks)
	}
	if most := min(params.MaxChallengeBlocks, params.RetentionBlocks); p.ChallengeBlocks > most {
		return ErrInvalidSpec.Wrapf("policy: challenge_blocks: expected at most %d, found %d", most, p.ChallengeBlocks)
	}
	if most := p.Replicas + max(p.Auditors, 1); p.ChallengeBlocks > 0 && (most+1)|1 > params.MaxReplicas {
		return ErrInvalidSpec.Wrapf("policy: challenge_blocks: expected fewer replicas and auditors, because a challenge needs more than %d judges and a round has at most %d replicas; ask for fewer",
			most, params.MaxReplicas)
	}
	if slashed || p.Kind == POLICY_KIND_TRUST {
		return nil
	}
	const cure = "neither the profile nor governance declares the program deterministic; " +
		"ask for a quorum without audits, for trust, or for own_risk"
	if p.Kind == POLICY_KIND_AUDIT {
		return ErrUnsupported.Wrapf("policy: %s: %s", p.Kind, cure)
	}
	if p.AuditBps != 0 || p.Auditors != 0 || p.ChallengeBlocks != 0 {
		return ErrUnsupported.Wrapf("policy: audit_bps, auditors and challenge_blocks: %s", cure)
	}
	return nil
}

// Deterministic reports whether honest machines are taken to get equal results: the executor
// guarantees it, or governance vouches for the program. Neither counts without a trace: the judges
// of a dispute could repeat one of its results.
func (p Params) Deterministic(spec *JobSpec) bool {
	if untraced(spec.Executor) {
		return false
	}
	return slices.Contains(p.DeterministicExecutors, spec.Executor) ||
		slices.ContainsFunc(p.DeterministicPrograms, func(d []byte) bool { return bytes.Equal(d, spec.Program.Sha256) })
}

// Effective returns the policy by which a job is verified, and reports whether a wrong result
// is slashed. It is slashed if programs are deterministic, or if nodes take the risk that
// they are not; Effective then raises the audit probability to the floor. Under TRUST a
// result is never slashed, because only its requester judges it.
func (p Params) Effective(spec *JobSpec) (Policy, bool) {
	policy := spec.Policy
	slashed := policy.Kind != POLICY_KIND_TRUST && (policy.OwnRisk || p.Deterministic(spec))
	if !slashed {
		policy.AuditBps, policy.Auditors = 0, 0
		return policy, false
	}
	policy.AuditBps = max(policy.AuditBps, p.AuditFloorBps)
	policy.Auditors = max(policy.Auditors, 1)
	policy.Samples = max(policy.Samples, p.MinSamples)
	if policy.AuditBps == 0 {
		policy.Auditors, policy.Samples = 0, 0
	}
	return policy, true
}

// Reviewed reports whether the requester may reject a result.
func (p *Policy) Reviewed() bool { return p.Kind == POLICY_KIND_TRUST }

// NamesNode reports whether only one named node may take the tasks.
func (p *Policy) NamesNode() bool { return p.Kind == POLICY_KIND_TRUST && p.Node != "" }
