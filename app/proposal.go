package app

import (
	"errors"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// setProposalHandlers sets how this node proposes a block and judges others'.
func (app *App) setProposalHandlers() {
	app.SetPrepareProposal(app.prepareProposal)
	app.SetProcessProposal(app.processProposal)
}

// processProposal refuses a block with a tx that does not decode, that asks for more gas
// than a tx may or pays less than it must; with more gas outside of the lane than there
// is room for, however empty the lane is; or with more bytes than a block may have. It
// does not run the txs: one that fails in its block pays its fee there, unless what was to
// pay it is gone by then. What a proposer leaves out it cannot see.
func (app *App) processProposal(ctx sdk.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	err := app.checkProposal(ctx, req.Txs)
	if failed := new(storeError); errors.As(err, &failed) {
		return nil, failed.error
	}
	if err != nil {
		app.Logger().Info("proposal refused", "height", req.Height, "reason", err.Error())
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// storeError is one that says nothing about a proposal.
type storeError struct{ error }

func (app *App) checkProposal(ctx sdk.Context, txs [][]byte) error {
	block := ctx.ConsensusParams().Block
	if block != nil && block.MaxBytes > 0 {
		if size := cmttypes.ComputeProtoSizeForTxs(cmttypes.ToTxs(txs)); size > block.MaxBytes {
			return fmt.Errorf("expected at most %d bytes of txs, found %d", block.MaxBytes, size)
		}
	}
	budget, err := app.FeemarketKeeper.Budget(ctx)
	if err != nil {
		return &storeError{err}
	}
	base, _, err := app.FeemarketKeeper.Prices(ctx)
	if err != nil {
		return &storeError{err}
	}
	room, terms := newRoom(budget), txTerms{price: base}
	for i, raw := range txs {
		if err := app.checkProposedTx(ctx, room, terms, raw); err != nil {
			return fmt.Errorf("tx %d: %w", i, err)
		}
	}
	return nil
}

// checkProposedTx finds room for a tx, or says why there is none.
func (app *App) checkProposedTx(ctx sdk.Context, room *room, terms txTerms, raw []byte) error {
	tx, err := app.encoding.TxConfig.TxDecoder()(raw)
	if err != nil {
		return fmt.Errorf("does not decode: %w", err)
	}
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return fmt.Errorf("expected a gas limit, found %T", tx)
	}
	gas := feeTx.GetGas()
	if room.budget.Limited && gas > room.budget.Tx {
		return fmt.Errorf("a gas limit of %d exceeds the %d that a tx may ask for", gas, room.budget.Tx)
	}
	if mayBeInLane(raw) {
		found, err := app.inspect(ctx, tx)
		if err != nil {
			return &storeError{err}
		}
		if room.takeLane(found) {
			return nil
		}
	}
	if !pays(feeTx, terms) {
		return fmt.Errorf("a gas limit of %d costs at least %s, found a fee of %s", gas, terms.fee(gas), feeTx.GetFee())
	}
	if !room.takeOrdinary(gas) {
		return fmt.Errorf("a gas limit of %d exceeds the %d left of the %d that are not the lane's",
			gas, room.ordinary, room.budget.Ordinary)
	}
	return nil
}

// fillLane notes which txs of a block go through its lane, by the same rules and on the
// same state as it was proposed and judged.
func (app *App) fillLane(ctx sdk.Context, txs [][]byte) error {
	budget, err := app.FeemarketKeeper.Budget(ctx)
	if err != nil {
		return err
	}
	room, lane := newRoom(budget), []int(nil)
	app.tried.block = nil
	for i, raw := range txs {
		if !mayBeInLane(raw) {
			continue
		}
		tx, err := app.encoding.TxConfig.TxDecoder()(raw)
		if err != nil {
			continue
		}
		found, err := app.inspect(ctx, tx)
		if err != nil {
			return err
		}
		if room.takeLane(found) {
			lane = append(lane, i)
			app.tried.block = append(app.tried.block, laneSlot{i, found.keys})
		}
	}
	return app.FeemarketKeeper.SetLane(ctx, lane)
}

// noteTried remembers what this block's lane has held, once its txs have run. What did not
// pass its checks, such as a copy that nobody has signed, has held nothing.
func (app *App) noteTried(ctx sdk.Context) error {
	var keys []string
	for _, slot := range app.tried.block {
		held, err := app.FeemarketKeeper.Held(ctx, slot.index)
		if err != nil {
			return err
		}
		if held {
			keys = append(keys, slot.keys...)
		}
	}
	app.tried.note(ctx.BlockHeight(), keys)
	return nil
}
