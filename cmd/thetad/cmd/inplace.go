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
	"github.com/thetaedge/theta/client/drand"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	flagBeaconKey = "beacon-key"
	// testnetBeaconPeriod is quicknet's, in seconds.
	testnetBeaconPeriod = 3
	// keyBeaconStart is where the time of the signer's first round is kept between
	// the command and the app that it builds.
	keyBeaconStart = "theta-testnet-beacon-start"
)

// addInPlaceTestnet adds the command that makes a testnet of a copy of a chain's data.
func addInPlaceTestnet(root *cobra.Command) {
	server.AddTestnetCreatorCommand(root, newTestnetApp, func(cmd *cobra.Command) {
		cmd.Use = "in-place-testnet CHAIN-ID OPERATOR"
		cmd.Short = "Turn a copy of a node's data into a chain of one validator, and start it"
		cmd.Long = `Turn the data of --home into a chain of one validator, and start it. Balances, edge
nodes, jobs and bonds stay; the validators of the chain are unbonded and jailed, and the
key in priv_validator_key.json signs all blocks. OPERATOR, the address of an account of
which you hold the key, is given 2,000,000 tfuel. If it is a validator of the chain with
that key it goes on as one, or else it becomes a new one.

The data is changed and no longer fits the chain that it is from: give it a copy of a
stopped node's home, never the home itself, and empty persistent_peers and seeds in its
config.toml. After the first block, thetad start goes on with it; this command is for
once only.

The beacon goes on with the rounds of the drand network that the chain follows. Without
a way to them, pass --beacon-key with a key of thetad beacon keygen: the signer that the
command then names makes the rounds.`
		cmd.Example = "thetad in-place-testnet theta-copy-1 theta1... --home /srv/copy --skip-confirmation"
		cmd.Flags().String(flagBeaconKey, "", "key file of a signer of your own that replaces the beacon's network")
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
			// The SDK's way to build an app knows no error.
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

// confirmed asks before anything is changed, in the SDK's place, which would ask later.
func confirmed(cmd *cobra.Command) (bool, error) {
	const flag = "skip-confirmation"
	sure, err := cmd.Flags().GetBool(flag)
	if err != nil || sure {
		return sure, err
	}
	question := fmt.Sprintf("The data in %s will be changed for good and no longer fit its chain. Is it a copy, and may it?",
		server.GetServerContextFromCmd(cmd).Config.RootDir)
	sure, err = input.GetConfirmation(question, bufio.NewReader(cmd.InOrStdin()), cmd.ErrOrStderr())
	if err != nil || !sure {
		cmd.PrintErrln("Nothing was changed.")
		return false, err
	}
	return true, cmd.Flags().Set(flag, "true")
}

// forgetVotes lets the key of a copy sign from the beginning: it has voted on the chain
// that the copy is from, at heights that come again. Only under another chain id are
// those votes no double votes.
func forgetVotes(cmd *cobra.Command, chainID string) error {
	config := server.GetServerContextFromCmd(cmd).Config
	genesis, err := genutiltypes.AppGenesisFromFile(config.GenesisFile())
	if err != nil {
		return err
	}
	if genesis.ChainID == chainID {
		return fmt.Errorf("expected another chain id than %s, which this home has: under the same one its key would vote twice; choose another, and take a fresh copy if an earlier try has failed", chainID)
	}
	if _, err := os.Stat(config.PrivValidatorKeyFile()); errors.Is(err, fs.ErrNotExist) {
		return nil // one is made
	} else if err != nil {
		return osfault.Explain(config.PrivValidatorKeyFile(), err)
	}
	privval.LoadFilePVEmptyState(config.PrivValidatorKeyFile(), config.PrivValidatorStateFile()).Reset()
	return nil
}

// prepareBeacon sets when the rounds of a signer of one's own begin, and says how to
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
	cmd.PrintErrf("The beacon follows a signer of your own. Start it, and the relay of its rounds:\n"+
		"  thetad beacon signer --key %s --period %ds --genesis-time %d --listen 127.0.0.1:8181\n"+
		"  thetad beacon relay --from KEY --endpoint http://127.0.0.1:8181\n", file, testnetBeaconPeriod, start)
	return nil
}

// newTestnetApp builds the app of a running node on a state that becomes a testnet's.
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

// testnetOf reads what the SDK's command and ours have found.
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
