package agent

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestInputsStayOverARestartAndAreFetchedOnce(t *testing.T) {
	w := newWorld(t)
	weights := []byte("the weights of a model")
	digest := blob.DigestOf(weights)
	const address = "http://relay.example/weights"
	w.web.set(func(web *fakeWeb) { web.content[address] = weights })
	withModel := func(task *fakeTask) {
		task.spec.Inputs = []computetypes.Input{{Path: "model", Blob: computetypes.Blob{Sha256: digest[:], Size_: uint64(len(weights)), Uris: []string{address}}}}
	}
	first := w.chain.post(w.web, 1, withModel)
	defer w.chain.blocks(time.Millisecond)()
	_, stop := w.run()
	w.untilPhase(first, store.PhaseSettled)
	stop()
	w.again()
	w.web.set(func(web *fakeWeb) { delete(web.content, address) })
	second := w.chain.post(w.web, 2, withModel)
	_, stop = w.run()
	defer stop()
	w.untilPhase(second, store.PhaseSettled)
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	require.Len(t, w.engine.started, 2)
	want := executor.Input{Name: "model", Path: filepath.Join(w.config.CacheDir, digest.String()), Digest: digest}
	for _, task := range w.engine.started {
		require.Equal(t, []executor.Input{want}, task.Inputs)
	}
}

// taken takes content and gives it back.
func taken(t *testing.T, c *cache, content string) string {
	t.Helper()
	digest := blob.DigestOf([]byte(content))
	path, err := c.take(t.Context(), digest, int64(len(content)), []string{"http://relay.example/" + content})
	require.NoError(t, err)
	c.give(digest)
	return path
}

func TestAVerifiedFileIsReadAgainOnceADay(t *testing.T) {
	web := &countingWeb{content: "weights"}
	c := newTestCache(t, web, 0)
	path := taken(t, c, "weights")
	// A disk changes bits, and nothing that the system says of the file.
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("weightz"), 0o600))
	require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
	taken(t, c, "weights")
	require.Equal(t, 1, web.fetched, "it is not read for each task")
	raw, err := os.ReadFile(path + verifiedSuffix)
	require.NoError(t, err)
	var v verified
	require.NoError(t, json.Unmarshal(raw, &v))
	v.At = v.At.Add(-verifiedFor)
	raw, err = json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+verifiedSuffix, raw, 0o600))
	taken(t, c, "weights")
	require.Equal(t, 2, web.fetched)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "weights", string(content))
}

func TestAFileWithoutARightRecordIsRead(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"no record":       func(path string) error { return os.Remove(path + verifiedSuffix) },
		"not a record":    func(path string) error { return os.WriteFile(path+verifiedSuffix, []byte("{"), 0o600) },
		"of another size": func(path string) error { return os.WriteFile(path, []byte("weight"), 0o600) },
		"written since":   func(path string) error { return os.WriteFile(path, []byte("weightz"), 0o600) },
		"of another time": func(path string) error { return os.Chtimes(path, time.Now(), time.Now()) },
		"verified in times to come": func(path string) error {
			v, _ := readVerified(path, time.Now())
			v.At = v.At.Add(time.Hour)
			raw, err := json.Marshal(v)
			if err != nil {
				return err
			}
			return os.WriteFile(path+verifiedSuffix, raw, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestCache(t, &countingWeb{content: "weights"}, 0)
			path := taken(t, c, "weights")
			_, ok := readVerified(path, time.Now())
			require.True(t, ok)
			require.NoError(t, change(path))
			_, ok = readVerified(path, time.Now())
			require.False(t, ok)
			taken(t, c, "weights")
			_, ok = readVerified(path, time.Now())
			require.True(t, ok)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "weights", string(content))
		})
	}
}

// TestAFileThatIsWrittenWhileItIsReadHasNoRecord: what was read before the write had the digest, and what a
// task would read after it has not.
func TestAFileThatIsWrittenWhileItIsReadHasNoRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights")
	require.NoError(t, os.WriteFile(path, []byte("weights"), 0o600))
	now := time.Now()
	mark, err := markVerified(path, now)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("weightz"), 0o600))
	keepVerified(path, mark, now)
	_, ok := readVerified(path, now)
	require.False(t, ok)
}

// TestAFileIsNotReadOnForAnAssignmentThatIsGivenUp: the file is so large that to read it takes longer than this test may.
func TestAFileIsNotReadOnForAnAssignmentThatIsGivenUp(t *testing.T) {
	web := &countingWeb{content: "weights"}
	c := newTestCache(t, web, 0)
	digest := blob.DigestOf([]byte("weights"))
	require.NoError(t, os.WriteFile(c.path(digest), nil, 0o600))
	if err := os.Truncate(c.path(digest), 1<<42); err != nil {
		t.Skip("this file system has no file of that size: ", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	time.AfterFunc(10*time.Millisecond, cancel)
	go func() {
		_, err := c.take(ctx, digest, 7, []string{"http://relay.example/weights"})
		ended <- err
	}()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(patience):
		require.Fail(t, "it reads on")
	}
	require.Zero(t, web.fetched)
}

func TestWhatAssignmentsWillNeedStays(t *testing.T) {
	web := &countingWeb{content: "old1"}
	c := newTestCache(t, web, 4)
	path := taken(t, c, "old1")
	c.need(map[blob.Digest]bool{blob.DigestOf([]byte("old1")): true})
	c.shrink()
	require.FileExists(t, path)
	c.need(nil)
	c.shrink()
	require.NoFileExists(t, path)
	require.NoFileExists(t, path+verifiedSuffix)
}

func TestAnUnfinishedFileStaysOverARestartAndCountsAsUnused(t *testing.T) {
	dir := t.TempDir()
	digest := blob.DigestOf([]byte("weights"))
	continued, other := filepath.Join(dir, ".fetch-"+digest.String()), filepath.Join(dir, ".fetch-123")
	for _, path := range []string{continued, other} {
		require.NoError(t, os.WriteFile(path, []byte("weig"), 0o600))
	}
	found, ok := transfer.PartialOf(filepath.Base(continued))
	require.True(t, ok)
	require.Equal(t, digest, found)
	c, err := newCache(dir, 0, &countingWeb{content: "weights"})
	require.NoError(t, err)
	require.FileExists(t, continued)
	require.NoFileExists(t, other)
	c.shrink()
	require.NoFileExists(t, continued)
}

func TestAssignmentsNeedTheirFilesUntilTheyWereExecuted(t *testing.T) {
	program, model := blob.DigestOf([]byte("program")), blob.DigestOf([]byte("model"))
	spec := &computetypes.JobSpec{
		Program: computetypes.Blob{Sha256: program[:]},
		Inputs:  []computetypes.Input{{Path: "model", Blob: computetypes.Blob{Sha256: model[:]}}},
	}
	both := map[blob.Digest]bool{program: true, model: true}
	for phase, want := range map[store.Phase]map[blob.Digest]bool{
		store.PhaseClaimed: both, store.PhaseAssigned: both, store.PhasePreparing: both, store.PhaseRunning: both,
		store.PhaseExecuted: {}, store.PhaseCommitted: {}, store.PhaseRevealed: {},
	} {
		all := assignments{store.Key{JobID: "1"}: {record: store.Assignment{Phase: phase}, spec: spec}}
		require.Equal(t, want, all.needed(), phase)
	}
	require.Empty(t, assignments{store.Key{JobID: "1"}: {record: store.Assignment{Phase: store.PhaseClaimed}}}.needed(), "the job was not read yet")
}
