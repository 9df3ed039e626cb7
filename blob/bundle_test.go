package blob

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bundledTask is a task in a bundle: its manifest, and the contents of its bundled files.
type bundledTask struct {
	manifest []byte
	files    []byte
}

func writeBundle(t require.TestingT, tasks []bundledTask) ([]byte, BundleRef) {
	var out bytes.Buffer
	w := NewBundleWriter(&out)
	for _, task := range tasks {
		require.NoError(t, w.Task(task.manifest))
		_, err := w.Write(task.files)
		require.NoError(t, err)
	}
	return out.Bytes(), w.Ref()
}

// readBundle reads tasks whose manifests are as long as their files.
func readBundle(content []byte, tasks uint32) (read []bundledTask, err error) {
	err = ReadBundle(bytes.NewReader(content), tasks, func(n uint32, manifest []byte, files io.Reader) error {
		if int(n) != len(read) {
			return errors.New("the tasks are not in order")
		}
		task := bundledTask{manifest: bytes.Clone(manifest), files: make([]byte, len(manifest))}
		if _, err := io.ReadFull(files, task.files); err != nil {
			return err
		}
		read = append(read, task)
		return nil
	})
	return read, err
}

func TestABundleGivesBackItsTasks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tasks []bundledTask
		for range rapid.IntRange(0, 8).Draw(t, "tasks") {
			n := rapid.IntRange(0, 40).Draw(t, "bytes")
			tasks = append(tasks, bundledTask{
				manifest: rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "manifest"), files: rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "files"),
			})
		}
		content, ref := writeBundle(t, tasks)
		require.Equal(t, BundleRef{Digest: DigestOf(content), Size: uint64(len(content)), Tasks: uint32(len(tasks))}, ref)
		read, err := readBundle(content, ref.Tasks)
		require.NoError(t, err)
		require.Equal(t, len(tasks), len(read))
		for n := range tasks {
			require.True(t, bytes.Equal(tasks[n].manifest, read[n].manifest) && bytes.Equal(tasks[n].files, read[n].files))
		}
		if len(content) > 0 {
			_, err = readBundle(content[:rapid.IntRange(0, len(content)-1).Draw(t, "cut")], ref.Tasks)
			require.ErrorIs(t, err, ErrNotBundle)
		}
		_, err = readBundle(append(content, 0), ref.Tasks)
		require.ErrorIs(t, err, ErrNotBundle)
	})
}

// TestABundleThatClaimsMuchNeedsLittleMemory: the length of a manifest is a claim of the node
// that has written the bundle.
func TestABundleThatClaimsMuchNeedsLittleMemory(t *testing.T) {
	for _, claim := range []uint64{maxBundledManifest, maxBundledManifest + 1, 1 << 40, 1<<64 - 1} {
		content := append(binary.BigEndian.AppendUint64(nil, claim), "manifest"...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readBundle(content, 1)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrNotBundle)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), claim)
	}
}

func TestErrorsOfABundlesReadersAreTheirOwn(t *testing.T) {
	broken := errors.New("broken")
	content, ref := writeBundle(t, []bundledTask{{manifest: []byte("m"), files: []byte("f")}})
	for n := range len(content) + 1 {
		r := io.MultiReader(bytes.NewReader(content[:n]), iotest.ErrReader(broken))
		err := ReadBundle(r, ref.Tasks, func(_ uint32, _ []byte, files io.Reader) error {
			_, err := io.ReadFull(files, make([]byte, 1))
			return err
		})
		require.ErrorIs(t, err, broken, n)
		require.NotErrorIs(t, err, ErrNotBundle)
	}
	err := ReadBundle(bytes.NewReader(content), ref.Tasks, func(uint32, []byte, io.Reader) error { return broken })
	require.ErrorIs(t, err, broken)
}

func TestABundleIsBounded(t *testing.T) {
	w := NewBundleWriter(io.Discard)
	require.Error(t, w.Task(make([]byte, maxBundledManifest+1)))
	for !w.Full() {
		require.NoError(t, w.Task(make([]byte, 1<<20)))
	}
	require.LessOrEqual(t, w.Ref().Size, uint64(BundleBytes+8+1<<20))

	require.Equal(t, []bool{true, false, true}, Bundled([]uint64{BundledFileBytes, BundledFileBytes + 1, 0}))
	sizes := make([]uint64, BundledTaskBytes/BundledFileBytes+2)
	for n := range sizes {
		sizes[n] = BundledFileBytes
	}
	sizes[len(sizes)-1] = 0
	bundled := Bundled(sizes)
	require.False(t, bundled[len(sizes)-2], "the files of the task are large together")
	require.True(t, bundled[len(sizes)-1])
	require.True(t, bundled[len(sizes)-3])
}

func FuzzReadBundle(f *testing.F) {
	content, _ := writeBundle(f, []bundledTask{{manifest: []byte("ab"), files: []byte("cd")}, {}})
	f.Add(content, uint32(2))
	f.Add([]byte(strings.Repeat("\xff", 16)), uint32(1<<31))
	f.Add([]byte{}, uint32(0))
	f.Fuzz(func(t *testing.T, content []byte, tasks uint32) {
		read, err := readBundle(content, tasks)
		if err == nil {
			again, _ := writeBundle(t, read)
			require.Equal(t, string(content), string(again))
		}
	})
}
