package types

import "fmt"

// ChunkTasks is the number of tasks that a chunk describes.
const ChunkTasks = 2048

// NewChunk returns a chunk in which no task has ended.
func NewChunk() Chunk {
	return Chunk{Ended: make([]byte, ChunkTasks/8), Accepted: make([]byte, ChunkTasks/8)}
}

// Validate checks the sizes, and that accepted tasks have ended.
func (c *Chunk) Validate() error {
	if len(c.Ended) != ChunkTasks/8 || len(c.Accepted) != ChunkTasks/8 {
		return fmt.Errorf("chunk: expected %d and %d bytes, found %d and %d", ChunkTasks/8, ChunkTasks/8, len(c.Ended), len(c.Accepted))
	}
	for i := range c.Ended {
		if c.Accepted[i]&^c.Ended[i] != 0 {
			return fmt.Errorf("chunk: byte %d has accepted tasks that have not ended", i)
		}
	}
	return nil
}

// HasEnded reports whether the n-th task of the chunk has ended.
func (c *Chunk) HasEnded(n uint64) bool { return c.Ended[n/8]>>(n%8)&1 == 1 }

// HasAccepted reports whether the n-th task of the chunk has an accepted result.
func (c *Chunk) HasAccepted(n uint64) bool { return c.Accepted[n/8]>>(n%8)&1 == 1 }

// Mark notes that the n-th task of the chunk has ended. It returns an error if the task has
// ended already.
func (c *Chunk) Mark(n uint64, accepted bool) error {
	if c.HasEnded(n) {
		return fmt.Errorf("task %d of the chunk has ended before", n)
	}
	c.Ended[n/8] |= 1 << (n % 8)
	if accepted {
		c.Accepted[n/8] |= 1 << (n % 8)
	}
	return nil
}
