package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client"
	clientconfig "github.com/cosmos/cosmos-sdk/client/config"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
)

const (
	flagValidators = "validators"
	flagOutputDir  = "output-dir"
	flagHost       = "host"
	flagBasePort   = "base-port"

	// portsPerNode is the number of ports that each node on a host reserves: p2p, rpc,
	// grpc, rest, metrics, pprof.
	portsPerNode = 10
	// gentxGas is the gas limit of a validator's genesis transaction.
	gentxGas = 1_000_000
)

// testnetPlan is what the user asked for.
type testnetPlan struct {
	chainID, dir, host, backend string
	validators, basePort        int
}

// testnetNode is one validator of a new testnet.
type testnetNode struct {
	home, peer string
	config     *cmtcfg.Config
	address    sdk.AccAddress
	gentx      sdk.Tx
}

// newTestnetCmd returns the commands that prepare a chain of several validators.
func newTestnetCmd(chain *app.App) *cobra.Command {
	files := &cobra.Command{
		Use:   "init-files",
		Short: "Write the files of a chain with several validators",
		Long: `Write keys, configs and one genesis for a chain with several validators on one host. Each
validator has its own folder: node0, node1 and so on. Start each of them with
thetad start --home DIR/nodeN; commands with that --home talk to that node.`,
		Example: "thetad testnet init-files --validators 3 --output-dir testnet --chain-id theta-3",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := readTestnetPlan(cmd)
			if err != nil {
				return err
			}
			if err := writeTestnet(cmd, chain, plan); err != nil {
				return err
			}
			cmd.Printf("Wrote %d validators of %s to %s\n", plan.validators, plan.chainID, plan.dir)
			return nil
		},
	}
	files.Flags().Int(flagValidators, 4, "number of validators")
	files.Flags().String(flagOutputDir, "testnet", "folder in which the nodes' folders are created")
	files.Flags().String(flagHost, "127.0.0.1", "address that the nodes listen on")
	files.Flags().Int(flagBasePort, 26600, fmt.Sprintf("first port of the first node; each node takes %d ports", portsPerNode))
	files.Flags().String(flags.FlagChainID, "theta-testnet", "id of the chain")
	files.Flags().String(flags.FlagKeyringBackend, keyring.BackendTest, "keyring backend of the validators' keys (os|file|test)")
	return group("testnet", "Prepare a chain with several validators", nil, files)
}

func readTestnetPlan(cmd *cobra.Command) (testnetPlan, error) {
	var plan testnetPlan
	var err error
	read := func(target *string, name string) {
		if err == nil {
			*target, err = cmd.Flags().GetString(name)
		}
	}
	read(&plan.chainID, flags.FlagChainID)
	read(&plan.dir, flagOutputDir)
	read(&plan.host, flagHost)
	read(&plan.backend, flags.FlagKeyringBackend)
	if err != nil {
		return plan, err
	}
	if plan.validators, err = cmd.Flags().GetInt(flagValidators); err != nil {
		return plan, err
	}
	if plan.basePort, err = cmd.Flags().GetInt(flagBasePort); err != nil {
		return plan, err
	}
	if plan.validators < 1 {
		return plan, fmt.Errorf("expected at least one validator, found %d", plan.validators)
	}
	if last := plan.basePort + plan.validators*portsPerNode; plan.basePort < 1 || last > 65_535 {
		return plan, fmt.Errorf("expected ports from 1 to 65535, found %d to %d", plan.basePort, last)
	}
	return plan, nil
}

func writeTestnet(cmd *cobra.Command, chain *app.App, plan testnetPlan) error {
	nodes := make([]testnetNode, plan.validators)
	for i := range nodes {
		var err error
		if nodes[i], err = newTestnetNode(cmd, chain, plan, i); err != nil {
			return fmt.Errorf("node%d: %w", i, err)
		}
	}
	genesis, err := testnetGenesis(chain, plan, nodes)
	if err != nil {
		return err
	}
	for i, node := range nodes {
		var peers []string
		for j, other := range nodes {
			if j != i {
				peers = append(peers, other.peer)
			}
		}
		node.config.P2P.PersistentPeers = strings.Join(peers, ",")
		cmtcfg.WriteConfigFile(filepath.Join(node.home, "config", "config.toml"), node.config)
		if err := genutil.ExportGenesisFile(genesis, node.config.GenesisFile()); err != nil {
			return err
		}
	}
	return nil
}

// newTestnetNode creates a node's keys and app.toml and signs the transaction that makes
// it a validator.
func newTestnetNode(cmd *cobra.Command, chain *app.App, plan testnetPlan, i int) (testnetNode, error) {
	name := "node" + strconv.Itoa(i)
	node := testnetNode{home: filepath.Join(plan.dir, name), config: cometConfig()}
	if _, err := os.Stat(node.home); !errors.Is(err, fs.ErrNotExist) {
		return node, fmt.Errorf("expected nothing at %s, found a file or folder; remove it or choose another --%s", node.home, flagOutputDir)
	}
	if err := os.MkdirAll(filepath.Join(node.home, "config"), 0o750); err != nil {
		return node, err
	}
	port := func(offset int) string {
		return net.JoinHostPort(plan.host, strconv.Itoa(plan.basePort+i*portsPerNode+offset))
	}
	node.config.SetRoot(node.home)
	node.config.Moniker = name
	node.config.P2P.ListenAddress = "tcp://" + port(0)
	node.config.P2P.AddrBookStrict = false
	node.config.P2P.AllowDuplicateIP = true
	node.config.RPC.ListenAddress = "tcp://" + port(1)
	node.config.Instrumentation.PrometheusListenAddr = port(4)
	node.config.RPC.PprofListenAddress = port(5)

	template, values := appConfig()
	settings, ok := values.(*nodeConfig)
	if !ok {
		return node, fmt.Errorf("expected the node's config, found %T", values)
	}
	settings.GRPC.Address = port(2)
	settings.API.Address = "tcp://" + port(3)
	serverconfig.SetConfigTemplate(template)
	serverconfig.WriteConfigFile(filepath.Join(node.home, "config", "app.toml"), settings)

	if err := writeClientConfig(node.home, plan, node.config.RPC.ListenAddress); err != nil {
		return node, err
	}

	id, consensusKey, err := genutil.InitializeNodeValidatorFiles(node.config)
	if err != nil {
		return node, err
	}
	node.peer = id + "@" + port(0)

	keys, err := keyring.New(sdk.KeyringServiceName(), plan.backend, node.home, cmd.InOrStdin(), chain.AppCodec())
	if err != nil {
		return node, err
	}
	record, mnemonic, err := keys.NewMnemonic(name, keyring.English, sdk.FullFundraiserPath, "", hd.Secp256k1)
	if err != nil {
		return node, err
	}
	if node.address, err = record.GetAddress(); err != nil {
		return node, err
	}
	if err := writeSeed(node.home, name, node.address, mnemonic); err != nil {
		return node, err
	}
	operator, err := app.ValidatorAddressCodec().BytesToString(node.address)
	if err != nil {
		return node, err
	}
	msg, err := stakingtypes.NewMsgCreateValidator(operator, consensusKey, params.TfuelCoin(1_000),
		stakingtypes.NewDescription(name, "", "", "", ""),
		stakingtypes.NewCommissionRates(math.LegacyNewDecWithPrec(1, 1), math.LegacyOneDec(), math.LegacyOneDec()),
		math.OneInt())
	if err != nil {
		return node, err
	}
	node.gentx, err = signGentx(cmd, chain, keys, plan.chainID, name, id, msg)
	return node, err
}

// writeClientConfig makes commands with this home talk to this node.
func writeClientConfig(home string, plan testnetPlan, rpc string) error {
	// The SDK writes the file with its defaults when it does not exist.
	if _, err := clientconfig.ReadFromClientConfig(client.Context{HomeDir: home, ChainID: plan.chainID}.WithViper("")); err != nil {
		return err
	}
	path := filepath.Join(home, "config", "client.toml")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(raw)
	for _, setting := range [][2]string{{"keyring-backend", plan.backend}, {"node", rpc}} {
		if text, err = changeSetting(text, setting[0], setting[1]); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// writeSeed saves the mnemonic from which a testnet's key can be restored.
func writeSeed(home, name string, address sdk.AccAddress, mnemonic string) error {
	seed, err := json.MarshalIndent(map[string]string{
		"name": name, "address": address.String(), "mnemonic": mnemonic,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, "key_seed.json"), seed, 0o600)
}

func signGentx(
	cmd *cobra.Command, chain *app.App, keys keyring.Keyring, chainID, name, nodeID string, msg sdk.Msg,
) (sdk.Tx, error) {
	builder := chain.TxConfig().NewTxBuilder()
	if err := builder.SetMsgs(msg); err != nil {
		return nil, err
	}
	builder.SetGasLimit(gentxGas)
	builder.SetMemo(nodeID)
	factory := tx.Factory{}.WithChainID(chainID).WithKeybase(keys).WithTxConfig(chain.TxConfig())
	if err := tx.Sign(cmd.Context(), factory, name, builder, true); err != nil {
		return nil, err
	}
	return builder.GetTx(), nil
}

// testnetGenesis returns the genesis that all nodes share: each validator's account holds a
// million tfuel, of which a thousand are bonded.
func testnetGenesis(chain *app.App, plan testnetPlan, nodes []testnetNode) (*genutiltypes.AppGenesis, error) {
	cdc := chain.AppCodec()
	state := map[string]json.RawMessage(chain.DefaultGenesis())
	bank := banktypes.GetGenesisStateFromAppState(cdc, state)
	var accounts authtypes.GenesisAccounts
	var gentxs []sdk.Tx
	for _, node := range nodes {
		coins := sdk.NewCoins(params.TfuelCoin(1_000_000))
		accounts = append(accounts, authtypes.NewBaseAccountWithAddress(node.address))
		bank.Balances = append(bank.Balances, banktypes.Balance{Address: node.address.String(), Coins: coins})
		bank.Supply = bank.Supply.Add(coins...)
		gentxs = append(gentxs, node.gentx)
	}
	bank.Balances = banktypes.SanitizeGenesisBalances(bank.Balances)
	auth := authtypes.GetGenesisStateFromAppState(cdc, state)
	packed, err := authtypes.PackAccounts(authtypes.SanitizeGenesisAccounts(accounts))
	if err != nil {
		return nil, err
	}
	auth.Accounts = packed
	state[authtypes.ModuleName] = cdc.MustMarshalJSON(&auth)
	state[banktypes.ModuleName] = cdc.MustMarshalJSON(bank)
	state, err = genutil.SetGenTxsInAppGenesisState(cdc, chain.TxConfig().TxJSONEncoder(), state, gentxs)
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, err
	}
	genesis := genutiltypes.NewAppGenesisWithVersion(plan.chainID, raw)
	genesis.Consensus.Params = app.DefaultConsensusParams()
	return genesis, nil
}
