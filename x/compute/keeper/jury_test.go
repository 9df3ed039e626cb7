package keeper_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// disputed returns a task of three replicas that was escalated to seven judges, in a class of
// this many nodes. The first two of its replicas tell the same lie.
func disputed(t *testing.T, nodes int) (f *fixture, players []player, id string, parties []int) {
	t.Helper()
	f = newFixture(t)
	f.setParams(func(p *types.Params) { p.Escalation, p.MaxDraws, p.SortitionFactor = []uint32{7}, 5, 1_000 })
	f.network(nodes)
	id, parties = f.assigned(nodes)
	players = f.players(make([]behaviour, nodes)...)
	players[parties[0]].does, players[parties[1]].does = colluder, colluder
	for !f.jobEnded(id) && len(f.task(id).Rounds) == 1 {
		for _, n := range parties {
			players[n].act()
		}
		f.next()
	}
	return f, players, id, parties
}

// serveAll lets a node do what it owes, without claims.
func (p player) serveAll() {
	p.f.t.Helper()
	held, err := p.f.queries.Assignments(p.f.ctx, &types.QueryAssignmentsRequest{Operator: operator(p.n).String()})
	require.NoError(p.f.t, err)
	for _, item := range held.Items {
		p.serve(item)
	}
}

// TestHalfOfTheJudgesThatWereAskedForFirstDecide: this holds for any number of judges, in any
// number of draws, and for any number of them that leave again by staying away or by giving
// back. With fewer than half, there is no verdict and no node is slashed.
func TestHalfOfTheJudgesThatWereAskedForFirstDecide(t *testing.T) {
	for came := range 8 {
		for stay := range came + 1 {
			leaves := stalls
			if (came+stay)%2 == 1 {
				leaves = shirks
			}
			t.Run(fmt.Sprintf("%d come and %d stay", came, stay), func(t *testing.T) {
				f, players, id, parties := disputed(t, 14)
				require.Equal(t, uint32(7), f.round(id).Target)
				var spare, judges []int
				for n := range players {
					if !slices.Contains(parties, n) {
						spare = append(spare, n)
					}
				}
				for !f.jobEnded(id) {
					spare, judges = f.summon(id, spare, judges, came)
					for i, n := range judges {
						players[n].does = leaves
						if i < stay {
							players[n].does = honest
						}
					}
					for _, n := range append(slices.Clone(parties), judges...) {
						players[n].serveAll()
					}
					f.next()
				}
				require.Len(t, judges, came)
				lost := math.NewInt(10_000).Sub(f.bond(parties[0]))
				r := f.receipt(id)
				if 2*stay < 7 {
					require.Equal(t, types.CHUNK_STATUS_FAILED, r.Status, "%d of 7 judges decide nothing", stay)
					require.Equal(t, "0", lost.String(), "nobody has judged")
				} else {
					require.Equal(t, types.CHUNK_STATUS_ACCEPTED, r.Status)
					require.Equal(t, "7000", lost.String(), "%d of 7 judges are half a jury", stay)
				}
				require.Equal(t, "10000", f.bond(parties[2]).String(), "the honest replica loses nothing")
			})
		}
	}
}

// summon lets up to three judges enter the open draw, until this many have come.
func (f *fixture) summon(id string, spare, judges []int, most int) (left, came []int) {
	f.t.Helper()
	resp, err := f.queries.Chunk(f.ctx, &types.QueryChunkRequest{JobId: id})
	if err != nil {
		return spare, judges // it has ended at this height
	}
	draw := resp.Chunk.Rounds[1].Draw
	if draw == nil || draw.CloseHeight == 0 {
		return spare, judges
	}
	for i := 0; i < len(spare) && len(draw.Candidates) < 3 && len(judges) < most; i++ {
		if f.claim(spare[i], ref(id, 1)) == nil {
			judges = append(judges, spare[i])
			spare = slices.Delete(spare, i, i+1)
			i = -1
			draw = f.round(id).Draw
		}
	}
	return spare, judges
}

// TestAClassTooSmallForHalfAJuryJudgesNobody: the quote tells the requester. In such a class
// a lie costs nothing, and earns no more than an attempt.
func TestAClassTooSmallForHalfAJuryJudgesNobody(t *testing.T) {
	for nodes, judged := range map[int]bool{4: false, 6: false, 7: true, 9: true} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			f, players, id, parties := disputed(t, nodes)
			quote, err := f.queries.Quote(f.ctx, &types.QueryQuoteRequest{Class: class, Replicas: 3, Reward: "1000" + denom})
			require.NoError(t, err)
			require.EqualValues(t, 7, quote.JudgingNodes, "three replicas and half of seven judges")
			require.Equal(t, judged, quote.LiveNodes >= quote.JudgingNodes)
			if !f.jobEnded(id) {
				f.play(players, id, 200)
			}
			r := f.receipt(id)
			if judged {
				require.Equal(t, types.CHUNK_STATUS_ACCEPTED, r.Status)
				require.Equal(t, "3000", f.bond(parties[0]).String())
				return
			}
			require.Equal(t, types.CHUNK_STATUS_FAILED, r.Status)
			for _, n := range parties {
				require.Equal(t, "10000", f.bond(n).String())
				require.Equal(t, "88", f.earned(n).AmountOf(denom).String(), "an attempt fee, less what is kept of it")
			}
			require.Equal(t, "3200", f.job(id).Refunded.String(), "the rest returns")
		})
	}
}
