package blob

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func arrayItems(n int) []ArrayItem {
	items := make([]ArrayItem, n)
	for i := range items {
		content := fmt.Appendf(nil, "input %d", i)
		items[i] = ArrayItem{Digest: DigestOf(content), Size: uint64(len(content))}
	}
	return items
}

// climb hashes a proof up to a root, by the rule of RFC 6962.
func climb(t *testing.T, proof ArrayProof, count, task uint64) Digest {
	t.Helper()
	digest, err := ParseDigest(proof.Sha256)
	require.NoError(t, err)
	node := ArrayItem{Digest: digest, Size: proof.Size}.leaf()
	path := proof.Path
	for width, at := count, task; width > 1; width, at = (width+1)/2, at/2 {
		if at^1 >= width {
			continue
		}
		sibling, err := ParseDigest(path[0])
		require.NoError(t, err)
		path = path[1:]
		if at%2 == 0 {
			node = arrayInner(node, sibling)
		} else {
			node = arrayInner(sibling, node)
		}
	}
	require.Empty(t, path)
	return node
}

func TestProofsAreReadOffArrayFilesOfEverySize(t *testing.T) {
	for n := 1; n <= 70; n++ {
		file, root, err := EncodeArray(arrayItems(n))
		require.NoError(t, err)
		require.Len(t, file, int(arrayBytes(uint64(n))))
		for task := range uint64(n) {
			proof, err := ReadArrayProof(bytes.NewReader(file), int64(len(file)), task)
			require.NoError(t, err)
			require.Equal(t, arrayItems(n)[task].Digest.String(), proof.Sha256)
			require.Equal(t, root, climb(t, proof, uint64(n), task), "task %d of %d", task, n)
		}
	}
}

func TestOnlyArrayFilesAreReadAsSuch(t *testing.T) {
	file, _, err := EncodeArray(arrayItems(5))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		file []byte
		task uint64
	}{
		"nothing":       {nil, 0},
		"other content": {bytes.Repeat([]byte("x"), len(file)), 0},
		"one cut off":   {file[:len(file)-1], 0},
		"one too long":  {append(bytes.Clone(file), 0), 0},
		"no such task":  {file, 5},
		"a far task":    {file, 1 << 63},
		"a huge count":  {append([]byte(arrayMagic), bytes.Repeat([]byte{0xff}, 8)...), 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadArrayProof(bytes.NewReader(c.file), int64(len(c.file)), c.task)
			require.ErrorIs(t, err, ErrNotArray)
		})
	}
	_, _, err = EncodeArray(nil)
	require.Error(t, err)
}

func FuzzReadArrayProof(f *testing.F) {
	file, _, err := EncodeArray(arrayItems(3))
	require.NoError(f, err)
	f.Add(file, uint64(1))
	f.Fuzz(func(t *testing.T, file []byte, task uint64) {
		proof, err := ReadArrayProof(bytes.NewReader(file), int64(len(file)), task)
		if err == nil {
			require.LessOrEqual(t, len(proof.Path), 24)
		}
	})
}
