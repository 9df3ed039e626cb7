package app

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
)

// setProposalHandlers sets how this node proposes a block and judges others'.
// The SDK's selector stops at the block's gas and bytes, so a correct node never
// proposes what ProcessProposal refuses.
func (app *App) setProposalHandlers() {
	pool := app.Mempool()
	if pool == nil {
		pool = mempool.NoOpMempool{}
	}
	app.SetPrepareProposal(baseapp.NewDefaultProposalHandler(pool, app).PrepareProposalHandler())
	app.SetProcessProposal(newProcessProposal(app.encoding.TxConfig.TxDecoder(), app.Logger().Info))
}

// newProcessProposal returns a handler that refuses a block with a tx that does
// not decode, with gas limits that together exceed the block's gas, or with more
// bytes than a block may have. It does not run the txs: one that fails in its
// block pays its fee there.
func newProcessProposal(decode sdk.TxDecoder, report func(string, ...any)) sdk.ProcessProposalHandler {
	return func(ctx sdk.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
		if err := checkProposal(ctx, req.Txs, decode); err != nil {
			report("proposal refused", "height", req.Height, "reason", err.Error())
			return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
		}
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
	}
}

func checkProposal(ctx sdk.Context, txs [][]byte, decode sdk.TxDecoder) error {
	block := ctx.ConsensusParams().Block
	if block != nil && block.MaxBytes > 0 {
		if size := cmttypes.ComputeProtoSizeForTxs(cmttypes.ToTxs(txs)); size > block.MaxBytes {
			return fmt.Errorf("expected at most %d bytes of txs, found %d", block.MaxBytes, size)
		}
	}
	limited := block != nil && block.MaxGas > 0
	var left uint64
	if limited {
		left = uint64(block.MaxGas) //nolint:gosec // positive
	}
	for i, raw := range txs {
		tx, err := decode(raw)
		if err != nil {
			return fmt.Errorf("tx %d does not decode: %w", i, err)
		}
		feeTx, ok := tx.(sdk.FeeTx)
		if !ok {
			return fmt.Errorf("tx %d: expected a gas limit, found %T", i, tx)
		}
		if !limited {
			continue
		}
		// Subtracting from what is left cannot overflow, as a sum of limits could.
		if feeTx.GetGas() > left {
			return fmt.Errorf("tx %d: a gas limit of %d exceeds the %d left of the block's %d",
				i, feeTx.GetGas(), left, block.MaxGas)
		}
		left -= feeTx.GetGas()
	}
	return nil
}
