// Command overfill is a validator that proposes blocks that other validators must refuse:
// transactions that together ask for more gas than a block has, or bytes that are not a
// transaction. It is thetad with other proposal handlers; the real binary does not have a
// switch for that.
package main

import (
	"fmt"
	"os"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/server"
	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/cmd/thetad/cmd"
)

func main() {
	params.SetSDKDefaults()
	root := cmd.NewRootCmd()
	for _, command := range root.Commands() {
		if command.Name() == "start" {
			root.RemoveCommand(command)
		}
	}
	root.AddCommand(server.StartCmd(newApp, app.DefaultNodeHome()))
	if err := svrcmd.Execute(root, "THETAD", app.DefaultNodeHome()); err != nil {
		fmt.Fprintln(os.Stderr, "overfill:", err)
		os.Exit(1)
	}
}

// newApp returns the chain's app, except for its proposals and its verdicts on proposals.
func newApp(logger log.Logger, db dbm.DB, options servertypes.AppOptions) servertypes.Application {
	base := append(server.DefaultBaseappOptions(options), baseapp.SetIAVLDisableFastNode(true))
	chain := app.New(logger, db, false, options, base...)
	chain.SetPrepareProposal(func(ctx sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
		return &abci.ResponsePrepareProposal{Txs: overfull(ctx, chain.TxConfig().TxDecoder(), req)}, nil
	})
	chain.SetProcessProposal(func(sdk.Context, *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
	})
	if err := chain.LoadLatestVersion(); err != nil {
		panic(fmt.Errorf("load the newest state: %w", err))
	}
	return chain
}

// overfull repeats a waiting transaction until the block's gas is exceeded, as far as the
// block's bytes allow. If no transaction waits, it proposes bytes that do not decode.
func overfull(ctx sdk.Context, decode sdk.TxDecoder, req *abci.RequestPrepareProposal) [][]byte {
	block := ctx.ConsensusParams().Block
	for _, raw := range req.Txs {
		tx, err := decode(raw)
		if err != nil {
			continue
		}
		feeTx, ok := tx.(sdk.FeeTx)
		if !ok || feeTx.GetGas() == 0 || block == nil || block.MaxGas <= 0 {
			continue
		}
		copies := uint64(block.MaxGas)/feeTx.GetGas() + 2
		const overhead = 8                                                           // bytes that a block adds per transaction
		if size := int64(len(raw)) + overhead; int64(copies)*size > req.MaxTxBytes { //nolint:gosec // small
			continue
		}
		txs := make([][]byte, copies)
		for i := range txs {
			txs[i] = raw
		}
		return txs
	}
	return [][]byte{[]byte("this is no transaction")}
}
