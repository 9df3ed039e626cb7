package blob

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawDigest(t *rapid.T, name string) (d Digest) {
	copy(d[:], rapid.SliceOfN(rapid.Byte(), len(d), len(d)).Draw(t, name))
	return d
}

func drawIndex(t *rapid.T) (i Index) {
	for left := rapid.IntRange(1, 12).Draw(t, "tasks"); left > 0; {
		tasks := rapid.IntRange(1, left).Draw(t, "tasks of the bundle")
		i.Bundles = append(i.Bundles, BundleRef{
			Digest: drawDigest(t, "bundle"), Size: rapid.Uint64Range(0, MaxBundleBytes).Draw(t, "size"), Tasks: uint32(tasks),
		})
		for range tasks {
			i.Leaves = append(i.Leaves, Leaf{
				Result: drawDigest(t, "result"), Fuel: rapid.Uint64().Draw(t, "fuel"),
				ExitCode: rapid.Uint32().Draw(t, "exit code"), Trace: drawDigest(t, "trace"),
			})
		}
		left -= tasks
	}
	return i
}

func TestAnIndexHasOneEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		index := drawIndex(t)
		encoded := index.Encode()
		if len(encoded) < MinIndexBytes || len(encoded) > MaxIndexBytes {
			t.Fatalf("expected %d to %d bytes, found %d", MinIndexBytes, MaxIndexBytes, len(encoded))
		}
		decoded, ok := DecodeIndex(encoded)
		if !ok || fmt.Sprint(decoded) != fmt.Sprint(index) {
			t.Fatalf("expected %v, found %v", index, decoded)
		}
		broken := bytes.Clone(encoded)
		broken[rapid.IntRange(0, len(broken)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if other, ok := DecodeIndex(broken); ok && !bytes.Equal(other.Encode(), broken) {
			t.Fatalf("accepted %q", broken)
		}
		if _, ok := DecodeIndex(encoded[:rapid.IntRange(0, len(encoded)-1).Draw(t, "cut")]); ok {
			t.Fatal("accepted a part of an index")
		}
		if _, ok := DecodeIndex(append(encoded, '\n')); ok {
			t.Fatal("accepted more than an index")
		}
	})
}

func TestTheShortestAndTheLongestIndexAreRead(t *testing.T) {
	for size, index := range map[int]Index{
		MinIndexBytes: {Leaves: make([]Leaf, 1), Bundles: []BundleRef{{Tasks: 1}}},
		MaxIndexBytes: {Leaves: make([]Leaf, MaxIndexTasks), Bundles: make([]BundleRef, MaxIndexTasks)},
	} {
		for i := range index.Bundles {
			index.Bundles[i].Tasks = 1
		}
		encoded := index.Encode()
		require.Len(t, encoded, size)
		decoded, ok := DecodeIndex(encoded)
		require.True(t, ok)
		require.Equal(t, index, decoded)
	}
}

func TestAnIndexListsExactlyTheTasksOfItsBundles(t *testing.T) {
	two := make([]Leaf, 2)
	for name, index := range map[string]Index{
		"no task":               {Bundles: []BundleRef{{Tasks: 1}}},
		"no bundle":             {Leaves: two},
		"fewer":                 {Leaves: two, Bundles: []BundleRef{{Tasks: 1}}},
		"more":                  {Leaves: two, Bundles: []BundleRef{{Tasks: 3}}},
		"an empty bundle":       {Leaves: two, Bundles: []BundleRef{{Tasks: 2}, {}}},
		"too large a bundle":    {Leaves: two, Bundles: []BundleRef{{Tasks: 2, Size: MaxBundleBytes + 1}}},
		"too many tasks":        {Leaves: make([]Leaf, MaxIndexTasks+1), Bundles: []BundleRef{{Tasks: MaxIndexTasks + 1}}},
		"numbers that overflow": {Leaves: two, Bundles: []BundleRef{{Tasks: 1<<32 - 1}, {Tasks: 3}}},
	} {
		_, ok := DecodeIndex(index.Encode())
		require.False(t, ok, name)
	}
	claims := fmt.Sprintf("%s\ntasks ffffffff bundles 00000001\n%s", indexVersion, strings.Repeat("0", MinIndexBytes))
	_, ok := DecodeIndex([]byte(claims))
	require.False(t, ok, "more tasks than there is content")
}

func FuzzDecodeIndex(f *testing.F) {
	f.Add(Index{Leaves: make([]Leaf, 2), Bundles: []BundleRef{{Tasks: 2, Size: 9}}}.Encode())
	f.Add([]byte(indexVersion + "\ntasks 00000001 bundles 00000001\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if index, ok := DecodeIndex(content); ok {
			require.Equal(t, content, index.Encode())
		}
	})
}
