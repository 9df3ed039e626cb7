package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func mustRoot(t *testing.T) *cobra.Command {
	t.Helper()
	root, err := Root()
	require.NoError(t, err)
	return root
}

// set changes settings of a home.
func set(t *testing.T, home string, values map[string]string) {
	t.Helper()
	draft, err := config.NewDraft(home, nil, values)
	require.NoError(t, err)
	require.NoError(t, draft.Write())
}

func TestTheFleetIsShownAsATableAndAsJSON(t *testing.T) {
	home := newHome(t)
	_, err := run(t, "fleet", "--home", home)
	require.ErrorIs(t, err, fleet.ErrNoList)
	stop, err := dashboard.Fleet(home)
	t.Cleanup(func() { require.NoError(t, stop()) })
	require.NoError(t, err)
	out, err := run(t, "fleet", "--home", home)
	require.NoError(t, err)
	lines := strings.Split(out, "\n")
	require.Regexp(t, `^NODE +STATE +RUNS`, lines[0])
	require.Regexp(t, `^cellar +UNREACHABLE`, lines[1])
	require.Regexp(t, `^lab-1 +ATTENTION`, lines[2])
	require.Regexp(t, `^office +held`, lines[3])
	require.Regexp(t, `^attic +working +1 +1.2500 +9.3000 +100.0000 +22 h +7.5000, 59 d +61 °C +142 W +v0.1.0`, lines[4])
	require.Contains(t, out, "4 nodes, 3 answered, 2 need attention")
	require.NotContains(t, out, "tef1_")
	out, err = run(t, "fleet", "--home", home, "--json")
	require.NoError(t, err)
	var table fleet.Table
	require.NoError(t, json.Unmarshal([]byte(out), &table))
	require.Len(t, table.Rows, 4)
	_, err = run(t, "fleet", "--home", home, "--watch", "--every", "1s")
	require.ErrorContains(t, err, "--every")
}

// TestAnotherMachineReadsARealDaemonWithTheTokenThatTheCommandPrints, from the printed lines on.
func TestAnotherMachineReadsARealDaemonWithTheTokenThatTheCommandPrints(t *testing.T) {
	home, other := newHome(t), t.TempDir()
	set(t, home, map[string]string{"fleet.listen": "127.0.0.1:0"})
	printed, err := run(t, "fleet", "token", "office", "--home", home)
	require.NoError(t, err)
	var token string
	var entry []string
	for line := range strings.Lines(printed) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "tef1_") {
			token = line
		} else if strings.HasPrefix(line, "[[node]]") || strings.Contains(line, " = ") {
			entry = append(entry, line)
		}
	}
	require.NotEmpty(t, token)

	start, _, err := mustRoot(t).Find([]string{"start"})
	require.NoError(t, err)
	start.InheritedFlags()
	require.NoError(t, start.ParseFlags([]string{"--home", home, "--dashboard.listen", ""}))
	n, err := openNode(start)
	require.NoError(t, err)
	n.cards = newCards(nil)
	logs := web.NewLogs()
	address := &lastAddress{}
	b := newBoard(n, logs, slog.New(logs.Handler(slog.LevelInfo)))
	b.observer = newObserver(b, slog.New(slog.NewTextHandler(address, nil)))
	stop := b.observer.run(t.Context())
	t.Cleanup(func() {
		stop()
		require.NoError(t, n.close())
	})
	require.Eventually(t, func() bool { return address.get() != "" && b.observer.collector.Last() != nil }, 120e9, 20e6)

	list := strings.Replace(strings.Join(entry, "\n"), "127.0.0.1:0", address.get(), 1)
	require.NoError(t, os.WriteFile(filepath.Join(other, "rig.token"), []byte(token), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(other, fleet.ListFile), []byte(list), 0o600))
	out, err := run(t, "fleet", "--home", other)
	require.NoError(t, err)
	require.Contains(t, out, "1 nodes, 1 answered, 1 need attention", "no chain answers")
	require.Contains(t, out, "ATTENTION")

	_, err = run(t, "fleet", "token", "office", "--revoke", "--home", home)
	require.NoError(t, err)
	out, err = run(t, "fleet", "--home", other)
	require.NoError(t, err)
	require.Contains(t, out, "refuses the token")
	out, err = run(t, "fleet", "token", "--list", "--home", home)
	require.NoError(t, err)
	require.Contains(t, out, "there are no tokens")
}

// lastAddress is a log of which only the address of the fleet is kept.
type lastAddress struct{ text atomic.Value }

func (l *lastAddress) Write(p []byte) (int, error) {
	if _, rest, found := strings.Cut(string(p), "other machines can read"); found {
		if _, at, found := strings.Cut(rest, "address="); found {
			l.text.Store(strings.TrimSpace(at))
		}
	}
	return len(p), nil
}

func (l *lastAddress) get() string {
	text, _ := l.text.Load().(string)
	return text
}

// TestTheKeysOfAFleetAreThoseOfTheAccountsOfOneMnemonic: the addresses are those that thetaedge keys add --recover
// --account gives.
func TestTheKeysOfAFleetAreThoseOfTheAccountsOfOneMnemonic(t *testing.T) {
	const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
	dir := t.TempDir()
	keys := func(input string, args ...string) (string, error) {
		root := mustRoot(t)
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetIn(strings.NewReader(input))
		root.SetArgs(append([]string{"fleet", "keys", "--keyring-dir", dir, "--keyring-backend", "test"}, args...))
		err := root.ExecuteContext(context.Background())
		return out.String(), err
	}
	_, err := keys("abandon abandon\n", "rig-1")
	require.ErrorContains(t, err, "mnemonic")
	out, err := keys(mnemonic+"\n", "rig-0", "rig-1", "--first-account", "0")
	require.NoError(t, err)
	require.NotContains(t, out, "abandon")
	require.Contains(t, out, "m/44'/118'/0'/0/0")
	require.Contains(t, out, "m/44'/118'/1'/0/0")
	codec, err := chain.NewCodec()
	require.NoError(t, err)
	ring, err := chain.OpenKeyring(chain.KeyringConfig{Dir: dir, Backend: "test", Input: strings.NewReader("")}, codec)
	require.NoError(t, err)
	record, err := ring.Key("rig-0")
	require.NoError(t, err)
	address, err := record.GetAddress()
	require.NoError(t, err)
	// The first account of this mnemonic in other chains with coin type 118.
	require.Equal(t, "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4", sdk.MustBech32ifyAddressBytes("cosmos", address))
	_, err = keys(mnemonic+"\n", "rig-2", "rig-1")
	require.ErrorContains(t, err, "nothing was added")
	_, err = ring.Key("rig-2")
	require.Error(t, err)
	dir = newHome(t)
	_, err = keys(mnemonic+"\n", "rig-1")
	require.ErrorContains(t, err, "home of a node")
}

func TestAlertsAreTriedAndShownWithoutSecrets(t *testing.T) {
	const secret = "s3cr3tT0ken"
	var got atomic.Int32
	good := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte("This is a test")) {
			got.Add(1)
		}
	}))
	t.Cleanup(good.Close)
	home := newHome(t)
	_, err := run(t, "alerts", "test", "--home", home)
	require.ErrorContains(t, err, "alerts.targets")
	set(t, home, map[string]string{"alerts.targets": good.URL + "/" + secret})
	out, err := run(t, "alerts", "test", "--home", home)
	require.NoError(t, err)
	require.Contains(t, out, "accepted  webhook (127.0.0.1)")
	require.Equal(t, int32(1), got.Load())
	set(t, home, map[string]string{"alerts.targets": good.URL + "/" + secret + "\nhttp://127.0.0.1:1/" + secret})
	out, err = run(t, "alerts", "test", "--home", home)
	require.ErrorContains(t, err, "not all targets")
	require.Contains(t, out, "FAILED    webhook (127.0.0.1)")
	shown, err := run(t, "alerts", "--home", home)
	require.NoError(t, err)
	require.Contains(t, shown, "Nothing needs attention")
	require.NotContains(t, out+shown, secret)
}

func TestSharedSettingsAreRolledOut(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "shared.toml")
	require.NoError(t, os.WriteFile(shared, []byte("[policy]\nmax-jobs = 3\n[owner]\nidle = \"10m\"\n[chain]\ngrpc = \"https://node.example:443\"\n"), 0o600))
	home := newHome(t, "--from", shared) // with --grpc, which takes precedence
	c, err := config.Load(home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, 3, c.Policy.MaxJobs)
	require.Equal(t, "10m", c.Owner.Idle)
	require.Equal(t, "127.0.0.1:1", c.Chain.GRPC)

	other := newHome(t)
	before, err := os.ReadFile(filepath.Join(other, config.FileName))
	require.NoError(t, err)
	out, err := run(t, "settings", "check", shared, "--home", other)
	require.NoError(t, err)
	require.Contains(t, out, "policy.max-jobs: 1 -> 3")
	require.Contains(t, out, "owner.idle: (empty) -> 10m")
	after, err := os.ReadFile(filepath.Join(other, config.FileName))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after), "check writes nothing")
	_, err = run(t, "settings", "apply", shared, "--home", other)
	require.NoError(t, err)
	out, err = run(t, "settings", "check", shared, "--home", other)
	require.NoError(t, err)
	require.Contains(t, out, "nothing would change")
	out, err = run(t, "settings", "export", "--home", other)
	require.NoError(t, err)
	require.Contains(t, out, "max-jobs = 3")
	require.NotContains(t, out, "keyring")

	require.NoError(t, os.WriteFile(shared, []byte("[policy]\nmax-jobs = 0\n"), 0o600))
	_, err = run(t, "settings", "apply", shared, "--home", other)
	require.ErrorContains(t, err, "policy.max-jobs")
	_, err = run(t, "init", "--home", filepath.Join(t.TempDir(), "edge"), "--from", shared)
	require.ErrorContains(t, err, "policy.max-jobs")
}
