//go:build system

package systemtests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// TestNodesHaveTheirEarningsPaidWhereTheirOperatorsSay: after a job was paid, one node collects to another account
// and one to a validator, without the operators' keys.
func TestNodesHaveTheirEarningsPaidWhereTheirOperatorsSay(t *testing.T) {
	t.Parallel()
	network := startNetwork(t, func(o *devnet.Options) { o.Nodes, o.BlockPause, o.Epoch = 3, 300*time.Millisecond, 4*time.Second })
	thetaedge := filepath.Join(root(t), "build", "thetaedge")
	saver, staker := network.Nodes()[0], network.Nodes()[1]
	elsewhere := sdk.AccAddress(bytes.Repeat([]byte{77}, 20)).String()
	validators, err := stakingtypes.NewQueryClient(network.Conn()).Validators(t.Context(), &stakingtypes.QueryValidatorsRequest{})
	require.NoError(t, err)
	require.Len(t, validators.Validators, 1)
	set := func(node devnet.Node, rule ...string) {
		thetadOutput(t, thetaedge, append([]string{
			"payout", "set", "--home", node.Home(), "--from", node.Name, "--keyring-dir", network.Home(), "--keyring-backend", "test", "--yes",
		}, rule...)...)
	}
	set(saver, "--to", elsewhere)
	set(staker, "--delegate", validators.Validators[0].OperatorAddress)

	job := writeJob(t, fmt.Sprintf(`
executor: wasm/1
program: spin.wasm
args: ["1000"]
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
class: cpu-small
reward: 1tfuel
`, rate.SpinFuel(1000)), map[string][]byte{"spin.wasm": rate.Spin()})
	run := follow(t, network, job, ignore)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)

	for _, node := range []devnet.Node{saver, staker} {
		shown := shownPayout(t, thetaedge, node)
		require.Equal(t, "0.88 tfuel", shown.Unclaimed)
		require.NotEmpty(t, shown.Fee, shown.NoFee)
		require.NoError(t, network.Kill(node.Name))
		changeSetting(t, node.Home(), `collect = ""`, `collect = "0.5tfuel"`)
		require.NoError(t, network.Restart(node.Name))
	}
	require.NoError(t, network.Await(t.Context(), whyPatience, "the coins of the first node", func() (bool, error) {
		held, err := banktypes.NewQueryClient(network.Conn()).Balance(t.Context(), &banktypes.QueryBalanceRequest{Address: elsewhere, Denom: params.BaseDenom})
		return err == nil && held.Balance.Amount.Equal(params.Tfuel(88).QuoRaw(100)), err
	}))
	require.NoError(t, network.Await(t.Context(), whyPatience, "the delegation of the second node", func() (bool, error) {
		held, err := stakingtypes.NewQueryClient(network.Conn()).DelegatorDelegations(t.Context(), &stakingtypes.QueryDelegatorDelegationsRequest{DelegatorAddr: network.Address(staker.Name)})
		return err == nil && len(held.DelegationResponses) == 1 && held.DelegationResponses[0].Balance.Amount.Equal(params.Tfuel(88).QuoRaw(100)), nil
	}))
	require.NoError(t, network.Await(t.Context(), whyPatience, "what the node says", func() (bool, error) {
		shown := shownPayout(t, thetaedge, staker)
		return shown.State.Delegated == "0.88 tfuel" && shown.Staked == "0.88 tfuel" && shown.Paid == "0.88 tfuel", nil
	}))
	require.NoError(t, network.Await(t.Context(), whyPatience, "the ledger", func() (bool, error) {
		var earned struct {
			Total struct {
				Paid   int    `json:"paid"`
				Earned string `json:"earned"`
			} `json:"total"`
			Jobs []any `json:"jobs"`
		}
		out := thetadOutput(t, thetaedge, "earnings", "--home", saver.Home(), "--json")
		err := json.Unmarshal([]byte(out), &earned)
		return earned.Total.Paid == 1 && earned.Total.Earned == "880000000000000000" && len(earned.Jobs) == 1, err
	}))
}

// payoutShown is what thetaedge payout prints.
type payoutShown struct {
	Address, Unclaimed, Paid, Staked, Fee string
	NoFee                                 string `json:"no_fee"`
	State                                 struct{ Delegated string }
}

func shownPayout(t *testing.T, thetaedge string, node devnet.Node) (shown payoutShown) {
	t.Helper()
	out := thetadOutput(t, thetaedge, "payout", "--home", node.Home(), "--json")
	require.NoError(t, json.Unmarshal([]byte(out), &shown), out)
	return shown
}

// changeSetting replaces a line of the settings of a home.
func changeSetting(t *testing.T, home, from, to string) {
	t.Helper()
	path := filepath.Join(home, "config.toml")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(raw), from), "%s in %s", from, path)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(raw), from, to, 1)), 0o600))
}
