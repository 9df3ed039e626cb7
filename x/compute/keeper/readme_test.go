package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// The worked example of the module's README, number by number: three replicas of 1,000, one
// of which lies, and seven judges.
func TestTheWorkedExampleOfTheReadme(t *testing.T) {
	for name, c := range map[string]struct {
		minLiability                        int64
		lost, shares, slashBurned, slashGot string
	}{
		"the liability is what the judges cost": {50, "7000", "0", "0", "0"},
		"more is at stake than the judges cost": {10_000, "10000", "1000", "1700", "300"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			p := testParams()
			p.Escalation, p.MinLiability = []uint32{7, 15}, math.NewInt(c.minLiability)
			_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: p})
			require.NoError(t, err)
			f.network(10)
			id, drawn := f.assigned(10)
			before := f.bank.GetSupply(f.ctx, denom).Amount
			players := f.players(slices.Repeat([]behaviour{honest}, 10)...)
			liarAt := drawn[0]
			players[liarAt].does = liar
			job := f.play(players, id, 80)
			f.blocks(5) // burns and the stakers' part are moved in one step

			require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
			require.Equal(t, "1500", job.Refunded.String(), "the liar's reward, and what was set aside for draws")
			outcomes, shares := f.outcomes(id), math.ZeroInt()
			for n := range 10 {
				o := outcomes[operator(n).String()]
				if n == liarAt {
					require.Equal(t, c.lost, o.Slashed.String())
					require.Equal(t, math.NewInt(10_000).Sub(o.Slashed).String(), f.bond(n).String())
					require.Empty(t, f.earned(n))
					continue
				}
				share := o.Share
				if o.Round > 0 {
					require.True(t, o.Paid.IsZero(), "judges are paid by the liar")
					share = share.SubRaw(1_000)
				} else {
					require.Equal(t, "1000", o.Paid.String())
				}
				shares = shares.Add(share)
				require.Equal(t, share.AddRaw(880).String(), f.earned(n).AmountOf(denom).String(), "880 and its share")
			}
			require.Equal(t, c.shares, shares.String())
			slashBurned, _ := math.NewIntFromString(c.slashBurned)
			slashGot, _ := math.NewIntFromString(c.slashGot)
			require.Equal(t, slashBurned.AddRaw(450).String(), before.Sub(f.bank.GetSupply(f.ctx, denom).Amount).String(), "burned")
			balance := func(module string) string {
				return f.bank.GetBalance(f.ctx, authtypes.NewModuleAddress(module), denom).Amount.String()
			}
			require.Equal(t, "450", balance(authtypes.FeeCollectorName), "stakers")
			require.Equal(t, slashGot.AddRaw(180).String(), balance(community), "community pool")
		})
	}
}
