package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestEveryPolicyIsDescribed(t *testing.T) {
	for want, policy := range map[string]computetypes.Policy{
		"a quorum of 3": {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
		"a quorum of 5": {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 5},
		"one node, audited by 1 in 12.50% of cases":                                    {Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1250, Auditors: 1},
		"one node, audited by 2 in 100.00% of cases with 8 samples of a chunk or more": {Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 2, Samples: 8},
		"a quorum of 3, audited by 2 in 5.00% of cases":                                {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3, AuditBps: 500, Auditors: 2, OwnRisk: true},
		"one node, audited by 1 in 1.00% of cases, open to challenges for 90 blocks":   {Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 100, Auditors: 1, ChallengeBlocks: 90},
		"trust in one node":  {Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 2400},
		"trust in theta1abc": {Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, Node: "theta1abc", ReviewBlocks: 9},
	} {
		require.Equal(t, want, DescribePolicy(policy))
	}
}
