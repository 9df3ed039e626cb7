package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestTheReportOfAJobNamesProfileGuaranteeAndBackends(t *testing.T) {
	outcome := func(operator string, status computetypes.AssignmentStatus, tag string, paid, slashed int64) computetypes.Outcome {
		return computetypes.Outcome{Operator: operator, Status: status, Tag: []byte(tag), Paid: math.NewInt(paid), Share: math.ZeroInt(), Slashed: math.NewInt(slashed)}
	}
	run := &devnet.Run{Settlement: &client.Settlement{
		Job: computetypes.Job{
			Id: "1-0-0", Executor: "tensor/1", Status: computetypes.JOB_STATUS_COMPLETED, Policy: computetypes.Policy{Replicas: 3},
			Reward: sdk.NewInt64Coin(params.BaseDenom, 5), Refunded: math.NewInt(1),
		},
		Receipt: &computetypes.Receipt{
			Guarantee: computetypes.GUARANTEE_EXACT, Tags: [][]byte{[]byte("tag")},
			Outcomes: []computetypes.Outcome{
				outcome("a", computetypes.ASSIGNMENT_STATUS_PAID, "tag", 5, 0),
				outcome("b", computetypes.ASSIGNMENT_STATUS_SLASHED, "other", 0, 7),
				outcome("c", computetypes.ASSIGNMENT_STATUS_MISSED, "", 0, 0),
			},
		},
	}}
	found := engines{"a": {"tensor/1": "wazero, tensors on A", "wasm/1": "wazero"}, "b": {"tensor/1": "wazero, tensors on B"}, "c": {"tensor/1": "C"}}
	r := reportJob(run, found)
	require.Equal(t, "tensor/1", r.Profile)
	require.Equal(t, "exact", r.Guarantee)
	require.Equal(t, map[string]string{"a": "wazero, tensors on A", "b": "wazero, tensors on B"}, r.Backend, "a node that missed the deadline was replaced")
	require.Equal(t, 2, r.Replicas)
	require.Equal(t, 1, r.Agreeing)
	lies := func(operator string, round uint32) (devnet.Lie, error) {
		require.Equal(t, "b", operator)
		require.Zero(t, round)
		return devnet.LieSkip, nil
	}
	slashes, err := reportSlashes(run, lies)
	require.NoError(t, err)
	require.Equal(t, []slashReport{{Job: "1-0-0", Operator: "b", Amount: "7" + params.BaseDenom, Reason: "wrong_result", Lie: string(devnet.LieSkip)}}, slashes)

	run.Settlement.Receipt = nil
	require.Empty(t, reportJob(run, found).Guarantee, "no node took part")
}
