package keeper_test

import (
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// whole returns what a judge of all tasks of a chunk opens. A node that lies makes up the
// results of tasks, and one that echoes knows the chunk's root and has not executed it.
func (p player) whole(item types.WorkItem, of *types.ChallengedTask) types.Opening {
	theirs, repeated, own := make([]types.Subtree, item.Count), make([]types.Subtree, item.Count), make([]types.Subtree, item.Count)
	for i := range theirs {
		task := of.Chunk + uint64(i)
		shown := p.judgedResult(item.Ref, &types.ChallengedTask{JobId: of.JobId, Task: task})
		switch {
		case p.does == liar, p.does == closedLiar, p.chunk.skips != nil && p.chunk.skips(task):
			shown.Digest = sum("made up by", p.n, task)
		case p.does == colluder:
			shown.Digest = sum("made up", task)
		case p.does == echoes:
			shown.OwnTrace = sum("echo of", p.n)
		}
		if p.does == misreports {
			shown.ExitCode = 0
		}
		if p.does == overbills {
			shown.Fuel++
		}
		own[i] = types.Subtree{Hash: types.Tag(chainID, item.Ref.JobId, item.Ref.Task+uint64(i), shown), Fuel: shown.Fuel}
		shown.Round, shown.OwnTrace = 0, nil
		repeated[i] = types.Subtree{Hash: types.Tag(chainID, item.Ref.JobId, item.Ref.Task+uint64(i), shown), Fuel: shown.Fuel}
		theirs[i] = types.Subtree{Hash: types.Tag(chainID, of.JobId, task, shown), Fuel: shown.Fuel}
	}
	out := types.JudgedChunk(item.Ref.Round, types.ChunkRoot(theirs), types.ChunkRoot(repeated), types.ChunkRoot(own))
	if p.does == copies {
		out.Digest, out.Fuel = of.Tag, of.Fuel
		out.Trace, out.OwnTrace = of.Tag, sum("made up by", p.n)
	}
	return out
}

// serveWhole does what the player has to do as a judge of all tasks of a chunk, if its
// behaviour allows it.
func (p player) serveWhole(item types.WorkItem, of *types.ChallengedTask) {
	f, ref, shown := p.f, item.Ref, p.whole(item, of)
	tag := types.Tag(chainID, ref.JobId, ref.Task, shown)
	switch item.Assignment.Status {
	case types.ASSIGNMENT_STATUS_ASSIGNED:
		if p.does == stalls || p.does == yields || p.does == shirks {
			p.work(ref, item.Assignment)
			return
		}
		require.NoError(f.t, p.sendCommit(types.CommitItem{Ref: ref, Commitment: types.Commitment(operator(p.n), tag, 0, p.salt())}))
	case types.ASSIGNMENT_STATUS_COMMITTED:
		if item.Phase == types.ROUND_PHASE_REVEAL && item.CurrentRound == ref.Round && p.does != silent {
			require.NoError(f.t, p.sendReveal(types.RevealItem{Ref: ref, Tag: tag, Salt: p.salt(), Metrics: types.Metrics{Fuel: shown.Fuel}}))
		}
	case types.ASSIGNMENT_STATUS_REVEALED:
		if !item.MustOpen || p.does == closed || p.does == closedLiar {
			return
		}
		require.Equal(f.t, []uint32{0}, item.Opens)
		_, err := f.msgs.Open(f.ctx, &types.MsgOpen{Worker: worker(p.n).String(), Items: []types.OpenItem{types.NewOpenItem(ref, shown)}})
		require.NoError(f.t, err)
	}
}
