package cmd_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/thetaedge/theta/cmd/thetad/cmd"
)

// run executes thetad as a shell would and returns what it printed.
func run(t *testing.T, home string, args ...string) (string, error) {
	t.Helper()
	root := cmd.NewRootCmd()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetIn(strings.NewReader(""))
	root.SetArgs(append(args, "--home", home))
	err := svrcmd.Execute(root, "THETAD", home)
	return out.String(), err
}

func find(root *cobra.Command, path ...string) *cobra.Command {
	found, rest, err := root.Find(path)
	if err != nil || len(rest) > 0 {
		return nil
	}
	return found
}

func TestUsualServerCommandsArePresent(t *testing.T) {
	root := cmd.NewRootCmd()
	for _, path := range []string{
		"init", "start", "export", "rollback", "status", "version", "prune", "debug",
		"keys add", "snapshots list", "comet show-node-id", "config set", "testnet init-files",
		"genesis add-genesis-account", "genesis gentx", "genesis collect-gentxs", "genesis validate",
		"query tx", "query block", "query bank balances", "query epochs epoch-infos",
		"tx sign", "tx broadcast", "tx bank send", "tx gov submit-proposal",
		"tx ibc-transfer transfer", "query ibc-transfer denoms", "query ibc-transfer escrow-address",
		"query ibc client states", "query ibc client status", "query ibc channel channels",
		"tx interchain-accounts controller register", "tx interchain-accounts controller send-tx",
		"tx interchain-accounts host generate-packet-data", "query interchain-accounts host params",
		"query interchain-accounts controller interchain-account", "query ratelimiting list-rate-limits",
	} {
		require.NotNil(t, find(root, strings.Fields(path)...), "thetad %s", path)
	}
}

// Modules of the SDK name some commands by hand and leave governance-only
// messages out; ours have to offer all of them.
func TestEveryMessageAndQueryOfOursHasACommand(t *testing.T) {
	root := cmd.NewRootCmd()
	files, err := proto.MergedRegistry()
	require.NoError(t, err)
	seen := 0
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		pkg := string(file.Package())
		if !strings.HasPrefix(pkg, "theta.") || strings.HasPrefix(pkg, "theta.sidecar.") {
			return true
		}
		module := strings.Split(pkg, ".")[1]
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			verb := map[protoreflect.Name]string{"Msg": "tx", "Query": "query"}[service.Name()]
			parent := find(root, verb, module)
			require.NotNil(t, parent, "thetad %s %s", verb, module)
			offered := len(parent.Commands())
			require.GreaterOrEqual(t, offered, service.Methods().Len()-governed(service),
				"thetad %s %s offers a command for every method of %s", verb, module, service.FullName())
			seen++
		}
		return true
	})
	t.Logf("%d services", seen)
}

// governed counts the methods that only governance may call.
func governed(service protoreflect.ServiceDescriptor) int {
	n := 0
	for i := range service.Methods().Len() {
		if service.Methods().Get(i).Input().Fields().ByName("authority") != nil {
			n++
		}
	}
	return n
}

func TestInitWritesAGenesisThatNeedsNoEditing(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, home, "init", "me", "--chain-id", "theta-1")
	require.NoError(t, err)

	genesis, err := genutiltypes.AppGenesisFromFile(filepath.Join(home, "config", "genesis.json"))
	require.NoError(t, err)
	require.Equal(t, "theta-1", genesis.ChainID)
	require.EqualValues(t, 100_000_000, genesis.Consensus.Params.Block.MaxGas)
	require.EqualValues(t, 4<<20, genesis.Consensus.Params.Block.MaxBytes)
	require.Zero(t, genesis.Consensus.Params.ABCI.VoteExtensionsEnableHeight)
	var state map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(genesis.AppState, &state))
	require.Contains(t, string(state["staking"]), `"bond_denom": "atfuel"`)

	_, err = run(t, home, "genesis", "validate")
	require.NoError(t, err)
	_, err = run(t, home, "init", "me", "--chain-id", "theta-1")
	require.ErrorContains(t, err, "already exists", "a second init overwrites nothing")
}

func TestInitRefusesAnotherDenom(t *testing.T) {
	_, err := run(t, t.TempDir(), "init", "me", "--default-denom", "uother")
	require.ErrorContains(t, err, "this chain's denom is atfuel")
}

func TestNewNodeHasAValidatorsDefaults(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, home, "init", "me", "--chain-id", "theta-1")
	require.NoError(t, err)
	for _, want := range []struct{ file, key, value string }{
		{"app", "minimum-gas-prices", "1000000000atfuel"},
		{"app", "query-gas-limit", "100000000"},
		{"app", "app-db-backend", "pebbledb"},
		{"app", "iavl-disable-fastnode", "true"},
		{"app", "iavl-cache-size", "2000000"},
		{"app", "state-sync.snapshot-interval", "1000"},
		{"app", "api.enable", "true"},
		{"app", "api.address", "tcp://localhost:1317"},
		{"app", "telemetry.prometheus-retention-time", "600"},
		{"config", "db_backend", "pebbledb"},
		{"config", "consensus.timeout_commit", "990ms"},
		{"config", "instrumentation.prometheus", "true"},
	} {
		found, err := run(t, home, "config", "get", want.file, want.key)
		require.NoError(t, err)
		require.Equal(t, want.value, strings.TrimSpace(found), "%s of %s.toml", want.key, want.file)
	}
}

func TestConfigSetKeepsTheRestOfTheFile(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, home, "init", "me", "--chain-id", "theta-1")
	require.NoError(t, err)
	path := filepath.Join(home, "config", "app.toml")
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	_, err = run(t, home, "config", "set", "app", "api.address", "tcp://localhost:2000")
	require.NoError(t, err)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	expected := strings.Replace(string(before), "tcp://localhost:1317", "tcp://localhost:2000", 1)
	require.Equal(t, expected, string(after))
}

func TestConfigSetRefusesWhatTheNodeWouldRefuse(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, home, "init", "me", "--chain-id", "theta-1")
	require.NoError(t, err)
	for _, bad := range [][]string{
		{"app", "api.addres", "x"},
		{"app", "minimum-gas-prices", ""},
		{"app", "iavl-cache-size", "many"},
		{"config", "consensus.timeout_commit", "soon"},
		{"genesis", "chain_id", "x"},
	} {
		_, err := run(t, home, append([]string{"config", "set"}, bad...)...)
		require.Error(t, err, "%v", bad)
	}
}

func TestTestnetFilesAgree(t *testing.T) {
	dir := t.TempDir()
	_, err := run(t, t.TempDir(), "testnet", "init-files", "--validators", "3", "--output-dir", dir, "--chain-id", "theta-3")
	require.NoError(t, err)
	var first []byte
	for _, node := range []string{"node0", "node1", "node2"} {
		home := filepath.Join(dir, node)
		raw, err := os.ReadFile(filepath.Join(home, "config", "genesis.json"))
		require.NoError(t, err)
		if first == nil {
			first = raw
		}
		require.Equal(t, first, raw, "%s has the genesis of the others", node)
		require.FileExists(t, filepath.Join(home, "config", "priv_validator_key.json"))
		require.FileExists(t, filepath.Join(home, "key_seed.json"))
		_, err = run(t, home, "genesis", "validate")
		require.NoError(t, err)
		peers, err := run(t, home, "config", "get", "config", "p2p.persistent_peers")
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(peers, ","), "%s dials the two others", node)
		rpc, err := run(t, home, "config", "get", "config", "rpc.laddr")
		require.NoError(t, err)
		for key, want := range map[string]string{"node": rpc, "chain-id": "theta-3\n", "keyring-backend": "test\n"} {
			found, err := run(t, home, "config", "get", "client", key)
			require.NoError(t, err)
			require.Equal(t, want, found, "%s of the commands of %s", key, node)
		}
	}
}

func TestTestnetFilesOverwriteNothing(t *testing.T) {
	dir := t.TempDir()
	write := func() error {
		_, err := run(t, t.TempDir(), "testnet", "init-files", "--validators", "1", "--output-dir", dir)
		return err
	}
	require.NoError(t, write())
	before, err := os.ReadFile(filepath.Join(dir, "node0", "key_seed.json"))
	require.NoError(t, err)
	require.ErrorContains(t, write(), "choose another --output-dir")
	after, err := os.ReadFile(filepath.Join(dir, "node0", "key_seed.json"))
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestStartWithoutAGenesisSaysWhatToRun(t *testing.T) {
	home := filepath.Join(t.TempDir(), "nobody")
	_, err := run(t, home, "start")
	require.ErrorContains(t, err, "run thetad init")
}

func TestFailingCommandSaysWhy(t *testing.T) {
	_, err := run(t, t.TempDir(), "testnet", "init-files", "--validators", "0", "--output-dir", t.TempDir())
	require.ErrorContains(t, err, "expected at least one validator, found 0")
}
