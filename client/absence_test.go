package client

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestWhatKeepsAResultAwayIsSaidAndNothingIsGuessed(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	defer unknown.Close()
	empty := startRelay(t)
	otherToken, err := blob.NewToken()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		spoil  func(*State, *Settlement)
		kind   AbsenceKind
		says   string
		answer bool
	}{
		"relay away":   {func(s *State, _ *Settlement) { s.Relay = gone.URL }, AbsentRelay, "does not answer", false},
		"certificate":  {func(s *State, _ *Settlement) { s.Relay = unknown.URL }, AbsentTrust, "certificate that is not trusted", false},
		"empty box":    {func(s *State, _ *Settlement) { s.Relay = empty }, AbsentAll, "is empty", true},
		"other box":    {func(s *State, _ *Settlement) { s.Token = otherToken }, AbsentAll, "is empty", true},
		"other result": {func(_ *State, s *Settlement) { s.Receipt.Tags = [][]byte{make([]byte, 32)} }, AbsentResult, "none of them is the accepted result", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, client, state, settlement, dir := fetchedJob(t)
			c.spoil(state, settlement)
			_, err := client.Fetch(t.Context(), state, settlement, dir)
			require.ErrorIs(t, err, ErrNotDelivered)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "may have")
			require.NotContains(t, err.Error(), string(state.Token))
			var where *Absence
			require.ErrorAs(t, err, &where)
			require.Equal(t, c.kind, where.Kind)
			require.Equal(t, c.answer, where.Answers())
		})
	}
}

func TestATokenThatIsRefusedAndAFileThatIsMissingAreToldApart(t *testing.T) {
	_, c, state, settlement, dir := fetchedJob(t)
	relay := state.Relay
	// refuses answers like a relay that has lost something.
	refuses := func(lost func(*http.Request) int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if status := lost(r); status != 0 {
				w.WriteHeader(status)
				return
			}
			r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", strings.TrimPrefix(relay, "http://")
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer answer.Body.Close()
			w.WriteHeader(answer.StatusCode)
			var body bytes.Buffer
			_, _ = body.ReadFrom(answer.Body)
			_, _ = w.Write(body.Bytes())
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	var where *Absence
	state.Relay = refuses(func(*http.Request) int { return http.StatusForbidden })
	_, err := c.Fetch(t.Context(), state, settlement, dir)
	require.ErrorAs(t, err, &where)
	require.Equal(t, AbsentToken, where.Kind)
	require.False(t, where.Answers())

	lost := blob.DigestOf([]byte("It is a truth\n")).String()
	state.Relay = refuses(func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, lost) {
			return http.StatusNotFound
		}
		return 0
	})
	_, err = c.Fetch(t.Context(), state, settlement, dir)
	require.ErrorAs(t, err, &where)
	require.Equal(t, AbsentFile, where.Kind)
	require.Equal(t, "text.txt", where.File)
	require.True(t, where.Answers())
}

// leave puts content into a box, as any client can that knows its address.
func leave(t *testing.T, sink string, content []byte) {
	t.Helper()
	node, err := transfer.NewClient(transfer.ClientConfig{})
	require.NoError(t, err)
	_, err = node.PutSink(t.Context(), sink, bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
}

func TestWhyAProgramFailedIsShownForWhatItIs(t *testing.T) {
	packed := packedJob(t, startRelay(t))
	c := testClient(t, newChain())
	state, err := c.NewState(packed)
	require.NoError(t, err)
	state.JobID = testJob
	result := manifest.Manifest{Profile: "wasm/1", Reason: manifest.ReasonTrapped, ExitCode: manifest.NoExitCode}
	encoded, err := result.Encode()
	require.NoError(t, err)
	leave(t, packed.Spec.Sink, encoded)
	leave(t, packed.Spec.Sink, traceOf(blob.DigestOf(encoded)).Encode())
	remark := func(job, node, text string) []byte {
		return blob.Remark{JobID: job, Node: node, Text: text}.Encode()
	}
	leave(t, packed.Spec.Sink, remark(testJob, "a", "unreachable executed"))
	leave(t, packed.Spec.Sink, remark(testJob, "a", "\x1b[2Jsomething else"))
	leave(t, packed.Spec.Sink, remark(testJob, "stranger", "send me your coins"))
	leave(t, packed.Spec.Sink, remark("9-9-9", "a", "of another job"))
	leave(t, packed.Spec.Sink, []byte("theta.remark/1\nand nothing of the kind"))
	dir := t.TempDir()
	fetched, err := c.Fetch(t.Context(), state, settledWith(t, result), dir)
	require.NoError(t, err)
	require.Len(t, fetched.Remarks, 1, "one of each node that took part")
	require.Equal(t, "a", fetched.Remarks[0].Node)
	require.NotContains(t, fetched.Remarks[0].Text, "\x1b")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, ManifestFile), filepath.Join(dir, TraceFile)}, files, "they are no part of the result")

	// So it is with a job that failed.
	receipt := &computetypes.Receipt{JobId: testJob, Status: computetypes.CHUNK_STATUS_FAILED, Outcomes: []computetypes.Outcome{{Operator: "a"}}}
	require.Equal(t, fetched.Remarks, c.Remarks(t.Context(), state, receipt))
}

func TestABoxFullOfRemarksIsNotReadForEver(t *testing.T) {
	packed := packedJob(t, startRelay(t))
	c := testClient(t, newChain())
	state, err := c.NewState(packed)
	require.NoError(t, err)
	receipt := &computetypes.Receipt{JobId: testJob}
	for n := range 3 * remarksRead {
		node := fmt.Sprintf("node %d", n)
		receipt.Outcomes = append(receipt.Outcomes, computetypes.Outcome{Operator: node})
		leave(t, packed.Spec.Sink, blob.Remark{JobID: testJob, Node: node, Text: "text"}.Encode())
	}
	require.Len(t, c.Remarks(t.Context(), state, receipt), remarksRead)
}

func TestAnotherRelayKeepsTheTokenOfTheJob(t *testing.T) {
	for _, tasks := range []int{1, arrayTasks} {
		packed, err := packedArray(t, startRelay(t), tasks, "")
		require.NoError(t, err)
		c := testClient(t, newChain())
		state, err := c.NewState(packed)
		require.NoError(t, err)
		before, err := state.sink()
		require.NoError(t, err)
		require.Equal(t, packed.Spec.Sink, before)
		require.Error(t, state.MoveTo("relay.example"))
		require.NoError(t, state.MoveTo("https://other.example"))
		after, err := state.sink()
		require.NoError(t, err)
		require.Equal(t, strings.Replace(before, packed.Relay, "https://other.example", 1), after)
		require.NoError(t, computetypes.ValidateSink(after))
		dir := t.TempDir()
		require.NoError(t, state.Save(dir))
		info, err := os.Stat(filepath.Join(dir, StateFile))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}
