//go:build system

package systemtests

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/relay"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// line is a connection between nodes and the relay. It breaks at a certain moment of the
// delivery.
type line struct {
	*httptest.Server
	relay http.Handler

	mu sync.Mutex
	// falls reports whether the line breaks before an upload into the box is passed on. n
	// counts the uploads since falls was set; content is the upload.
	falls func(n int, content []byte) bool
	// box is the path of the job's box, below which the boxes of an array's tasks are. Nodes may
	// still deliver results of earlier jobs to other boxes.
	box   string
	drops int
	down  bool
}

func newLine(t *testing.T, network *devnet.Devnet) *line {
	t.Helper()
	address, err := url.Parse(network.Relay())
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	l := &line{relay: proxy}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.passes(r) {
		// There is no answer at all, as from a machine that is gone.
		if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = connection.Close()
		}
		return
	}
	l.relay.ServeHTTP(w, r)
}

func (l *line) passes(r *http.Request) bool {
	var content []byte
	if drop := r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/v1/drops/"); drop {
		var err error
		if content, err = io.ReadAll(r.Body); err != nil {
			return false
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if content != nil && !l.down && l.box != "" && strings.HasPrefix(r.URL.Path, l.box) {
		l.drops++
		l.down = l.falls != nil && l.falls(l.drops, content)
	}
	return !l.down
}

// fallAt makes the line break at a certain moment of the delivery into a sink. The sink of an
// array has a placeholder where nodes put the number of a task.
func (l *line) fallAt(sink string, falls func(int, []byte) bool) {
	box, _, _ := strings.Cut(strings.TrimPrefix(sink, l.URL), blob.TaskPlaceholder)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.box, l.falls, l.drops, l.down = box, falls, 0, false
}

// up repairs the line.
func (l *line) up() { l.fallAt("", nil) }

func (l *line) isDown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

// runOver runs a job file over a relay until it is settled, without fetching the result.
func runOver(t *testing.T, network *devnet.Devnet, relay, jobFile string, sink func(string) string) (*client.State, *client.Settlement, string) {
	t.Helper()
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	state, dir := postOver(t, network, relay, jobFile, sink)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	settlement, err := c.Watch(ctx, state.JobID, func(p client.Progress) { t.Log(p) })
	if err != nil {
		t.Fatalf("%v\n%v", err, network.Logs())
	}
	return state, settlement, dir
}

func postOver(t *testing.T, network *devnet.Devnet, relay, jobFile string, sink func(string) string) (*client.State, string) {
	t.Helper()
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	signer, err := network.Signer(devnet.Alice)
	require.NoError(t, err)
	job, err := jobfile.Load(jobFile)
	require.NoError(t, err)
	job.Relay = relay
	packed, err := client.Pack(job)
	require.NoError(t, err)
	if sink != nil {
		packed.Spec.Sink = sink(packed.Spec.Sink)
	}
	quote, err := c.Quote(t.Context(), signer, packed.Spec)
	require.NoError(t, err)
	require.NoError(t, quote.Err())
	require.NoError(t, packed.Upload(t.Context()))
	state, err := c.NewState(packed)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, c.Post(t.Context(), signer, state, quote.Posting, func(s *client.State) error { return s.Save(dir) }))
	return state, dir
}

// thetad runs a command of the requester and returns its output.
func thetad(t *testing.T, network *devnet.Devnet, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(root(t), "build", "thetad"), append(args, "--home", network.Home())...)
	out, err := command.CombinedOutput()
	t.Logf("thetad %s\n%s", strings.Join(args, " "), out)
	return string(out), err
}

// quickText is a job that takes a second or two.
const quickText = `
executor: wasm/1
program: %[1]s/build/textgen.wasm
args: [--tokens, "200", --seed, "11"]
inputs:
  model.bin: %[1]s/examples/textgen/model.bin
  prompt.txt: %[1]s/examples/textgen/prompt.txt
resources: {fuel: 20_000_000_000, memory: 64MiB, output: 64KiB}
class: cpu-small
reward: 1tfuel
`

// shortReveals lets nodes reveal soon although their outputs are not delivered.
func shortReveals(o *devnet.Options) {
	o.Params = map[string]map[string]any{"compute": {"reveal_blocks": "16"}}
}

func TestAPaidResultIsNeverLost(t *testing.T) {
	t.Parallel()
	network := startNetwork(t, shortReveals)
	t.Run("nothing is claimed whose sink nobody trusts", func(t *testing.T) { requireUntrustedIsLeft(t, network) })
	t.Run("a relay that goes away gets it later", func(t *testing.T) { requireDeliveredLater(t, network) })
	t.Run("another relay gets what one has lost", func(t *testing.T) { requireDeliveredElsewhere(t, network) })
	invariants, err := network.Invariants(t.Context())
	require.NoError(t, err)
	for name, found := range invariants {
		require.Equal(t, devnet.Holds, found, name)
	}
}

func requireDeliveredLater(t *testing.T, network *devnet.Devnet) {
	t.Helper()
	line := newLine(t, network)
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	isManifest := func(content []byte) bool { return bytes.HasPrefix(content, []byte(manifest.Version)) }
	for _, stage := range []struct {
		name  string
		falls func(int, []byte) bool
		kill  bool
	}{
		{"before the first output", func(int, []byte) bool { return true }, false},
		{"between outputs", func(n int, _ []byte) bool { return n == 2 }, true},
		{"before the manifest", func(_ int, content []byte) bool { return isManifest(content) }, true},
	} {
		t.Run(stage.name, func(t *testing.T) {
			state, settlement, dir := runOver(t, network, line.URL, writeJob(t, fmt.Sprintf(quickText, root(t)), nil), func(sink string) string {
				line.fallAt(sink, stage.falls)
				return sink
			})
			require.True(t, line.isDown(), "the line never fell")
			require.True(t, settlement.Accepted())
			require.Len(t, paid(&devnet.Run{Settlement: settlement}), 3, "revealed all the same")
			_, err := c.Fetch(t.Context(), state, settlement, dir)
			require.ErrorIs(t, err, client.ErrNotDelivered)
			require.ErrorContains(t, err, "does not answer")
			if stage.kill {
				for _, node := range network.Nodes() {
					require.NoError(t, network.Kill(node.Name))
				}
				for _, node := range network.Nodes() {
					require.NoError(t, network.Restart(node.Name))
				}
			}
			line.up()
			require.Eventually(t, func() bool {
				_, err = c.Fetch(t.Context(), state, settlement, dir)
				return err == nil
			}, 90*time.Second, 500*time.Millisecond, "nodes try by themselves: %v", err)
			_, err = c.Verify(t.Context(), state.JobID, dir)
			require.NoError(t, err)
		})
	}
}

func requireDeliveredElsewhere(t *testing.T, network *devnet.Devnet) {
	t.Helper()
	single := fmt.Sprintf(quickText, root(t))
	state, settlement, dir := runOver(t, network, network.Relay(), writeJob(t, single, nil), nil)
	require.True(t, settlement.Accepted())
	many, _, manyDir := runOver(t, network, network.Relay(), writeJob(t, single+"tasks: 2\n", nil), nil)

	// The relay is gone with all its data, and all nodes are killed.
	require.NoError(t, network.Kill(devnet.BlobRelay))
	for _, node := range network.Nodes() {
		require.NoError(t, network.Kill(node.Name))
	}
	out, err := thetad(t, network, "compute", "fetch", "--out", dir, "--from", devnet.Alice, "-y")
	require.Error(t, err)
	require.Contains(t, out, "does not answer")
	require.NotContains(t, out, "may have expired")

	config := relay.DefaultConfig(t.TempDir())
	config.ClientRate, config.BoxClientPercent = 0, 100 // all nodes share one address here
	server, err := relay.NewServer(config, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	require.NoError(t, err)
	other := httptest.NewServer(server)
	defer other.Close()
	out, err = thetad(t, network, "compute", "fetch", "--out", dir, "--from", devnet.Alice, "--relay", other.URL)
	require.Error(t, err, "without consent nothing is spent")
	require.Contains(t, out, "--yes")
	// The request is on chain while the nodes are down.
	for _, node := range network.Nodes() {
		time.AfterFunc(10*time.Second, func() { _ = network.Restart(node.Name) })
	}
	for job, folder := range map[*client.State]string{state: dir, many: manyDir} {
		_, err = thetad(t, network, "compute", "fetch", "--out", folder, "--from", devnet.Alice, "--relay", other.URL, "-y")
		if err != nil {
			t.Fatalf("%v\n%v", err, network.Logs())
		}
		_, err = thetad(t, network, "compute", "verify", job.JobID, "--dir", folder)
		require.NoError(t, err)
		kept, err := client.LoadState(folder)
		require.NoError(t, err)
		require.Equal(t, other.URL, kept.Relay, "the job's relay from now on")
		require.Equal(t, job.Token, kept.Token)
	}
	out, err = thetad(t, network, "compute", "fetch", "--out", dir)
	require.NoError(t, err, "what is here needs neither key nor relay")
	require.NotContains(t, out, "Asked nodes")

	// A relay that has lost its data is filled again.
	config.Root = t.TempDir()
	require.NoError(t, os.RemoveAll(filepath.Join(manyDir, "1")))
	found, err := relay.NewServer(config, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	require.NoError(t, err)
	other.Config.Handler = found
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	asked, err := computetypes.NewQueryClient(network.Conn()).Job(t.Context(), &computetypes.QueryJobRequest{JobId: many.JobID})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		height, err := c.Height(t.Context())
		return err == nil && height > asked.Job.Redelivery.Height+computetypes.RedeliveryPause
	}, time.Minute, 500*time.Millisecond)
	_, err = thetad(t, network, "compute", "run", "--resume", "--wait", "--out", manyDir, "--from", devnet.Alice, "-y")
	require.NoError(t, err)
	_, err = thetad(t, network, "compute", "verify", many.JobID, "--dir", manyDir)
	require.NoError(t, err)
}

func requireUntrustedIsLeft(t *testing.T, network *devnet.Devnet) {
	t.Helper()
	secret := httptest.NewTLSServer(http.NotFoundHandler())
	defer secret.Close()
	secret.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	state, _ := postOver(t, network, network.Relay(), writeJob(t, fmt.Sprintf(quickText, root(t)), nil), func(sink string) string {
		return strings.Replace(sink, network.Relay(), secret.URL, 1)
	})
	for _, node := range network.Nodes() {
		require.Eventually(t, func() bool {
			answer, err := http.Get(node.API() + "/v1/status") //nolint:noctx // a test
			if err != nil {
				return false
			}
			defer answer.Body.Close()
			said, err := io.ReadAll(answer.Body)
			return err == nil && bytes.Contains(said, []byte("certificate is not trusted"))
		}, time.Minute, 200*time.Millisecond, node.Name)
	}
	job, err := computetypes.NewQueryClient(network.Conn()).Job(t.Context(), &computetypes.QueryJobRequest{JobId: state.JobID})
	require.NoError(t, err)
	require.Equal(t, computetypes.JOB_STATUS_OPEN, job.Job.Status)
	task, err := computetypes.NewQueryClient(network.Conn()).Chunk(t.Context(), &computetypes.QueryChunkRequest{JobId: state.JobID})
	require.NoError(t, err)
	require.Empty(t, task.Chunk.Rounds[0].Replicas)
	require.Empty(t, task.Chunk.Rounds[0].Draw.Candidates)
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	signer, err := network.Signer(devnet.Alice)
	require.NoError(t, err)
	_, err = c.Cancel(t.Context(), signer, state.JobID)
	require.NoError(t, err)
}
