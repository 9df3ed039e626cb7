//go:build system

package systemtests

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// requireDelivered requires that the output of every accepted task is in the box of its chunk: in
// the bundles that an index of the chunk names.
func (m *million) requireDelivered(ctx context.Context, receipts []computetypes.Receipt) {
	for i := range receipts {
		if r := &receipts[i]; r.Status == computetypes.CHUNK_STATUS_ACCEPTED {
			m.requireChunk(ctx, r)
		}
	}
}

// requireChunk requires that the box of a chunk contains its results: an index that gives the
// accepted root, and bundles with what the program of each task has written.
func (m *million) requireChunk(ctx context.Context, r *computetypes.Receipt) {
	relay := m.relay.ForTask(r.Task)
	drops, err := relay.ListDrops(ctx, m.token)
	require.NoError(m.t, err)
	get := func(digest blob.Digest, size int64) []byte {
		var content bytes.Buffer
		_, err := relay.GetDrop(ctx, m.token, digest, size, &content)
		require.NoError(m.t, err)
		return content.Bytes()
	}
	delivered := false
	for _, drop := range drops {
		if drop.Size < int64(blob.MinIndexBytes) || drop.Size > int64(blob.MaxIndexBytes) {
			continue
		}
		index, ok := blob.DecodeIndex(get(drop.Digest, drop.Size))
		if !ok {
			continue
		}
		delivered = true
		require.Len(m.t, index.Leaves, int(r.Tasks()))
		first := uint32(0)
		for _, ref := range index.Bundles {
			m.requireBundle(get(ref.Digest, int64(ref.Size)), index, first, ref.Tasks, r.Task)
			first += ref.Tasks
		}
	}
	require.True(m.t, delivered, "no index of the chunk of task %d among %v", r.Task, drops)
}

// requireBundle requires that a bundle contains what tasks of a chunk have written.
func (m *million) requireBundle(content []byte, index blob.Index, first, tasks uint32, chunk uint64) {
	require.NoError(m.t, blob.ReadBundle(bytes.NewReader(content), tasks, func(n uint32, encoded []byte, files io.Reader) error {
		require.Equal(m.t, index.Leaves[first+n].Result, blob.DigestOf(encoded))
		result, err := manifest.Decode(encoded)
		require.NoError(m.t, err)
		var written []byte
		for _, f := range result.Files {
			content := make([]byte, f.Size)
			_, err := io.ReadFull(files, content)
			require.NoError(m.t, err)
			written = append(written, content...)
		}
		require.Equal(m.t, fmt.Sprintf("program\x00task %d\x00", chunk+uint64(first+n)), string(written))
		return nil
	}))
}
