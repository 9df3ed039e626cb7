package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
)

// newInitCmd returns the SDK's init command, which writes keys, configs and the default app
// state, and adds this chain's consensus params.
func newInitCmd(chain *app.App, home string) *cobra.Command {
	cmd := genutilcli.InitCmd(chain.BasicModuleManager, home)
	cmd.Short = "Create the keys, the configuration and the genesis of a new node"
	cmd.Long = cmd.Short + ".\nThe genesis does not need editing: add accounts and validators with the genesis commands."
	writeFiles := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		// The denom appears in metadata, deposits and fees, so it cannot be changed here.
		if denom, err := cmd.Flags().GetString(genutilcli.FlagDefaultBondDenom); err != nil || denom != "" {
			return fmt.Errorf("expected no --%[2]s, because this chain's denom is %[1]s; leave the flag out", params.BaseDenom, genutilcli.FlagDefaultBondDenom)
		}
		if err := writeFiles(cmd, args); err != nil {
			return err
		}
		return setConsensusParams(server.GetServerContextFromCmd(cmd).Config.GenesisFile())
	}
	return cmd
}

// setConsensusParams writes the chain's consensus params into a genesis file. It keeps the
// type of validator keys that the init command was asked for.
func setConsensusParams(file string) error {
	genesis, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return fmt.Errorf("read the genesis just written: %w", err)
	}
	consensus := app.DefaultConsensusParams()
	consensus.Validator.PubKeyTypes = genesis.Consensus.Params.Validator.PubKeyTypes
	genesis.Consensus.Params = consensus
	return genutil.ExportGenesisFile(genesis, file)
}
