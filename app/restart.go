package app

import (
	"encoding/json"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// refuseOpenWork returns an error while jobs are under way: their deadlines are heights of
// this chain, and their money would be locked until a new chain reaches those heights, years
// later or never.
func (app *App) refuseOpenWork(ctx sdk.Context) error {
	jobs, err := app.ComputeKeeper.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	open := 0
	for i := range jobs.Jobs {
		if !jobs.Jobs[i].Ended() {
			open++
		}
	}
	if open > 0 {
		return fmt.Errorf("%d jobs are under way and count in heights: wait until they have ended, or export without --for-zero-height and start the new chain at initial_height %d",
			open, ctx.BlockHeight()+1)
	}
	return nil
}

// restartEdge makes the edge modules and the epochs count from height zero.
func (app *App) restartEdge(ctx sdk.Context) error {
	if err := app.EdgenodeKeeper.RestartHeights(ctx); err != nil {
		return err
	}
	if err := app.BeaconKeeper.RestartHeights(ctx); err != nil {
		return err
	}
	epochs, err := app.EpochsKeeper.AllEpochInfos(ctx)
	if err != nil {
		return err
	}
	for _, epoch := range epochs {
		epoch.CurrentEpochStartHeight = 0
		if err := app.EpochsKeeper.EpochInfo.Set(ctx, epoch.Identifier, epoch); err != nil {
			return err
		}
	}
	return nil
}

// restartJobs keeps ended jobs and their receipts as if they had ended in the first block; by
// their old heights they would never be pruned. Their results cannot be challenged any more,
// because no liability is held for them. The worth of a denom expires after as many blocks as
// on this chain, whose last height is given: otherwise governance would vouch for it for longer.
func (app *App) restartJobs(genesis map[string]json.RawMessage, height int64) error {
	exported, ok := genesis[computetypes.ModuleName]
	if !ok {
		return nil // not among the exported modules
	}
	var state computetypes.GenesisState
	if err := app.encoding.Codec.UnmarshalJSON(exported, &state); err != nil {
		return err
	}
	for i := range state.Jobs {
		job := &state.Jobs[i]
		job.PostedHeight, job.ExpiresHeight, job.ClosedHeight = 0, 0, 1
		job.Frontier = nil // receipts of arrays contain heights of the old chain
		if job.Redelivery != nil {
			job.Redelivery.Height = 1 // nodes read requests by height, and requesters may repeat them after some blocks
		}
	}
	for i := range state.Receipts {
		state.Receipts[i].Height, state.Receipts[i].ChallengeUntil = 1, 0
	}
	for i := range state.Params.Denoms {
		if denom := &state.Params.Denoms[i]; denom.ExpiryHeight > 0 {
			denom.ExpiryHeight = max(1, denom.ExpiryHeight-height) // 0 would mean never
		}
	}
	state.Challenges = nil // without jobs none is open, and none can be opened
	rewritten, err := app.encoding.Codec.MarshalJSON(&state)
	genesis[computetypes.ModuleName] = rewritten
	return err
}
