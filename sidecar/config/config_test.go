package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/owner"
)

func TestMain(m *testing.M) {
	params.SetSDKDefaults()
	os.Exit(m.Run())
}

func homeWith(t *testing.T, text string) string {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, FileName), []byte(text), 0o600))
	return home
}

func flagsWith(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	require.NoError(t, AddFlags(flags))
	require.NoError(t, flags.Parse(args))
	return flags
}

func TestFlagWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	home := homeWith(t, "[policy]\nmax-jobs = 2\n")
	for want, load := range map[int]func() (Config, error){
		1: func() (Config, error) { return Load(t.TempDir(), nil, nil) },
		2: func() (Config, error) { return Load(home, flagsWith(t), nil) },
		3: func() (Config, error) { return Load(home, flagsWith(t), []string{"THETAEDGE_POLICY_MAX_JOBS=3"}) },
		4: func() (Config, error) {
			return Load(home, flagsWith(t, "--policy.max-jobs", "4"), []string{"THETAEDGE_POLICY_MAX_JOBS=3"})
		},
	} {
		c, err := load()
		require.NoError(t, err)
		require.Equal(t, want, c.Policy.MaxJobs)
	}
}

func TestTheOperatorIsWrittenAndTheRestOfTheSettingsStays(t *testing.T) {
	operator := sdk.AccAddress(make([]byte, 20)).String()
	for name, before := range map[string]string{
		"made by init":   "",
		"without it":     "# mine\n[chain]\ngrpc = \"a:1\" # here\n\n[policy]\nmax-jobs = 7\n",
		"without a part": "[policy]\nmax-jobs = 7\n",
		"another's":      "[chain]\noperator = \"x\"\ngrpc = \"a:1\"\n[policy]\nmax-jobs = 7\n",
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			want := Default()
			if before == "" {
				require.NoError(t, Write(home, want))
			} else {
				home = homeWith(t, before)
				var err error
				want, err = Load(homeWith(t, strings.ReplaceAll(before, `"x"`, `""`)), nil, nil)
				require.NoError(t, err)
				require.Equal(t, 7, want.Policy.MaxJobs)
			}
			require.NoError(t, SetOperator(home, operator))
			found, err := Load(home, nil, nil)
			require.NoError(t, err)
			want.Chain.Operator = operator
			require.Equal(t, want, found)
			text, err := os.ReadFile(filepath.Join(home, FileName))
			require.NoError(t, err)
			require.Equal(t, strings.Count(before, "#") > 0, strings.Contains(string(text), "# mine"))
		})
	}
	_, err := Load(homeWith(t, "[chain]\noperator = \"theta1nobody\"\n"), nil, nil)
	require.ErrorContains(t, err, "chain.operator")
}

func TestEverySettingIsRead(t *testing.T) {
	c, err := Load(t.TempDir(), flagsWith(t,
		"--chain.grpc", "https://grpc.example:443", "--chain.poll", "2s", "--tx.gas-adjustment", "1.25",
		"--policy.trust", "any", "--policy.grants", "none", "--policy.own-risk-programs", strings.Repeat("ab", 32)+", "+strings.Repeat("cd", 32),
		"--policy.deny-requesters", strings.ToUpper(sdk.AccAddress(make([]byte, 20)).String()),
		"--policy.min-rewards", "0.5tfuel", "--policy.max-memory", "512MiB", "--work.refuse-private", "false"), nil)
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, c.Chain.Poll)
	require.InDelta(t, 1.25, c.Tx.GasAdjustment, 1e-9)
	require.Equal(t, Bytes(512<<20), c.Policy.MaxMemory)
	require.False(t, c.Work.RefusePrivate)
	rewards, err := c.Policy.Rewards()
	require.NoError(t, err)
	require.Equal(t, "500000000000000000atfuel", rewards.String())
	require.Equal(t, "any", c.Policy.Trust)
	require.Equal(t, "none", c.Policy.Grants)
	programs, err := c.Policy.Programs()
	require.NoError(t, err)
	require.Len(t, programs, 2)
	require.Equal(t, strings.Repeat("cd", 32), programs[1].String())
	requesters, err := c.Policy.Requesters()
	require.NoError(t, err)
	require.Equal(t, []string{sdk.AccAddress(make([]byte, 20)).String()}, requesters, "as the chain writes it")
}

func TestTheRulesOfTheOwnerAreReadAndChecked(t *testing.T) {
	c, err := Load(homeWith(t, "[owner]\nhours = [\"mon-fri 20:00-08:00\", \"sat,sun\"]\nidle = \"10m\"\nfree-disk = \"20GiB\"\nbattery = true\n"), flagsWith(t,
		"--owner.processes", "steam_app_*, vlc", "--owner.cpu", "30%"), []string{"THETAEDGE_OWNER_GPU_TEMPERATURE=80C"})
	require.NoError(t, err)
	rules, err := c.Owner.Rules()
	require.NoError(t, err)
	require.Equal(t, []owner.Rule{owner.Hours, owner.Idle, owner.Processes, owner.CPU, owner.GPUTemperature, owner.Battery, owner.FreeDisk}, rules.Rules())
	require.Equal(t, []string{"steam_app_*", "vlc"}, c.Owner.Processes)
	rules, err = Default().Owner.Rules()
	require.NoError(t, err)
	require.True(t, rules.Empty())
	_, err = Load(homeWith(t, "[owner]\nhours = [\"mon 08:00-08:00\"]\nfan = \"0%\"\n"), nil, nil)
	require.ErrorContains(t, err, "owner.hours")
	require.ErrorContains(t, err, "owner.fan")
}

func TestWrittenFileIsTheDefault(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, Write(home, Default()))
	c, err := Load(home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, Default(), c)
	require.ErrorContains(t, Write(home, Default()), "cannot create", "never overwritten")
}

func TestUnknownSettingsAreRefusedWithTheirName(t *testing.T) {
	_, err := Load(homeWith(t, "[policy]\nmax-job = 2\n"), nil, nil)
	require.ErrorContains(t, err, `unknown setting "policy.max-job"`)
	require.ErrorContains(t, err, "policy.max-jobs")
	_, err = Load(t.TempDir(), nil, []string{"THETAEDGE_POLICY_MAXJOBS=2"})
	require.ErrorContains(t, err, "THETAEDGE_POLICY_MAXJOBS")
	_, err = Load(homeWith(t, "[policy\n"), nil, nil)
	require.ErrorContains(t, err, "no valid TOML")
}

func TestNumbersOfFlagsAndEnvironmentAreDecimal(t *testing.T) {
	keys := map[string]string{"--policy.max-jobs": "10", "--policy.max-fuel": "10", "--tx.timeout-blocks": "10", "--work.reveal-margin": "10"}
	for flag, fine := range keys {
		_, err := Load(t.TempDir(), flagsWith(t, flag, fine), nil)
		require.NoError(t, err)
		for _, wrong := range []string{"010", "0x10", "0b10", "1_0", "+10", " 10", "1e1", "ten", ""} {
			_, err := Load(t.TempDir(), flagsWith(t, flag, wrong), nil)
			require.ErrorContains(t, err, "decimal digits", "%s %q", flag, wrong)
		}
	}
	_, err := Load(t.TempDir(), nil, []string{"THETAEDGE_POLICY_MAX_JOBS=010"})
	require.ErrorContains(t, err, "decimal digits")
	_, err = Load(homeWith(t, "[policy]\nmax-jobs = 010\n"), nil, nil)
	require.Error(t, err, "TOML has no leading zeros")
}

func TestAmountsOfThePolicyAreDecimal(t *testing.T) {
	c, err := Load(t.TempDir(), flagsWith(t, "--policy.min-rewards", "010tfuel"), nil)
	require.NoError(t, err)
	rewards, err := c.Policy.Rewards()
	require.NoError(t, err)
	require.Equal(t, "10000000000000000000atfuel", rewards.String())
	_, err = Load(t.TempDir(), flagsWith(t, "--policy.min-rewards", "0.5atfuel"), nil)
	require.ErrorContains(t, err, "at most 0 digits after the point")
}

func TestSettingsThatCannotWorkSayWhatWould(t *testing.T) {
	for setting, want := range map[string]string{
		"[policy]\nmax-jobs = 0":                                           "policy.max-jobs: expected 1 to 1024, found 0",
		"[policy]\nmin-prices = [\"wasm/1\"]":                              "policy.min-prices: expected PROFILE=AMOUNT",
		"[policy]\nmin-prices = [\"wasm/9=1tfuel\"]":                       "policy.min-prices: expected PROFILE=AMOUNT with one of the profiles",
		"[policy]\nmin-prices = [\"wasm/1=-1tfuel\"]":                      "policy.min-prices: wasm/1: ",
		"[policy]\nmin-prices = [\"wasm/1=1tfuel\", \"wasm/1 = 2 tfuel\"]": "policy.min-prices: ",
		"[policy]\nmin-prices = [\"wasm/1=1tfuel\", \"wasm/1 = 2tfuel\"]":  "found atfuel twice",
		"[policy]\nmin-rewards = [\"much\"]":                               "policy.min-rewards: expected an amount",
		"[policy]\nmax-memory = \"lots\"":                                  "expected a size such as 512MiB",
		"[policy]\ntrust = \"some\"":                                       "policy.trust: expected",
		"[policy]\ngrants = \"some\"":                                      "policy.grants: expected",
		"[policy]\nown-risk-programs = [\"ab\"]":                           "policy.own-risk-programs: expected a sha256",
		"[policy]\ndeny-requesters = [\"me\"]":                             "policy.deny-requesters: expected an address",
		"[keyring]\nbackend = \"file\"":                                    "keyring.passphrase-file",
		"[keyring]\nbackend = \"paper\"":                                   "keyring.backend",
		"[api]\nhttp = \"nowhere\"":                                        "api.http: expected an address",
		"[log]\nlevel = \"loud\"":                                          "log.level",
		"[chain]\npoll = \"0s\"":                                           "chain.poll",
		"[tx]\ngas-adjustment = 0.5":                                       "tx.gas-adjustment",
		"[work]\nretention = \"1s\"":                                       "work.retention",
		"[chain]\ngrpc = \"\"\n[log]\nformat=\"\"":                         "chain.grpc",
	} {
		_, err := Load(homeWith(t, setting), nil, nil)
		require.ErrorContains(t, err, want, strings.ReplaceAll(setting, "\n", " "))
	}
}

func TestSizesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, text := range []string{"0B", "1B", "1023B", "4KiB", "512MiB", "3GiB", "2TiB"} {
		var b Bytes
		require.NoError(t, b.UnmarshalText([]byte(text)))
		require.Equal(t, text, b.String())
	}
	for _, text := range []string{"", "MiB", "-1B", "1.5GiB", "99999999999TiB", "1PB"} {
		var b Bytes
		require.Error(t, b.UnmarshalText([]byte(text)), text)
	}
}
