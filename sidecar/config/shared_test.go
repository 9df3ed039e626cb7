package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sharedFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shared.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestSharedSettingsReplaceOnlyWhatTheyContain(t *testing.T) {
	shared, err := ReadShared(sharedFile(t, "[policy]\nmax-jobs = 3\nmin-rewards = [\"0.5tfuel\", \"7other\"]\n[owner]\nidle = \"10m\"\nfull-screen = true\n[work]\nretention = \"48h0m0s\"\n"))
	require.NoError(t, err)
	require.Len(t, shared, 5)
	base := Default()
	base.Chain.GRPC = "127.0.0.1:7"
	c, err := shared.Over(base)
	require.NoError(t, err)
	require.Equal(t, 3, c.Policy.MaxJobs)
	require.Equal(t, []string{"0.5tfuel", "7other"}, c.Policy.MinRewards)
	require.True(t, c.Owner.FullScreen)
	require.Equal(t, 48*time.Hour, c.Work.Retention)
	require.Equal(t, "127.0.0.1:7", c.Chain.GRPC)
	require.Equal(t, base.Fees, c.Fees)
}

func TestSharedSettingsOfEditorsOfWindowsAreRead(t *testing.T) {
	text := "[policy]\nmax-jobs = 3\n"
	wide := "\xff\xfe"
	for _, c := range text {
		wide += string([]byte{byte(c), 0})
	}
	for _, raw := range []string{"\xef\xbb\xbf" + text, wide} {
		shared, err := ReadShared(sharedFile(t, raw))
		require.NoError(t, err)
		require.Equal(t, Shared{"policy.max-jobs": "3"}, shared)
	}
}

// TestNoWayOfWritingItGetsASettingOfOneMachineThrough.
func TestNoWayOfWritingItGetsASettingOfOneMachineThrough(t *testing.T) {
	for _, text := range []string{
		"Chain.Operator = \"theta1x\"\n", "chain = {operator = \"theta1x\"}\n", "[\"chain\"]\n\"operator\" = \"theta1x\"\n",
		"[KEYRING]\nBackend = \"os\"\n", "keyring.passphrase-file = \"/x\"\n", "\"chain.operator\" = \"theta1x\"\n",
	} {
		_, err := ReadShared(sharedFile(t, text))
		require.ErrorContains(t, err, "belongs to one", text)
	}
}

// TestASecretThatCannotBeWrittenIsNotShown: the error goes to the terminal and to the dashboard.
func TestASecretThatCannotBeWrittenIsNotShown(t *testing.T) {
	for home, address := range map[string]string{
		homeWith(t, ""):                          "ntfy://:s3cr3t@host/to\tpic",
		homeWith(t, "alerts = {targets = []}\n"): "ntfy://:s3cr3t@host/topic",
	} {
		_, err := NewDraft(home, nil, map[string]string{"alerts.targets": address})
		require.ErrorContains(t, err, "alerts.targets", address)
		require.NotContains(t, err.Error(), "s3cr3t")
	}
}

func TestSharedSettingsOfOneMachineOrUnknownOnesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"[chain]\noperator = \"theta1x\"\n": "belongs to one", "[keyring]\nbackend = \"os\"\n": "belongs to one",
		"[policy]\nmax-job = 3\n": "unknown setting", "x": "TOML", "": "found none",
	} {
		_, err := ReadShared(sharedFile(t, text))
		require.ErrorContains(t, err, want, text)
	}
	shared, err := ReadShared(sharedFile(t, "[policy]\nmax-jobs = 9999\n"))
	require.NoError(t, err)
	_, err = shared.Over(Default())
	require.ErrorContains(t, err, "policy.max-jobs")
}

// TestWhatIsExportedCanBeSharedAndHasNoSecrets.
func TestWhatIsExportedCanBeSharedAndHasNoSecrets(t *testing.T) {
	home := t.TempDir()
	c := Default()
	c.Policy.MaxJobs, c.Owner.Idle, c.Keyring = 4, "10m", Keyring{Backend: "file", PassphraseFile: "/secret"}
	c.Alerts.Targets, c.Alerts.PerHour, c.Fees.MaxDay = []string{"ntfy://:s3cret@host/topic"}, 5, ""
	require.NoError(t, Write(home, c))
	raw, err := Export(home)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "s3cret")
	require.NotContains(t, string(raw), "passphrase")
	shared, err := ReadShared(sharedFile(t, string(raw)))
	require.NoError(t, err)
	got, err := shared.Over(Default())
	require.NoError(t, err)
	c.Keyring, c.Alerts.Targets = Default().Keyring, []string{}
	require.Equal(t, c, got)
}

func TestSettingsOfAlertsAndOfTheFleetAreCheckedWithoutShowingSecrets(t *testing.T) {
	for key, change := range map[string]func(*Config){
		"alerts.targets":    func(c *Config) { c.Alerts.Targets = []string{"ftp://:s3cret@host/topic"} },
		"alerts.kinds":      func(c *Config) { c.Alerts.Kinds = []string{"everything"} },
		"alerts.name":       func(c *Config) { c.Alerts.Name = strings.Repeat("x", 61) },
		"alerts.paid-every": func(c *Config) { c.Alerts.PaidEvery = "minute" },
		"alerts.lease-low":  func(c *Config) { c.Alerts.LeaseLow = 0 },
		"alerts.grant-low":  func(c *Config) { c.Alerts.GrantLow = "1other" },
		"alerts.per-hour":   func(c *Config) { c.Alerts.PerHour = 0 },
		"fleet.listen":      func(c *Config) { c.Fleet.Listen = "rig.example:9773" },
		"fleet.names":       func(c *Config) { c.Fleet.Names = []string{"*"} },
	} {
		c := Default()
		change(&c)
		err := c.Validate()
		require.ErrorContains(t, err, key)
		require.NotContains(t, err.Error(), "s3cret")
	}
	c := Default()
	c.Alerts.Targets, c.Fleet.Listen = []string{"https://host/hook"}, "0.0.0.0:9773"
	require.NoError(t, c.Validate())
}
