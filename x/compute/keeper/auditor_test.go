package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// TestAReportOfAnAuditorCostsNeitherSide: the requester serves the inputs to all nodes except
// the first auditor that is drawn. The requester does not pay for an auditor's seat.
func TestAReportOfAnAuditorCostsNeitherSide(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.PostingFeePerByte, p.InputReports = math.ZeroInt(), 3 })
	f.network(10)
	s := spec(coin(1_000), 3)
	s.Policy = types.Policy{Kind: types.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 2}
	id := f.post(0, s)
	players := f.players(make([]behaviour, 10)...)
	reported := ""
	for !f.jobEnded(id) {
		for _, p := range players {
			if p.does == stalls {
				continue
			}
			if _, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id}); err != nil {
				break
			}
			if reported == "" && f.round(id).Auditors > 0 {
				for _, a := range f.round(id).Replicas {
					if a.Operator == operator(p.n).String() && a.Status == types.ASSIGNMENT_STATUS_ASSIGNED {
						require.NoError(t, f.release(p.n, types.ReleaseItem{Ref: ref(id, 0), InputUnavailable: true, Input: 1}))
						reported = a.Operator
						players[p.n].does = stalls
					}
				}
				if reported != "" {
					continue
				}
			}
			p.act()
		}
		f.next()
	}
	require.NotEmpty(t, reported)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, f.receipt(id).Status)
	require.Equal(t, "0", f.outcomes(id)[reported].Slashed.String())
	require.Equal(t, "0", f.receipt(id).Burned.String())
}
