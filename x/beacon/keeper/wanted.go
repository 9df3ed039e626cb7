package keeper

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

// Wanted tells whether a submission would be verified at the height and time of ctx:
// nobody has brought the round, it is neither old nor to come, and its signature is good.
// It verifies that, and writes nothing.
func (k *Keeper) Wanted(ctx sdk.Context, msg *types.MsgSubmitRound) bool {
	submitter, err := k.addresses.StringToBytes(msg.Submitter)
	if err != nil {
		return false
	}
	cached, _ := ctx.CacheContext()
	cached = cached.WithGasMeter(storetypes.NewInfiniteGasMeter()).WithEventManager(sdk.NewEventManager())
	_, _, err = k.SubmitRound(cached, submitter, msg.Round, msg.Signature)
	return err == nil
}
