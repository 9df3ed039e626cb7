package round_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// TestEachRuleOfADrawRefusesWhomItIsFor: the first rule that a node does not meet is the
// one that its claim fails with.
func TestEachRuleOfADrawRefusesWhomItIsFor(t *testing.T) {
	claims := func() types.Chunk {
		return one(types.Round{Target: 3, Phase: types.ROUND_PHASE_COMMIT, Draws: 1, Draw: &types.Draw{
			SeedHeight: 8, Epoch: 3, CloseHeight: 12, Slots: 1,
		}})
	}
	draw := func(task *types.Chunk) *types.Draw { return task.Rounds[len(task.Rounds)-1].Draw }
	state := func(change func(*edgenodetypes.Node)) func(*world) {
		return func(w *world) {
			w.node = func(operator string) (edgenodetypes.Node, error) {
				node := liveNode(operator)
				change(&node)
				return node, nil
			}
		}
	}
	for name, c := range map[string]struct {
		world  func(*world)
		record func(*types.Chunk)
		rule   string
		want   error
	}{
		"nobody draws":           {record: func(r *types.Chunk) { r.Rounds[0].Draw = nil }, rule: "draw", want: types.ErrNoDraw},
		"the seed is not there":  {record: func(r *types.Chunk) { draw(r).CloseHeight = 0 }, rule: "seed", want: types.ErrSeedUnknown},
		"the seed was forgotten": {world: func(w *world) { w.withheld = true }, rule: "seed kept", want: types.ErrSeedUnknown},
		"the window is over":     {world: func(w *world) { w.height = 12 }, rule: "window", want: types.ErrClaimClosed},
		"there is no node": {world: func(w *world) {
			w.node = func(string) (edgenodetypes.Node, error) { return edgenodetypes.Node{}, edgenodetypes.ErrNodeNotFound }
		}, rule: "node", want: edgenodetypes.ErrNodeNotFound},
		"it is a candidate already": {record: func(r *types.Chunk) {
			draw(r).Candidates = replicas(types.ASSIGNMENT_STATUS_CANDIDATE, "n")
		}, rule: "candidate", want: types.ErrAlreadyClaimed},
		"it holds a seat": {record: func(r *types.Chunk) {
			r.Rounds[0].Replicas = replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "n")
		}, rule: "new to the task", want: types.ErrAlreadyTookPart},
		"it has left": {record: func(r *types.Chunk) {
			r.Departed = []types.Outcome{{Operator: "n"}}
		}, rule: "new to the task", want: types.ErrAlreadyTookPart},
		"it judges its own result": {world: func(w *world) {
			w.job.Challenged = &types.ChallengedTask{JobId: jobID}
			w.challenge = &types.Challenge{Defendants: []types.Defendant{{Operator: "n"}}}
		}, rule: "no defendant", want: types.ErrAlreadyTookPart},
		"its lease has ended": {world: state(func(n *edgenodetypes.Node) { n.State.LeaseEnd = 9 }), rule: "status", want: types.ErrNotQualified},
		"another class":       {world: state(func(n *edgenodetypes.Node) { n.Profile.Class = "gpu" }), rule: "class", want: types.ErrNotQualified},
		"another executor":    {world: state(func(n *edgenodetypes.Node) { n.Profile.Executors = nil }), rule: "executor", want: types.ErrNotQualified},
		"no free slot":        {world: state(func(n *edgenodetypes.Node) { n.State.UsedSlots = 4 }), rule: "slots", want: types.ErrNotQualified},
		"too little free bond": {world: state(func(n *edgenodetypes.Node) {
			n.State.Locked = n.State.Bond.SubRaw(liability - 1)
		}), rule: "bond", want: types.ErrNotQualified},
		"denied":       {world: func(w *world) { w.job.Placement.Denied = []string{"n"} }, rule: "denied", want: types.ErrNotQualified},
		"not in place": {world: func(w *world) { w.job.Placement.Regions = []string{"fr"} }, rule: "region", want: types.ErrNotQualified},
		"no weight":    {world: func(w *world) { w.classNodes = 0 }, rule: "weight", want: types.ErrNoWeight},
		"lower ranks hold all slots": {record: func(r *types.Chunk) {
			lowest := replica("a", types.ASSIGNMENT_STATUS_CANDIDATE)
			lowest.Rank = make([]byte, types.RankSize)
			draw(r).Candidates = []types.Assignment{lowest}
		}, rule: "rank", want: types.ErrOutranked},
		"a node that is not named": {world: func(w *world) {
			w.job.Policy = types.Policy{Kind: types.POLICY_KIND_TRUST, Replicas: 1, Node: "other"}
		}, rule: "named", want: types.ErrNotEligible},
		"everything fits": {},
		"exactly as much free bond as is asked": {world: state(func(n *edgenodetypes.Node) {
			n.State.Locked = n.State.Bond.SubRaw(liability)
		})},
		"a further round is not the requester's to place": {
			world: func(w *world) { w.job.Placement.Denied = []string{"n"} },
			record: func(r *types.Chunk) {
				r.Rounds = append([]types.Round{{Phase: types.ROUND_PHASE_CLOSED}}, r.Rounds...)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, record := newWorld(), claims()
			if c.world != nil {
				c.world(w)
			}
			if c.record != nil {
				c.record(&record)
			}
			task := w.load(t, record)
			_, rules, err := task.Match(sdk.AccAddress("n"))
			require.NoError(t, err)
			failed := ""
			for _, r := range rules {
				if r.Err != nil {
					failed = r.Name
					require.ErrorIs(t, r.Err, c.want)
					break
				}
			}
			require.Equal(t, c.rule, failed)

			ref := types.ChunkRef{JobId: jobID, Round: uint32(len(record.Rounds) - 1)}
			_, may, err := task.MayClaim(sdk.AccAddress("n"), ref)
			require.NoError(t, err)
			require.Equal(t, c.want == nil, may)
			_, shown, err := task.Claimable(sdk.AccAddress("n"))
			require.NoError(t, err)
			require.Equal(t, c.want == nil || c.rule == "rank", shown)
			require.ErrorIs(t, task.Claim(sdk.AccAddress("n"), ref), c.want)
		})
	}
}

// TestTheLowestRanksHoldTheSlots: a node that is outranked gets its lock back at once.
func TestTheLowestRanksHoldTheSlots(t *testing.T) {
	w := newWorld()
	task := w.load(t, one(types.Round{Target: 1, Phase: types.ROUND_PHASE_COMMIT, Draw: &types.Draw{
		SeedHeight: 8, Epoch: 3, CloseHeight: 12, Slots: 1,
	}}))
	ref := types.ChunkRef{JobId: jobID}
	var lowest string
	for _, operator := range []string{"a", "b", "c", "d", "e"} {
		c, _, err := task.Match(sdk.AccAddress(operator))
		require.NoError(t, err)
		held := task.Record().Rounds[0].Draw.Candidates
		if err := task.Claim(sdk.AccAddress(operator), ref); err != nil {
			require.ErrorIs(t, err, types.ErrOutranked)
			require.Equal(t, held, task.Record().Rounds[0].Draw.Candidates)
			continue
		}
		if lowest != "" {
			require.Equal(t, "release "+lowest, w.said[len(w.said)-1])
		}
		lowest = operator
		require.Equal(t, c.Rank, task.Record().Rounds[0].Draw.Candidates[0].Rank)
	}
	require.Len(t, task.Record().Rounds[0].Draw.Candidates, 1)
	require.Greater(t, len(w.said), 1, "a later one has outranked an earlier one")
}

// TestWhoHasTakenPartIsBarred.
func TestWhoHasTakenPartIsBarred(t *testing.T) {
	w := newWorld()
	w.job.Challenged = &types.ChallengedTask{JobId: jobID}
	w.challenge = &types.Challenge{Defendants: []types.Defendant{{Operator: "d", Locked: math.ZeroInt()}}}
	record := one(types.Round{
		Phase: types.ROUND_PHASE_COMMIT, Replicas: replicas(types.ASSIGNMENT_STATUS_ASSIGNED, "a"),
		Draw: &types.Draw{Candidates: replicas(types.ASSIGNMENT_STATUS_CANDIDATE, "c")},
	})
	record.Departed = []types.Outcome{{Operator: "gone"}}
	task := w.load(t, record)
	for operator, want := range map[string]bool{"a": true, "gone": true, "d": true, "c": false, "new": false} {
		barred, err := task.Barred(operator)
		require.NoError(t, err)
		require.Equal(t, want, barred, operator)
	}
}
