package tensors

import (
	"fmt"
	"hash/crc32"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/guard"
)

// blockBytes is the size of the blocks of weights that have a checksum each. It divides pieceBytes.
const blockBytes = 64 << 10

// reuses is the number of uses of weights after which each of their blocks has been compared.
const reuses = 64

// sums are the checksums of weights as they were loaded. The memory of graphics cards often has no
// correction of errors, and weights that are kept would be wrong in all tasks after a bit has
// flipped, not in one.
type sums struct {
	size   uint64
	blocks []uint32
	// next is the block that is compared next.
	next int
}

func newSums(s tensor.Shape) sums { return sums{size: s.Type.Bytes(s.Count)} }

func checksum(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }

// add adds the checksums of a piece of the content. All pieces except for the last one are of whole
// blocks.
func (s *sums) add(p []byte) {
	for len(p) > 0 {
		n := min(len(p), blockBytes)
		s.blocks = append(s.blocks, checksum(p[:n]))
		p = p[n:]
	}
}

// match compares the first checksums with those of a content of which a part was read again.
func (s *sums) match(again sums) error {
	for i, found := range again.blocks {
		if found != s.blocks[i] {
			return fmt.Errorf("weights are not in their file any more: expected the checksum %08x of the bytes from %d on, found %08x; check the disk", s.blocks[i], uint64(i)*blockBytes, found)
		}
	}
	return nil
}

// compare compares the next blocks of the content with what was loaded, and reads them into a buffer
// of blockBytes. It fails with guard.ErrDoubt.
func (s *sums) compare(b tensor.Buffer, buffer []byte) error {
	for range (len(s.blocks) + reuses - 1) / reuses {
		at := uint64(s.next) * blockBytes
		block := buffer[:min(s.size-at, blockBytes)]
		if err := b.Read(at, block); err != nil {
			return err
		}
		if found := checksum(block); found != s.blocks[s.next] {
			return fmt.Errorf("%w: weights that it keeps have changed: expected the checksum %08x of %d bytes from %d on, found %08x", guard.ErrDoubt, s.blocks[s.next], len(block), at, found)
		}
		s.next = (s.next + 1) % len(s.blocks)
	}
	return nil
}
