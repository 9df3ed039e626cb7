package keeper

import (
	"context"
	stderrors "errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

// PinPreviousHeight pins the previous height to its round. It runs before anything else in a
// block, because only this block's header shows how long the votes on that height took.
func (k *Keeper) PinPreviousHeight(ctx context.Context) error {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	height := sdkCtx.BlockHeight() - 1
	if height < 1 {
		return nil
	}
	schedule, err := k.currentSchedule(ctx)
	if err != nil {
		return err
	}
	pin := types.Pin{Schedule: schedule.Id, Round: schedule.PinAt(sdkCtx.BlockTime())}
	return k.pins.Set(ctx, height, pin)
}

// RoundAt returns the round that seeds a height. It is not found before a block follows the
// height, and after the height was pruned.
func (k *Keeper) RoundAt(ctx context.Context, height int64) (round uint64, found bool, err error) {
	w, found, err := k.wait(ctx, height)
	return w.pin.Round, found, err
}

// Seed returns the randomness of a height, which is that of its round, whatever other rounds
// are known. It is not found before that round was verified on chain, and after the height
// was pruned.
func (k *Keeper) Seed(ctx context.Context, height int64) (types.Seed, bool, error) {
	w, found, err := k.wait(ctx, height)
	if err != nil || !found || !w.known {
		return types.Seed{}, false, err
	}
	round := types.NewRound(w.pin.Schedule, w.pin.Round, w.proof)
	return types.Seed{Round: round.Round, Randomness: round.Randomness, Height: round.Height}, true, nil
}

// LowestHeight returns the oldest height that is still pinned; seeds of lower heights are
// gone for good. Before the first pin it returns the current height.
func (k *Keeper) LowestHeight(ctx context.Context) (int64, error) {
	height, _, found, err := k.lowestPin(ctx)
	if err != nil {
		return 0, err
	}
	if !found {
		return sdk.UnwrapSDKContext(ctx).BlockHeight(), nil
	}
	return height, nil
}

// waiting describes the round for which a height waits.
type waiting struct {
	pin   types.Pin
	proof types.Proof
	known bool
}

// wait follows a height's pin. If the round belongs to a network that can no longer deliver
// it, because governance chose another network, it is replaced by the round of the height at
// which that happened.
func (k *Keeper) wait(ctx context.Context, height int64) (waiting, bool, error) {
	pin, err := k.pins.Get(ctx, height)
	if stderrors.Is(err, collections.ErrNotFound) {
		return waiting{}, false, nil
	}
	if err != nil {
		return waiting{}, false, errors.Wrapf(err, "pin of height %d", height)
	}
	for {
		proof, err := k.proofs.Get(ctx, collections.Join(pin.Schedule, pin.Round))
		if err == nil {
			return waiting{pin: pin, proof: proof, known: true}, true, nil
		}
		if !stderrors.Is(err, collections.ErrNotFound) {
			return waiting{}, false, err
		}
		next, moved, err := k.successor(ctx, pin)
		if err != nil {
			return waiting{}, false, err
		}
		if !moved {
			return waiting{pin: pin}, true, nil
		}
		pin = next
	}
}

// successor returns the pin that replaces an unknown round of a past schedule.
func (k *Keeper) successor(ctx context.Context, pin types.Pin) (types.Pin, bool, error) {
	schedule, err := k.schedules.Get(ctx, pin.Schedule+1)
	if stderrors.Is(err, collections.ErrNotFound) {
		return types.Pin{}, false, nil
	}
	if err != nil {
		return types.Pin{}, false, err
	}
	next, err := k.pins.Get(ctx, schedule.StartHeight)
	if stderrors.Is(err, collections.ErrNotFound) {
		// The schedule was opened in this block.
		return types.Pin{}, false, nil
	}
	return next, next.Schedule > pin.Schedule, err
}

// lowestPin returns the oldest pin, if there is one.
func (k *Keeper) lowestPin(ctx context.Context) (height int64, pin types.Pin, found bool, err error) {
	return k.pinFrom(ctx, 0)
}
