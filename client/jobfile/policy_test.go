package jobfile

import (
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const minimalJob = "executor: wasm/1\nprogram: p.wasm\nclass: c\nreward: 1tfuel\nresources: {fuel: 1, memory: 1MiB, output: 1}\n"

func TestJobFileNamesEveryPolicy(t *testing.T) {
	for text, want := range map[string]computetypes.Policy{
		"":                       {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
		"policy: {quorum: 5}":    {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 5},
		"policy: {audit: 12.5%}": {Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 1250, Auditors: 1},
		"policy: {quorum: 3, audit: 5%, auditors: 2, own_risk: true}": {Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3, AuditBps: 500, Auditors: 2, OwnRisk: true},
		"policy: {audit: 1%, challenge_blocks: 90}":                   {Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 100, Auditors: 1, ChallengeBlocks: 90},
		"policy: {trust: any}":                                        {Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: defaultReviewBlocks},
		"policy: {trust: theta1abc, review_blocks: 9}":                {Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, Node: "theta1abc", ReviewBlocks: 9},
	} {
		job, err := Parse([]byte(minimalJob + text))
		require.NoError(t, err, text)
		require.Equal(t, want, job.Policy.spec(), text)
	}
}

func TestJobFileRefusesPoliciesThatContradictThemselves(t *testing.T) {
	for text, says := range map[string]string{
		"policy: {trust: any, quorum: 3}":           "expected trust without other kinds of verification",
		"policy: {trust: any, audit: 1%}":           "expected trust without other kinds of verification",
		"policy: {trust: any, challenge_blocks: 1}": "expected trust without other kinds of verification",
		"policy: {quorum: 3, review_blocks: 9}":     "expected review_blocks only with trust",
		"policy: {quorum: 3, auditors: 2}":          "found only auditors",
		"policy: {audit: 10}":                       `found "10"`,
		"policy: {audit: 101%}":                     `found "101%"`,
		"policy: {audit: 0.001%}":                   `found "0.001%"`,
		"policy: {audit: -1%}":                      `found "-1%"`,
		"policy: {audit: '%'}":                      `found "%"`,
		"placement: {min_bond: 5}":                  "min_bond",
		"array_input: {path: a}":                    "array_input: expected path",
	} {
		_, err := Parse([]byte(minimalJob + text))
		require.ErrorContains(t, err, says, text)
	}
}

func TestPlacementIsInUnitsOfTheBond(t *testing.T) {
	job, err := Parse([]byte(minimalJob + "placement: {regions: [de, us-west], denied: [theta1abc], min_bond: 2tfuel, max_gco2_per_kwh: 200}"))
	require.NoError(t, err)
	require.Equal(t, computetypes.Placement{
		Regions: []string{"de", "us-west"}, Denied: []string{"theta1abc"}, MinBond: "2000000000000000000", MaxGco2PerKwh: 200,
	}, job.Placement.spec())
}
