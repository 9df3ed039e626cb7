package app

import (
	"errors"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// setProposalHandlers sets how this node proposes blocks and judges the proposals of others.
func (app *App) setProposalHandlers() {
	app.SetPrepareProposal(app.prepareProposal)
	app.SetProcessProposal(app.processProposal)
}

// processProposal refuses a block if one of its txs does not decode, asks for more gas than a
// tx may have, or pays less than it must; if the txs outside of the lane use more gas than
// there is room for, even if the lane is empty; or if it has more bytes than a block may
// have. It does not run the txs: a tx that fails in its block still pays its fee, unless the
// sender has spent the coins by then. It cannot see which txs a proposer leaves out.
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

// storeError is an error of this node's store. It says nothing about a proposal.
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

// checkProposedTx takes room for a tx, or returns an error that says why there is none.
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

// fillLane notes which txs of a block go through its lane, by the rules and on the state by
// which the block was proposed and judged.
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

// noteTried remembers what this block's lane has held, after its txs have run. Txs that
// failed their checks, such as copies without a valid signature, do not count.
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
