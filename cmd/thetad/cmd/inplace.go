package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	cmtcrypto "github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/privval"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cast"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client/input"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/drand"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	flagBeaconKey = "beacon-key"
	// testnetBeaconPeriod is the period of drand's quicknet, in seconds.
	testnetBeaconPeriod = 3
	// keyBeaconStart is the key under which the command passes the time of the signer's
	// first round to the app that it builds.
	keyBeaconStart = "theta-testnet-beacon-start"
)

// addInPlaceTestnet adds the command that turns a copy of a chain's data into a testnet.
func addInPlaceTestnet(root *cobra.Command) {
	server.AddTestnetCreatorCommand(root, newTestnetApp, func(cmd *cobra.Command) {
		cmd.Use = "in-place-testnet CHAIN-ID OPERATOR"
		cmd.Short = "Turn a copy of a node's data into a chain with one validator, and start it"
		cmd.Long = `Turn the data of --home into a chain with one validator, and start it. Balances, edge
nodes, jobs and bonds stay. The validators of the chain are unbonded and jailed, and the
key in priv_validator_key.json signs all blocks. OPERATOR is the address of an account
whose key you hold, and receives 2,000,000 tfuel. If it is already a validator of the
chain with that key, it stays one; otherwise it becomes a new validator.

The command changes the data, which then no longer fits the original chain. Use it on a
copy of a stopped node's home, never on the home itself, and empty persistent_peers and
seeds in the copy's config.toml. Run this command once; after the first block, continue
with thetad start.

The beacon continues with the rounds of the drand network that the chain follows. If you
cannot reach that network, pass --beacon-key with a key made by thetad beacon keygen; the
command then prints how to start a signer that makes the rounds.`
		cmd.Example = "thetad in-place-testnet theta-copy-1 theta1... --home /srv/copy --skip-confirmation"
		cmd.Flags().String(flagBeaconKey, "", "key file of your own signer, which replaces the beacon's network")
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
			// The SDK's function that builds an app does not return an error.
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("in-place-testnet: %v", p)
				}
			}()
			if _, err := sdk.AccAddressFromBech32(args[1]); err != nil {
				return fmt.Errorf("expected the address of the operator's account, found %q: %w", args[1], err)
			}
			sure, err := confirmed(cmd)
			if err != nil || !sure {
				return err
			}
			if err := forgetVotes(cmd, args[0]); err != nil {
				return err
			}
			if err := prepareBeacon(cmd); err != nil {
				return err
			}
			return run(cmd, args)
		}
	})
}

// confirmed asks for confirmation before anything changes. The SDK would ask later.
func confirmed(cmd *cobra.Command) (bool, error) {
	const flag = "skip-confirmation"
	sure, err := cmd.Flags().GetBool(flag)
	if err != nil || sure {
		return sure, err
	}
	question := fmt.Sprintf("This permanently changes the data in %s, which will no longer fit its chain. Is it a copy, and do you want to continue?",
		server.GetServerContextFromCmd(cmd).Config.RootDir)
	sure, err = input.GetConfirmation(question, bufio.NewReader(cmd.InOrStdin()), cmd.ErrOrStderr())
	if err != nil || !sure {
		cmd.PrintErrln("Nothing was changed.")
		return false, err
	}
	return true, cmd.Flags().Set(flag, "true")
}

// forgetVotes lets the key of a copy sign from the beginning. The key has voted on the
// original chain at heights that come again; these votes do not count as double votes only
// under another chain id.
func forgetVotes(cmd *cobra.Command, chainID string) error {
	config := server.GetServerContextFromCmd(cmd).Config
	genesis, err := genutiltypes.AppGenesisFromFile(config.GenesisFile())
	if err != nil {
		return err
	}
	if genesis.ChainID == chainID {
		return fmt.Errorf("expected a chain id other than %s, which this home has, because its key would vote twice under the same one; choose another, and take a fresh copy if an earlier try has failed", chainID)
	}
	if _, err := os.Stat(config.PrivValidatorKeyFile()); errors.Is(err, fs.ErrNotExist) {
		return nil // the node creates the file
	} else if err != nil {
		return osfault.Explain(config.PrivValidatorKeyFile(), err)
	}
	privval.LoadFilePVEmptyState(config.PrivValidatorKeyFile(), config.PrivValidatorStateFile()).Reset()
	return nil
}

// prepareBeacon sets when the rounds of the user's own signer begin, and prints how to
// start it.
func prepareBeacon(cmd *cobra.Command) error {
	file, err := cmd.Flags().GetString(flagBeaconKey)
	if err != nil || file == "" {
		return err
	}
	if _, err := drand.LoadKey(file); err != nil {
		return fmt.Errorf("--%s: %w", flagBeaconKey, err)
	}
	start := time.Now().Unix()
	server.GetServerContextFromCmd(cmd).Viper.Set(keyBeaconStart, start)
	cmd.PrintErrf("The beacon follows your own signer. Start the signer and the relay of its rounds:\n"+
		"  thetad beacon signer --key %s --period %ds --genesis-time %d --listen 127.0.0.1:8181\n"+
		"  thetad beacon relay --from KEY --endpoint http://127.0.0.1:8181\n", file, testnetBeaconPeriod, start)
	return nil
}

// newTestnetApp builds the app of a running node on a state that becomes the state of a
// testnet.
func newTestnetApp(logger log.Logger, db dbm.DB, options servertypes.AppOptions) servertypes.Application {
	chain := newChain(logger, db, options)
	testnet, err := testnetOf(options)
	if err == nil {
		err = chain.BecomeTestnet(testnet)
	}
	if err != nil {
		panic(err)
	}
	return chain
}

// testnetOf reads what the SDK's command and this one have found.
func testnetOf(options servertypes.AppOptions) (app.Testnet, error) {
	t := app.Testnet{
		ChainID: cast.ToString(options.Get(server.KeyNewChainID)),
		Upgrade: cast.ToString(options.Get(server.KeyTriggerTestnetUpgrade)),
	}
	var err error
	if t.Operator, err = sdk.AccAddressFromBech32(cast.ToString(options.Get(server.KeyNewOpAddr))); err != nil {
		return t, err
	}
	key, ok := options.Get(server.KeyUserPubKey).(cmtcrypto.PubKey)
	if !ok {
		return t, fmt.Errorf("expected the consensus key of the home, found %T", options.Get(server.KeyUserPubKey))
	}
	if t.ConsensusKey, err = cryptocodec.FromCmtPubKeyInterface(key); err != nil {
		return t, err
	}
	if file := cast.ToString(options.Get(flagBeaconKey)); file != "" {
		secret, err := drand.LoadKey(file)
		if err != nil {
			return t, err
		}
		t.Beacon = &app.BeaconSource{
			PublicKey: secret.Public().String(), PeriodSeconds: testnetBeaconPeriod,
			GenesisTime: cast.ToInt64(options.Get(keyBeaconStart)),
		}
	}
	return t, nil
}
