//go:build system

package systemtests

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/relay"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// validatorsOfPost is the number of validators. They make blocks as long as three of them are
// up.
const validatorsOfPost = 4

// poster is a requester whose command is killed, with validators that are restarted and
// stopped.
type poster struct {
	t       *testing.T
	network *devnet.Devnet
	thetad  string
	jobFile string
	random  *rand.Rand
}

// TestAJobIsOnChainOnceAfterKillsRestartsAHaltAndOtherNodes: validators require different gas
// prices, so that one refuses what another has accepted.
func TestAJobIsOnChainOnceAfterKillsRestartsAHaltAndOtherNodes(t *testing.T) {
	t.Parallel()
	p := newPoster(t)
	rounds := []func(dir string){p.killedAndResumedElsewhere, p.chainHalts, p.nodeRestarts, p.killedAndResumedElsewhere}
	states := make([]*client.State, len(rounds))
	for i, trouble := range rounds {
		dir := filepath.Join(t.TempDir(), "my results")
		trouble(dir)
		states[i] = p.finish(dir)
	}
	p.checkOnce(append(states, p.atOnce(5)...))
}

func newPoster(t *testing.T) *poster {
	t.Helper()
	thetad := filepath.Join(root(t), "build", "thetad")
	network, err := devnet.StartValidators(t.Context(), devnet.ValidatorOptions{
		Dir: filepath.Join(t.TempDir(), "network"), Thetad: thetad, ChainID: "theta-post-1",
		Count: validatorsOfPost, BlockPause: 300 * time.Millisecond, Epoch: 4 * time.Second,
		GasPrices: []string{"", "2000000000" + params.BaseDenom, "5000000000" + params.BaseDenom, ""},
		Params: map[string]map[string]any{
			"edgenode": {
				"min_bond": params.Tfuel(10).String(), "bond_per_slot": params.Tfuel(10).String(),
				"classes": []any{map[string]any{"id": "cpu-small", "minimum": map[string]any{
					"cpu_cores": 1, "memory_bytes": "536870912", "gpus": 0, "gpu_memory_bytes": "0", "model": "",
				}}},
			},
			"compute": {"spare_nodes": 0, "audit_floor_bps": 0},
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, network.Stop()) })
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p := &poster{t: t, network: network, thetad: thetad, random: rand.New(rand.NewPCG(seed, 1))}
	p.openNodes()
	p.jobFile = writeJob(t, "executor: wasm/1\nprogram: p.wasm\nclass: cpu-small\nreward: 1tfuel\n"+
		"resources: {fuel: 1000, memory: 1MiB, output: 1KiB}\nrelay: "+startRelay(t)+"\n", map[string][]byte{"p.wasm": endless})
	return p
}

// openNodes registers as many nodes as a job needs, with the validators' accounts as
// operators.
func (p *poster) openNodes() {
	ctx := p.t.Context()
	c, err := p.network.Client(ctx)
	require.NoError(p.t, err)
	for i := 1; i < validatorsOfPost; i++ {
		signer, err := p.network.ValidatorSigner(i)
		require.NoError(p.t, err)
		worker := make([]byte, 20)
		worker[0] = byte(i)
		_, err = c.Execute(ctx, signer, &edgenodetypes.MsgRegister{
			Operator: p.network.ValidatorAddress(i), Worker: bech32(p.t, worker), Moniker: devnet.ValidatorName(i), Region: "de", Class: "cpu-small",
			Hardware:  edgenodetypes.Hardware{CpuCores: 4, MemoryBytes: 8 << 30},
			Executors: []string{"wasm/1"}, Bond: params.TfuelCoin(100), Slots: 8,
		})
		require.NoError(p.t, err)
	}
	require.NoError(p.t, p.network.Await(ctx, time.Minute, "the nodes' epoch", func() (bool, error) {
		live, err := p.network.LiveNodes(ctx)
		return live == validatorsOfPost-1, err
	}))
}

// command returns a thetad compute run command that uses a validator's node.
func (p *poster) command(ctx context.Context, node int, args ...string) *exec.Cmd {
	args = append([]string{"compute", "run"}, args...)
	args = append(args, "--node", p.network.ValidatorRPC(node), "--from", devnet.ValidatorName(0),
		"--home", p.network.ValidatorHome(0), "--keyring-backend", "test", "-y")
	cmd := exec.CommandContext(ctx, p.thetad, args...)
	cmd.WaitDelay = time.Second
	return cmd
}

// killed starts a run and kills it after some time.
func (p *poster) killed(node int, after time.Duration, args ...string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), after)
	defer cancel()
	out, err := p.command(ctx, node, args...).CombinedOutput()
	p.t.Logf("run at node %d, killed after %s: %v\n%s", node, after, err, out)
}

// moment returns a random time after which a run is killed.
func (p *poster) moment() time.Duration {
	return time.Duration(800+p.random.IntN(2200)) * time.Millisecond
}

func (p *poster) killedAndResumedElsewhere(dir string) {
	p.killed(p.random.IntN(validatorsOfPost), p.moment(), p.jobFile, "--out", dir)
	for range 2 {
		if _, err := client.LoadState(dir); err == nil {
			p.killed(p.random.IntN(validatorsOfPost), p.moment(), "--resume", "--out", dir)
		}
	}
}

func (p *poster) nodeRestarts(dir string) {
	node := p.random.IntN(validatorsOfPost)
	p.killed(node, p.moment(), p.jobFile, "--out", dir)
	p.restart(node)
}

// chainHalts stops two validators while a transaction is under way, and restarts the node
// that has it. That node forgets its mempool and refuses everything until the next block.
func (p *poster) chainHalts(dir string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	var out strings.Builder
	cmd := p.command(ctx, 0, p.jobFile, "--out", dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(p.t, cmd.Start())
	require.NoError(p.t, p.network.Await(ctx, time.Minute, "a state", func() (bool, error) {
		_, err := client.LoadState(dir)
		return err == nil, nil
	}), &out)
	for _, node := range []int{2, 3} {
		require.NoError(p.t, p.network.Kill(devnet.ValidatorName(node)))
	}
	require.NoError(p.t, cmd.Process.Kill())
	p.t.Logf("run cut off by a halt: %v\n%s", cmd.Wait(), out.String())
	p.restart(0)
	p.killed(0, 4*time.Second, "--resume", "--out", dir)
	p.killed(1, 4*time.Second, "--resume", "--out", dir)
	for _, node := range []int{2, 3} {
		require.NoError(p.t, p.network.Restart(devnet.ValidatorName(node)))
		p.awaitNode(node)
	}
}

func (p *poster) restart(node int) {
	require.NoError(p.t, p.network.Kill(devnet.ValidatorName(node)))
	require.NoError(p.t, p.network.Restart(devnet.ValidatorName(node)))
	p.awaitNode(node)
}

// awaitNode waits until a node's RPC answers; the chain may stand still.
func (p *poster) awaitNode(node int) {
	require.NoError(p.t, p.network.Await(p.t.Context(), time.Minute, "a node's RPC", func() (bool, error) {
		answer, err := http.Get("http://" + p.network.ValidatorRPC(node) + "/status") //nolint:noctx // bounded by the patience
		if err != nil {
			return false, err
		}
		return answer.StatusCode == http.StatusOK, answer.Body.Close()
	}))
}

// atOnce starts several runs with one key at the same time.
func (p *poster) atOnce(runs int) []*client.State {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 90*time.Second)
	defer cancel()
	dirs, outs, errs := make([]string, runs), make([][]byte, runs), make([]error, runs)
	var all sync.WaitGroup
	for i := range runs {
		dirs[i] = p.t.TempDir()
		all.Go(func() {
			outs[i], errs[i] = p.command(ctx, i%validatorsOfPost, p.jobFile, "--out", dirs[i]).CombinedOutput()
		})
	}
	all.Wait()
	states := make([]*client.State, runs)
	for i := range runs {
		require.NoError(p.t, errs[i], "%s", outs[i])
		var err error
		states[i], err = client.LoadState(dirs[i])
		require.NoError(p.t, err)
		require.NotEmpty(p.t, states[i].JobID)
	}
	return states
}

// finish resumes the job until it is on chain.
func (p *poster) finish(dir string) *client.State {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		state, err := client.LoadState(dir)
		if err == nil && state.JobID != "" {
			return state
		}
		args := []string{p.jobFile, "--out", dir}
		if err == nil {
			args = []string{"--resume", "--out", dir}
		}
		node := p.random.IntN(validatorsOfPost)
		out, err := p.command(ctx, node, args...).CombinedOutput()
		p.t.Logf("run at node %d to its end: %v\n%s", node, err, out)
	}
	p.t.Fatalf("the job came to no end: %v", p.network.Logs())
	return nil
}

// checkOnce requires that each job is on chain exactly once, and that its state opens its
// results.
func (p *poster) checkOnce(states []*client.State) {
	p.t.Helper()
	answer, err := computetypes.NewQueryClient(p.network.Conn()).Jobs(p.t.Context(), &computetypes.QueryJobsRequest{
		Requester: p.network.ValidatorAddress(0), Pagination: &query.PageRequest{Limit: 100},
	})
	require.NoError(p.t, err)
	require.Len(p.t, answer.Jobs, len(states), "each job was posted, and paid, once")
	for _, state := range states {
		posted, err := computetypes.NewQueryClient(p.network.Conn()).Job(p.t.Context(), &computetypes.QueryJobRequest{JobId: state.JobID})
		require.NoError(p.t, err)
		box, err := blob.BoxOf(state.Token)
		require.NoError(p.t, err)
		require.Contains(p.t, posted.Spec.Sink, box, "the token in the state opens the job's results")
	}
}

// TestANodeIsRegisteredByATransactionThatIsSignedElsewhere: register creates the transaction,
// and the operator's other machine signs and sends it.
func TestANodeIsRegisteredByATransactionThatIsSignedElsewhere(t *testing.T) {
	t.Parallel()
	p := newPoster(t)
	thetaedge, home, dir := filepath.Join(root(t), "build", "thetaedge"), t.TempDir(), t.TempDir()
	call := func(binary string, args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		require.NoError(t, err, "%s %s\n%s%s", binary, args, out, &errs)
		return out
	}
	call(thetaedge, "init", "--home", home, "--grpc", p.network.GRPC(), "--chain-id", p.network.ChainID())
	register := []string{
		"register", "--home", home, "--from", devnet.ValidatorName(0), "--keyring-dir", p.network.ValidatorHome(0), "--keyring-backend", "test",
		"--region", "de", "--class", "cpu-small", "--bond", "20tfuel", "--note", "from afar",
	}
	call(thetaedge, append(register, "--dry-run")...)
	_, err := exec.CommandContext(t.Context(), thetaedge, register...).Output()
	require.Error(t, err, "nobody has agreed")
	unsigned, signed := filepath.Join(dir, "unsigned.json"), filepath.Join(dir, "signed.json")
	require.NoError(t, os.WriteFile(unsigned, call(thetaedge, append(register, "--generate-only")...), 0o600))
	common := []string{"--home", p.network.ValidatorHome(0), "--keyring-backend", "test", "--chain-id", p.network.ChainID(), "--node", "tcp://" + p.network.ValidatorRPC(0)}
	call(p.thetad, append([]string{"tx", "sign", unsigned, "--from", devnet.ValidatorName(0), "--output-document", signed}, common...)...)
	call(p.thetad, append([]string{"tx", "broadcast", signed}, common...)...)
	var found *edgenodetypes.QueryNodeResponse
	require.NoError(t, p.network.Await(t.Context(), time.Minute, "the node", func() (ok bool, err error) {
		found, err = edgenodetypes.NewQueryClient(p.network.Conn()).Node(t.Context(), &edgenodetypes.QueryNodeRequest{Operator: p.network.ValidatorAddress(0)})
		return err == nil, err
	}))
	for _, profile := range profiles.Names() {
		require.Equal(t, client.CautiousFuelPerBlock(profile), found.Node.Profile.Limits.RateOf(profile), "the rate of a home whose owner has measured nothing")
	}
	call(thetaedge, append(register, "--yes")...) // renews the grant
}

func startRelay(t *testing.T) string {
	t.Helper()
	server, err := relay.NewServer(relay.DefaultConfig(t.TempDir()), slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	return fmt.Sprintf("http://%s", listener.Addr())
}

func bech32(t *testing.T, address []byte) string {
	t.Helper()
	text, err := sdk.Bech32ifyAddressBytes(params.Bech32Prefix, address)
	require.NoError(t, err)
	return text
}
