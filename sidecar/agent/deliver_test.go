package agent

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
)

// badLine breaks at every second upload.
type badLine struct {
	*fakeWeb
	tries int
}

func (l *badLine) PutTo(ctx context.Context, address string, r io.ReadSeeker, size int64, by *blob.Work) (blob.Digest, error) {
	if l.tries++; l.tries%2 == 0 {
		return blob.Digest{}, transfer.ErrUnreachable
	}
	return l.fakeWeb.PutTo(ctx, address, r, size, by)
}

// manyOutputs returns a record of ten outputs on disk.
func manyOutputs(t *testing.T) store.Assignment {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, outputFolder), 0o700))
	result := executor.Result{Profile: "wasm/1", Reason: manifest.ReasonExited}
	for n := range 10 {
		content, name := fmt.Appendf(nil, "output %d", n), fmt.Sprint(n)
		require.NoError(t, os.WriteFile(filepath.Join(folder, outputFolder, name), content, 0o600))
		result.Outputs = append(result.Outputs, manifest.File{Path: name, Size: uint64(len(content)), SHA256: sha256.Sum256(content)})
	}
	encoded, err := keepManifest(folder, result)
	require.NoError(t, err)
	digest := sha256.Sum256(encoded)
	return store.Assignment{Folder: folder, ResultDigest: digest[:], Trace: digest[:], Sink: "http://relay.example/box"}
}

func TestDeliveryGoesOnWhereTheLineBroke(t *testing.T) {
	record, tries := manyOutputs(t), 0
	line, taken := &badLine{fakeWeb: newFakeWeb()}, map[[sha256.Size]byte]bool{}
	for err := transfer.ErrUnreachable; err != nil; tries++ {
		require.Less(t, tries, 20)
		err = upload(t.Context(), line, nil, record, nil, taken, time.Hour)
	}
	require.Len(t, line.drops, 12, "all outputs, the trace and the manifest")
	require.Equal(t, 12, line.puts, "each of them once")
}

func TestADeliveryOfManyOutputsMakesRoomForOthers(t *testing.T) {
	web, record, taken := newFakeWeb(), manyOutputs(t), map[[sha256.Size]byte]bool{}
	for n := range 10 {
		require.ErrorIs(t, upload(t.Context(), web, nil, record, nil, taken, 0), errTurn)
		require.Equal(t, n+1, web.puts, "each turn gets one on")
	}
	require.NoError(t, upload(t.Context(), web, nil, record, nil, taken, 0))
	require.Len(t, web.drops, 12, "all outputs, the trace and the manifest")

	// The turn is over. A delivery that has waited for longer goes first, and this does not
	// count as a failure.
	now := time.Now()
	q := newDeliveries(func() time.Time { return now }, time.Second)
	slow := q.queue(t.Context(), store.Assignment{Key: store.Key{JobID: "1-0-0"}, Sink: "https://slow.example/box"}, true)
	other := q.queue(t.Context(), store.Assignment{Key: store.Key{JobID: "2-0-0"}, Sink: "https://other.example/box"}, true)
	now = now.Add(deliveryTurn)
	q.yield(slow)
	require.True(t, other.next.Before(slow.next))
	require.False(t, slow.next.After(now))
	require.Empty(t, slow.record.DeliveryError)
}

func TestALateDeliveryIsNotPutOffForEverByLiveOnes(t *testing.T) {
	now := time.Now()
	q := newDeliveries(func() time.Time { return now }, time.Second)
	late := q.queue(t.Context(), store.Assignment{Key: store.Key{JobID: "1-0-0"}, Sink: "https://relay.example/box"}, true)
	q.queue(t.Context(), store.Assignment{Key: store.Key{JobID: "2-0-0"}, Sink: "https://other.example/box"}, true)
	live := q.queue(t.Context(), store.Assignment{Key: store.Key{JobID: "3-0-0"}, Sink: "https://third.example/box"}, false)
	live.running = true
	require.Empty(t, q.due(), "what the chain waits for goes first")
	now = now.Add(latePause)
	require.Equal(t, []*delivery{late}, q.due(), "one at a time beside live ones")
}

// TestDeliveriesAreSignedForTheTask: a node signs its deliveries with its own key. It signs
// its own statement of the chain, the job, the task, and the block in which the task ended.
func TestDeliveriesAreSignedForTheTask(t *testing.T) {
	w := newWorld(t)
	w.config.Uploads = unusedKey{}
	task := w.chain.post(w.web, 1)
	defer w.chain.blocks(2 * time.Millisecond)()
	_, stop := w.run()
	defer stop()
	record := w.untilPhase(task, store.PhaseSettled)
	require.Equal(t, w.web.puts, len(w.web.signedFor))
	require.NotEmpty(t, w.web.signedFor)
	for _, by := range w.web.signedFor {
		require.Equal(t, blob.Work{Chain: testChainID, Job: record.JobID, Task: record.Task, Signer: unusedKey{}}, by)
	}
	a := &Agent{cfg: w.config}
	require.Equal(t, record.Verdict.Height, a.workOf(&record).Ended)
	a.cfg.Uploads = nil
	require.Nil(t, a.workOf(&record), "a node without a key delivers unsigned")
}

// unusedKey never signs, because the fake web does not ask for signatures.
type unusedKey struct{}

func (unusedKey) Public() []byte              { return nil }
func (unusedKey) Sign([]byte) ([]byte, error) { return nil, nil }
