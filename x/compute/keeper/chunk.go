package keeper

import (
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// chunkWriter marks tasks of one job in order and writes each chunk once.
type chunkWriter struct {
	k     *Keeper
	ctx   sdk.Context
	id    types.JobID
	index uint64
	chunk *types.Chunk
}

func (c *chunkWriter) mark(task uint64, accepted bool) error {
	if index := task / types.ChunkTasks; c.chunk == nil || index != c.index {
		if err := c.flush(); err != nil {
			return err
		}
		chunk, err := c.k.chunks.Get(c.ctx, collections.Join(c.id, index))
		if errors.Is(err, collections.ErrNotFound) {
			chunk, err = types.NewChunk(), nil
		}
		if err != nil {
			return err
		}
		c.index, c.chunk = index, &chunk
	}
	return c.chunk.Mark(task%types.ChunkTasks, accepted)
}

func (c *chunkWriter) flush() error {
	if c.chunk == nil {
		return nil
	}
	return c.k.chunks.Set(c.ctx, collections.Join(c.id, c.index), *c.chunk)
}
