package keeper

import "context"

// RestartHeights turns the state into that of a chain that has not begun: its schedules apply
// from the start, and no height waits for a round. It is for exports only.
func (k *Keeper) RestartHeights(ctx context.Context) error {
	current, err := k.current.Get(ctx)
	if err != nil {
		return err
	}
	for id := uint32(1); id <= current; id++ {
		schedule, err := k.schedules.Get(ctx, id)
		if err != nil {
			return err
		}
		schedule.StartHeight = 0
		if err := k.schedules.Set(ctx, id, schedule); err != nil {
			return err
		}
	}
	if err := k.pins.Clear(ctx, nil); err != nil {
		return err
	}
	return k.proofs.Clear(ctx, nil)
}
