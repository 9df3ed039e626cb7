package keeper

import (
	"context"
	stderrors "errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

// SubmitRound verifies a round of the current schedule and stores it. It makes cheap checks
// before the pairing is charged and computed. It reports whether the submitter is reimbursed
// when the block ends.
func (k *Keeper) SubmitRound(ctx context.Context, submitter sdk.AccAddress, round uint64, signature []byte) (types.Round, bool, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return types.Round{}, false, err
	}
	schedule, err := k.currentSchedule(ctx)
	if err != nil {
		return types.Round{}, false, err
	}
	if err := k.acceptable(ctx, params, schedule, round); err != nil {
		return types.Round{}, false, err
	}
	if len(signature) != bls.SignatureSize {
		return types.Round{}, false, errors.Wrapf(types.ErrInvalidSignature, "expected %d bytes, found %d", bls.SignatureSize, len(signature))
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	sdkCtx.GasMeter().ConsumeGas(params.PairingGas, "beacon pairing")
	if err := k.verified.check(schedule, round, signature); err != nil {
		return types.Round{}, false, err
	}
	key := collections.Join(schedule.Id, round)
	proof := types.Proof{Signature: signature, Height: sdkCtx.BlockHeight()}
	if err := k.proofs.Set(ctx, key, proof); err != nil {
		return types.Round{}, false, err
	}
	recent := round+params.ReimburseWindowRounds >= schedule.DueAt(sdkCtx.BlockTime())
	if recent {
		if err := k.reimbursements.Set(ctx, key, submitter); err != nil {
			return types.Round{}, false, err
		}
	}
	verified := types.NewRound(schedule.Id, round, proof)
	text, err := k.addresses.BytesToString(submitter)
	if err != nil {
		return types.Round{}, false, err
	}
	return verified, recent, sdkCtx.EventManager().EmitTypedEvent(types.NewEventRoundVerified(verified, text))
}

// acceptable refuses rounds that are not due yet, known rounds, and rounds for which no
// height waits any more.
func (k *Keeper) acceptable(ctx context.Context, params types.Params, schedule types.Schedule, round uint64) error {
	now := sdk.UnwrapSDKContext(ctx).BlockTime()
	if round == 0 {
		return errors.Wrap(types.ErrInvalidRound, "expected 1 or more, found 0")
	}
	if newest := schedule.AcceptableAt(now); round > newest {
		return errors.Wrapf(types.ErrFutureRound, "expected at most %d, found %d; wait and retry", newest, round)
	}
	known, err := k.proofs.Has(ctx, collections.Join(schedule.Id, round))
	if err != nil {
		return err
	}
	if known {
		return errors.Wrapf(types.ErrDuplicateRound, "round %d", round)
	}
	oldest, err := k.oldestRound(ctx, params, schedule)
	if err != nil {
		return err
	}
	if round < oldest {
		return errors.Wrapf(types.ErrOldRound, "expected at least %d, found %d", oldest, round)
	}
	return nil
}

// oldestRound returns the first round of the schedule that is still accepted, because it is
// within retention or because a pinned height may wait for it.
func (k *Keeper) oldestRound(ctx context.Context, params types.Params, schedule types.Schedule) (uint64, error) {
	oldest := uint64(1)
	if due := schedule.DueAt(sdk.UnwrapSDKContext(ctx).BlockTime()); due > params.RetentionRounds {
		oldest = due - params.RetentionRounds
	}
	_, pin, found, err := k.lowestPin(ctx)
	if err != nil || !found {
		return oldest, err
	}
	if pin.Schedule != schedule.Id {
		pin, err = k.pins.Get(ctx, schedule.StartHeight)
		if stderrors.Is(err, collections.ErrNotFound) {
			return oldest, nil
		}
		if err != nil {
			return 0, err
		}
	}
	if pin.Schedule == schedule.Id {
		oldest = min(oldest, pin.Round)
	}
	return oldest, nil
}

// verify converts the result of the signature check into the module's errors.
func verify(schedule types.Schedule, round uint64, signature []byte) error {
	key, err := bls.ParsePublicKey(schedule.PublicKey)
	if err != nil {
		return errors.Wrapf(types.ErrInvalidParams, "public_key: %s", err)
	}
	err = key.Verify(round, signature)
	switch {
	case stderrors.Is(err, bls.ErrForged):
		return errors.Wrapf(types.ErrForgedRound, "round %d of schedule %d", round, schedule.Id)
	case err != nil:
		return errors.Wrapf(types.ErrInvalidSignature, "round %d: %s", round, err)
	}
	return nil
}
