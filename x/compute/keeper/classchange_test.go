package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// boundDevice sets the highest memory of tensors of a task in the class of the tests.
func (f *fixture) boundDevice(bytes uint64) {
	f.t.Helper()
	params, err := f.nodes.Params(f.ctx)
	require.NoError(f.t, err)
	params.Classes = slices.Clone(params.Classes)
	at := slices.IndexFunc(params.Classes, func(c edgenodetypes.HardwareClass) bool { return c.Id == class })
	params.Classes[at].DeviceBytes = bytes
	_, err = edgenodekeeper.NewMsgServer(f.nodes).UpdateParams(f.ctx, &edgenodetypes.MsgUpdateParams{Authority: authority(), Params: params})
	require.NoError(f.t, err)
}

// TestALowerBoundOfAClassKeepsNoLieFromBeingJudged: the job was posted while its class took it. A change of the class
// must not make a node that lied safe.
func TestALowerBoundOfAClassKeepsNoLieFromBeingJudged(t *testing.T) {
	f, players := contested(t, liar, honest, honest, honest, honest, honest, honest)
	f.setParams(func(p *types.Params) {
		p.Executors = []string{"tensor/1", "wasm/1"}
		p.DeterministicExecutors = p.Executors
	})
	for n := range players {
		f.declare(n, edgenodetypes.TaskLimits{}, "tensor/1", "wasm/1")
	}
	s := contestable()
	s.Executor, s.Resources.DeviceBytes = "tensor/1", 1<<30
	f.boundDevice(1 << 30)
	var lie string
	for range 60 {
		id := f.post(0, s)
		f.play(players, id, 120)
		if r := f.receipt(id); r.Status == types.CHUNK_STATUS_ACCEPTED && !r.Audited && r.Outcomes[0].Operator == operator(0).String() {
			lie = id
			break
		}
	}
	require.NotEmpty(t, lie, "the liar was never drawn")

	f.boundDevice(1 << 20)
	f.fund(requester(0), coin(1_000_000))
	_, err := f.msgs.PostJob(f.ctx, &types.MsgPostJob{Requester: requester(0).String(), Spec: s})
	require.ErrorContains(t, err, "device_bytes", "new jobs are refused")
	bond := f.bond(0)
	judging, err := f.challenge(1, lie, 0)
	require.NoError(t, err)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, judging, 120).Status)
	require.True(t, f.bond(0).LT(bond), "the liar has lost bond")
}
