//go:build system

package systemtests

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inPlace starts a testnet from a home and returns a function that stops it.
func inPlace(t *testing.T, binary, home string, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, append(args, "--home", home)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	require.NoError(t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			<-done
			if t.Failed() {
				text := log.String()
				t.Logf("end of the log:\n%s", text[max(len(text)-4000, 0):])
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

// rest sends a query to an API. It returns false if the API does not answer.
func rest(ctx context.Context, api, path string, into any) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+api+path, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK && json.NewDecoder(res.Body).Decode(into) == nil
}

func heightOf(ctx context.Context, api string) string {
	var latest struct {
		Block struct {
			Header struct {
				Height  string `json:"height"`
				ChainID string `json:"chain_id"`
			} `json:"header"`
		} `json:"block"`
	}
	if !rest(ctx, api, "/cosmos/base/tendermint/v1beta1/blocks/latest", &latest) {
		return ""
	}
	return latest.Block.Header.ChainID + "/" + latest.Block.Header.Height
}

func TestACopyOfAChainBecomesATestnetOfOneValidator(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "network")
	network, thetad := validators(t, dir, 2)
	operator := network.ValidatorAddress(0)
	for _, name := range []string{"node0", "node1"} {
		require.NoError(t, network.Kill(name))
	}
	for name, fresh := range map[string]bool{"the validator's own key": false, "a new key and operator": true} {
		t.Run(name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "copy")
			require.NoError(t, os.CopyFS(home, os.DirFS(network.ValidatorHome(0))))
			address, chainID := operator, "theta-copy-1"
			from := "node0"
			if fresh {
				require.NoError(t, os.Remove(filepath.Join(home, "config", "priv_validator_key.json")))
				require.NoError(t, os.Remove(filepath.Join(home, "data", "priv_validator_state.json")))
				from, chainID = "fresh", "theta-copy-2"
				var key struct{ Address string }
				require.NoError(t, json.Unmarshal([]byte(thetadOutput(t, thetad, "keys", "add", from, "--home", home, "--keyring-backend", "test", "--output", "json")), &key))
				address = key.Address
			}
			beaconKey := filepath.Join(home, "beacon.json")
			thetadOutput(t, thetad, "beacon", "keygen", "--key", beaconKey, "--home", home)
			stop := inPlace(t, thetad, home, "in-place-testnet", chainID, address, "--skip-confirmation", "--beacon-key", beaconKey)
			api := apiOf(t, thetad, home)
			seen := map[string]bool{}
			blocks := func() bool {
				if at := heightOf(t.Context(), api); strings.HasPrefix(at, chainID+"/") {
					seen[at] = true
				}
				return len(seen) > 3
			}
			require.Eventually(t, blocks, 90*time.Second, 300*time.Millisecond)

			// The beacon uses the given key.
			var beacon struct {
				Params struct {
					PublicKey string `json:"public_key"`
				} `json:"params"`
			}
			require.True(t, rest(t.Context(), api, "/theta/beacon/v1/params", &beacon))
			raw, err := os.ReadFile(beaconKey)
			require.NoError(t, err)
			require.Contains(t, string(raw), beacon.Params.PublicKey)

			// A transfer works, and x/edgenode and x/compute answer.
			to := network.ValidatorAddress(1)
			node := thetadOutput(t, thetad, "config", "get", "config", "rpc.laddr", "--home", home)
			before := balanceOf(t, api, to)
			thetadOutput(t, thetad, "tx", "bank", "send", from, to, "7tfuel", "--home", home, "--keyring-backend", "test",
				"--node", node, "--chain-id", chainID, "--yes")
			require.Eventually(t, func() bool { return balanceOf(t, api, to) != before }, 30*time.Second, 300*time.Millisecond)
			for _, path := range []string{"/theta/edgenode/v1/params", "/theta/compute/v1/params"} {
				var answer struct{ Params map[string]any }
				require.True(t, rest(t.Context(), api, path, &answer), path)
			}
			var set struct {
				Validators []struct{ Status string } `json:"validators"`
			}
			require.True(t, rest(t.Context(), api, "/cosmos/staking/v1beta1/validators?status=BOND_STATUS_BONDED", &set))
			require.Len(t, set.Validators, 1)

			// From here on it is started like any other node.
			stop()
			inPlace(t, thetad, home, "start")
			clear(seen)
			require.Eventually(t, blocks, 60*time.Second, 300*time.Millisecond)
		})
	}
}

func balanceOf(t *testing.T, api, address string) string {
	t.Helper()
	var held struct {
		Balances []struct{ Denom, Amount string } `json:"balances"`
	}
	if !rest(t.Context(), api, "/cosmos/bank/v1beta1/balances/"+address, &held) || len(held.Balances) == 0 {
		return ""
	}
	return held.Balances[0].Amount
}
