// Package cmd builds the command line of thetad.
package cmd

import (
	"os"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"cosmossdk.io/client/v2/autocli"
	"cosmossdk.io/core/appmodule"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	clientconfig "github.com/cosmos/cosmos-sdk/client/config"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	runtimeservices "github.com/cosmos/cosmos-sdk/runtime/services"
	"github.com/cosmos/cosmos-sdk/server"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/cmd/internal/decimal"
)

// NewRootCmd returns thetad with all its commands. It builds an app on an empty
// database to learn the modules' commands, codecs and default genesis.
func NewRootCmd() *cobra.Command {
	params.SetSDKDefaults()
	chain := app.New(log.NewNopLogger(), dbm.NewMemDB(), false, noOptions{})

	clientCtx := client.Context{}.
		WithCodec(chain.AppCodec()).
		WithInterfaceRegistry(chain.InterfaceRegistry()).
		WithTxConfig(chain.TxConfig()).
		WithLegacyAmino(chain.LegacyAmino()).
		WithInput(os.Stdin).
		WithAccountRetriever(authtypes.AccountRetriever{}).
		WithHomeDir(app.DefaultNodeHome()).
		WithViper("")

	root := &cobra.Command{
		Use:           params.AppName,
		Short:         "Theta Edge: the chain of a market for idle computers",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := decimal.Args(args, below(cmd, "tx")); err != nil {
				return err
			}
			return prepare(cmd, clientCtx)
		},
	}
	addCommands(root, chain)
	if err := addModuleCommands(root, chain, clientCtx); err != nil {
		panic(err)
	}
	if err := addGovCommands(root); err != nil {
		panic(err)
	}
	mendInterchain(root)
	decimal.Flags(root)
	return root
}

// noOptions is an empty app.toml.
type noOptions struct{}

// Get returns nil for every key.
func (noOptions) Get(string) any { return nil }

// prepare reads the flags and the files in --home before any command runs, and writes the
// files that are missing.
func prepare(cmd *cobra.Command, clientCtx client.Context) error {
	cmd.SetOut(cmd.OutOrStdout())
	cmd.SetErr(cmd.ErrOrStderr())

	if err := completeNode(cmd); err != nil {
		return err
	}
	clientCtx = clientCtx.WithCmdContext(cmd.Context()).WithViper("")
	clientCtx, err := client.ReadPersistentCommandFlags(clientCtx, cmd.Flags())
	if err != nil {
		return err
	}
	clientCtx, err = clientconfig.ReadFromClientConfig(clientCtx)
	if err != nil {
		return err
	}
	if err := client.SetCmdClientContextHandler(clientCtx, cmd); err != nil {
		return err
	}
	if err := setDefaultGasPrices(cmd); err != nil {
		return err
	}
	template, config := appConfig()
	return server.InterceptConfigsPreRunHandler(cmd, template, config, cometConfig())
}

// setDefaultGasPrices sets the chain's minimum price on a transaction that names none.
// --fees and --gas-prices replace it.
func setDefaultGasPrices(cmd *cobra.Command) error {
	prices, fees := cmd.Flags().Lookup(flags.FlagGasPrices), cmd.Flags().Lookup(flags.FlagFees)
	if prices == nil || fees == nil || prices.Changed || fees.Changed || !below(cmd, "tx") {
		return nil
	}
	return cmd.Flags().Set(flags.FlagGasPrices, minGasPrices())
}

func below(cmd *cobra.Command, name string) bool {
	for parent := cmd.Parent(); parent != nil; parent = parent.Parent() {
		if parent.Name() == name {
			return true
		}
	}
	return false
}

// addModuleCommands adds a command for every Msg and Query of every module.
func addModuleCommands(root *cobra.Command, chain *app.App, clientCtx client.Context) error {
	modules := make(map[string]appmodule.AppModule)
	for name, module := range chain.ModuleManager.Modules {
		if m, ok := module.(appmodule.AppModule); ok {
			modules[name] = m
		}
	}
	options := runtimeservices.ExtractAutoCLIOptions(chain.ModuleManager.Modules)
	node, comet := nodeservice.NewNodeCommands(), cmtservice.NewCometBFTCommands()
	options[node.Name()], options[comet.Name()] = node.AutoCLIOptions(), comet.AutoCLIOptions()

	return addAutoCommands(root, autocli.AppOptions{
		Modules:               modules,
		ModuleOptions:         options,
		AddressCodec:          app.AddressCodec(),
		ValidatorAddressCodec: app.ValidatorAddressCodec(),
		ConsensusAddressCodec: app.ConsensusAddressCodec(),
		ClientCtx:             clientCtx,
	})
}
