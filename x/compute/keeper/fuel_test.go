package keeper_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// TestNobodyShowsMoreFuelThanTheSpecAllows: the fuel on a receipt is at most what the job
// pays for. A run that ended because it ran out of fuel reports that it has used all of it.
func TestNobodyShowsMoreFuelThanTheSpecAllows(t *testing.T) {
	limit := spec(coin(1_000), 3).Resources.Fuel
	for name, policy := range map[string]types.Policy{
		"quorum": {Kind: types.POLICY_KIND_QUORUM, Replicas: 3},
		"trust":  {Kind: types.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(5)
			s := spec(coin(1_000), 3)
			s.Policy = policy
			id := f.post(0, s)
			require.Equal(t, limit, f.job(id).Fuel)
			f.next()
			f.blocks(seedDelay)
			drawn := f.assign(id, 5)
			r := ref(id, 0)
			for _, n := range drawn {
				require.NoError(t, f.commit(n, r))
			}
			p := player{f: f, n: drawn[0]}
			reveal := func(fuel uint64) *types.MsgReveal {
				return &types.MsgReveal{Worker: worker(p.n).String(), Items: []types.RevealItem{{
					Ref: r, Tag: p.tag(r), ExitCode: p.exitCode(), Salt: p.salt(), Metrics: types.Metrics{Fuel: fuel},
				}}}
			}
			for _, fuel := range []uint64{limit + 1, 2 * limit, math.MaxUint64} {
				err := f.unchanged(func() error {
					_, err := f.msgs.Reveal(f.ctx, reveal(fuel))
					return err
				})
				require.ErrorIs(t, err, types.ErrFuelOverSpec)
				require.ErrorContains(t, err, "at most the 1000000")
				require.Empty(t, f.duties(reveal(fuel)), "what is refused is no duty")
			}
			require.Len(t, f.duties(reveal(limit)), 1)
			_, err := f.msgs.Reveal(f.ctx, reveal(limit))
			require.NoError(t, err, "all of it is what a run without fuel has used")
		})
	}
}

func TestNobodyOpensMoreFuelThanTheSpecAllows(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	players := f.players(liar, honest, honest, honest, honest, honest, honest)
	for range 30 {
		id := f.post(0, spec(coin(1_000), 3))
		for range 60 {
			if job := f.job(id); job.Ended() {
				break
			}
			if n, opens := judgeThatOpens(f, players, f.task(id)); opens {
				shown := players[n].shown(ref(id, 1))
				shown.Fuel = f.job(id).Fuel + 1
				msg := &types.MsgOpen{Worker: worker(n).String(), Items: []types.OpenItem{types.NewOpenItem(ref(id, 1), shown)}}
				err := f.unchanged(func() error {
					_, err := f.msgs.Open(f.ctx, msg)
					return err
				})
				require.ErrorIs(t, err, types.ErrFuelOverSpec)
				require.Empty(t, f.duties(msg))
				return
			}
			f.turn(players)
		}
	}
	require.Fail(t, "nobody had to open")
}

// The judges of a challenge have as much fuel as the work that they repeat.
func TestJudgesHaveTheFuelOfWhatTheyJudge(t *testing.T) {
	f, players := judges(t)
	id, _ := f.untruth(players, contestable(), honest)
	judging, err := f.challenge(1, id, 0)
	require.NoError(t, err)
	require.Equal(t, f.job(id).Fuel, f.job(judging).Fuel)
	require.NotZero(t, f.job(judging).Fuel)
}

// duties returns which items of a message are duties of its signer.
func (f *fixture) duties(msg sdk.Msg) []types.Duty {
	f.t.Helper()
	duties, err := f.keeper.Duties(f.ctx, msg)
	require.NoError(f.t, err)
	return duties
}
