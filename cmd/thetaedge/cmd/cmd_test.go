package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/internal/private/privatetest"
	"github.com/thetaedge/theta/relay"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/worker"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func TestMain(m *testing.M) {
	if code, guest := Guest(os.Args); guest {
		os.Exit(code)
	}
	params.SetSDKDefaults()
	// Other tests run on the same machine.
	if err := os.Setenv("THETAEDGE_WORK_PRIORITY", config.Normal); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// besideOthers returns settings of a node on a machine where other tests run.
func besideOthers() config.Config {
	settings := config.Default()
	settings.Work.Priority = config.Normal
	return settings
}

// run executes a command and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root, err := Root()
	require.NoError(t, err)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestEveryCommandIsThere(t *testing.T) {
	root, err := Root()
	require.NoError(t, err)
	for _, name := range []string{"init", "doctor", "register", "start", "status", "jobs", "relay", "version", "pause", "resume", "bench", "dashboard"} {
		command, _, err := root.Find([]string{name})
		require.NoError(t, err, name)
		require.Equal(t, name, command.Name())
		require.NotEmpty(t, command.Short)
	}
}

func TestInitMakesAHomeOnce(t *testing.T) {
	home := filepath.Join(t.TempDir(), "edge")
	out, err := run(t, "init", "--home", home, "--grpc", "127.0.0.1:1")
	require.NoError(t, err)
	require.Contains(t, out, "worker     theta1")
	require.Contains(t, out, "Next: thetaedge doctor")
	privatetest.RequireAlone(t, home)
	_, err = run(t, "init", "--home", home)
	require.ErrorContains(t, err, "expected no home")
}

func TestDoctorTriesTheSandboxAndNamesWhatIsMissing(t *testing.T) {
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, "init", "--home", home, "--grpc", "127.0.0.1:1")
	require.NoError(t, err)
	out, err := run(t, "doctor", "--home", home, "--api.grpc", "127.0.0.1:0", "--api.http", "127.0.0.1:0")
	require.ErrorContains(t, err, "1 checks failed")
	require.Contains(t, out, "ok       wasm")
	for _, layer := range worker.Layers() {
		require.Regexp(t, `(?m)^(ok|warn) +layer +`+layer+": ", out)
	}
	require.Contains(t, out, "MISSING  chain")
	require.Contains(t, out, "unreachable")
	left, err := filepath.Glob(filepath.Join(home, "selftest-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestALayerThatTheOwnerDemandsIsMissingAndNotAWarning(t *testing.T) {
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, "init", "--home", home, "--grpc", "127.0.0.1:1")
	require.NoError(t, err)
	_, err = run(t, "doctor", "--home", home, "--work.layers", "walls")
	require.ErrorContains(t, err, "work.layers: expected layers out of")
	out, err := run(t, "doctor", "--home", home, "--work.layers", "limits, privileges")
	require.Error(t, err)
	require.Regexp(t, `(ok|MISSING) +layer +limits`, out)
}

func TestCommandsWithoutAHomeSayWhatToRun(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"start", "doctor"} {
		_, err := run(t, name, "--home", home)
		require.ErrorContains(t, err, "run thetaedge init")
	}
	_, err := run(t, "status", "--home", home)
	require.ErrorContains(t, err, "run thetaedge start")
}

func TestSettingsAreFlags(t *testing.T) {
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, "init", "--home", home)
	require.NoError(t, err)
	_, err = run(t, "doctor", "--home", home, "--policy.max-jobs", "0")
	require.ErrorContains(t, err, "policy.max-jobs: expected 1 to 1024, found 0")
}

func TestPauseIsAFileThatResumeRemoves(t *testing.T) {
	home := t.TempDir()
	require.False(t, isPaused(home))
	_, err := run(t, "pause", "--home", home)
	require.NoError(t, err)
	require.True(t, isPaused(home))
	for range 2 {
		_, err = run(t, "resume", "--home", home)
		require.NoError(t, err)
		require.False(t, isPaused(home))
	}
}

func TestAPauseMaySuspendProgramsToo(t *testing.T) {
	home := t.TempDir()
	require.False(t, isSuspended(home))
	told, err := run(t, "pause", "--suspend", "--home", home)
	require.NoError(t, err)
	require.Contains(t, told, "deadlines go on")
	require.True(t, isPaused(home))
	require.True(t, isSuspended(home))
	_, err = run(t, "pause", "--home", home)
	require.NoError(t, err)
	require.True(t, isPaused(home))
	require.False(t, isSuspended(home), "held assignments continue after a pause without --suspend")
	_, err = run(t, "pause", "--suspend", "--home", home)
	require.NoError(t, err)
	_, err = run(t, "resume", "--home", home)
	require.NoError(t, err)
	require.False(t, isPaused(home))
	require.False(t, isSuspended(home))
	_, err = run(t, "pause", "--suspend", "--home", filepath.Join(home, "none"))
	require.ErrorContains(t, err, "cannot pause")
}

func TestRegisterTakesTheMostDemandingClassThatFits(t *testing.T) {
	classes := edgenodetypes.DefaultParams().Classes
	const gib = 1 << 30
	for want, have := range map[string]edgenodetypes.Hardware{
		"cpu-small": {CpuCores: 4, MemoryBytes: 8 * gib},
		"cpu-large": {CpuCores: 16, MemoryBytes: 64 * gib},
		"gpu-6g":    {CpuCores: 16, MemoryBytes: 64 * gib, Gpus: 1, GpuMemoryBytes: 6 * gib},
		"gpu-8g":    {CpuCores: 2, MemoryBytes: 64 * gib, Gpus: 1, GpuMemoryBytes: 12 * gib},
		"gpu-12g":   {CpuCores: 16, MemoryBytes: 64 * gib, Gpus: 1, GpuMemoryBytes: 12 * gib},
		"gpu-16g":   {CpuCores: 4, MemoryBytes: 16 * gib, Gpus: 1, GpuMemoryBytes: 16 * gib},
		"gpu-48g":   {CpuCores: 16, MemoryBytes: 64 * gib, Gpus: 1, GpuMemoryBytes: 46_068 << 20},
		"gpu-24g":   {CpuCores: 16, MemoryBytes: 64 * gib, Gpus: 2, GpuMemoryBytes: 24 * gib},
	} {
		class, err := bestClass(have, classes)
		require.NoError(t, err)
		require.Equal(t, want, class)
	}
	_, err := bestClass(edgenodetypes.Hardware{CpuCores: 1, MemoryBytes: gib}, classes)
	require.ErrorContains(t, err, "cpu-small: has 1 cores of 2, 1.0 GiB of 2.0 GiB memory")
}

func TestBondFillsEverySlotUnlessItIsGiven(t *testing.T) {
	p := edgenodetypes.DefaultParams()
	bond, err := (&registration{}).bondFor(p, 3)
	require.NoError(t, err)
	require.Equal(t, params.TfuelCoin(300), bond)
	bond, err = (&registration{bond: "150tfuel"}).bondFor(p, 3)
	require.NoError(t, err)
	require.Equal(t, params.TfuelCoin(150), bond)
	bond, err = (&registration{bond: "0150tfuel"}).bondFor(p, 3)
	require.NoError(t, err)
	require.Equal(t, params.TfuelCoin(150), bond, "decimal, whatever it begins with")
	for _, wrong := range []string{"99tfuel", "100uatom", "many"} {
		_, err = (&registration{bond: wrong}).bondFor(p, 1)
		require.ErrorContains(t, err, "--bond: expected", wrong)
	}
}

func TestRelayFlagsAreSizesAndNetworks(t *testing.T) {
	c := relay.DefaultConfig("")
	f := relayFlags{maxBytes: "1MiB", totalBytes: "2GiB", clientBytes: "0B", boxBytes: "5MiB", proxies: []string{"10.0.0.0/8"}}
	require.NoError(t, f.apply(&c))
	require.Equal(t, int64(1<<20), c.MaxBytes)
	require.Equal(t, int64(0), c.ClientBytes)
	require.Equal(t, "10.0.0.0/8", c.TrustedProxies[0].String())
	f.maxBytes = "big"
	require.ErrorContains(t, f.apply(&c), "--max-size: expected a size")
	f.maxBytes, f.proxies = "1MiB", []string{"proxy"}
	require.ErrorContains(t, f.apply(&c), "--trusted-proxy: expected a network")
	f.proxies, f.urls = nil, []string{"https://Relay.example:443/base", "http://relay.example:7070"}
	require.NoError(t, f.apply(&c))
	require.Equal(t, []string{"relay.example", "relay.example:7070"}, c.Audiences)
	f.urls = []string{"relay.example"}
	require.ErrorContains(t, f.apply(&c), "--public-url: ")
	closeConn, err := f.ask(&c)
	require.NoError(t, err)
	require.NoError(t, closeConn())
	require.Nil(t, c.Ledger, "without --node nobody is asked")
	f.node = "127.0.0.1:1"
	closeConn, err = f.ask(&c)
	require.NoError(t, err, "the node may come later")
	require.NotNil(t, c.Ledger)
	require.NoError(t, closeConn())
	f.node = "no endpoint"
	_, err = f.ask(&c)
	require.ErrorContains(t, err, "--node: ")
}

func TestVersionNamesTheProfile(t *testing.T) {
	out, err := run(t, "version")
	require.NoError(t, err)
	require.Contains(t, out, "wasm/1")
}
