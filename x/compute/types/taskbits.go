package types

import "fmt"

// TaskBitsLen is the number of tasks that one TaskBits describes.
const TaskBitsLen = 2048

// NewTaskBits returns bits of which none is set: no task has ended.
func NewTaskBits() TaskBits {
	return TaskBits{Ended: make([]byte, TaskBitsLen/8), Accepted: make([]byte, TaskBitsLen/8)}
}

// Validate checks the sizes, and that accepted tasks have ended.
func (b *TaskBits) Validate() error {
	if len(b.Ended) != TaskBitsLen/8 || len(b.Accepted) != TaskBitsLen/8 {
		return fmt.Errorf("task bits: expected %d and %d bytes, found %d and %d", TaskBitsLen/8, TaskBitsLen/8, len(b.Ended), len(b.Accepted))
	}
	for i := range b.Ended {
		if b.Accepted[i]&^b.Ended[i] != 0 {
			return fmt.Errorf("task bits: byte %d has accepted tasks that have not ended", i)
		}
	}
	return nil
}

// HasEnded reports whether the n-th task has ended.
func (b *TaskBits) HasEnded(n uint64) bool { return b.Ended[n/8]>>(n%8)&1 == 1 }

// HasAccepted reports whether the n-th task has an accepted result.
func (b *TaskBits) HasAccepted(n uint64) bool { return b.Accepted[n/8]>>(n%8)&1 == 1 }

// Mark notes that the n-th task has ended. It returns an error if the task has ended already.
func (b *TaskBits) Mark(n uint64, accepted bool) error {
	if b.HasEnded(n) {
		return fmt.Errorf("task %d of these bits has ended before", n)
	}
	b.Ended[n/8] |= 1 << (n % 8)
	if accepted {
		b.Accepted[n/8] |= 1 << (n % 8)
	}
	return nil
}

// MarkAll notes that count tasks from the n-th on have ended, all of which these bits describe.
// It sets eight of them at once where it can. It returns an error if one of them has ended
// already; some of the others may be marked then.
func (b *TaskBits) MarkAll(n, count uint64, accepted bool) error {
	for end := n + count; n < end; {
		if n%8 > 0 || end-n < 8 || b.Ended[n/8] != 0 {
			if err := b.Mark(n, accepted); err != nil {
				return err
			}
			n++
			continue
		}
		b.Ended[n/8] = 0xff
		if accepted {
			b.Accepted[n/8] = 0xff
		}
		n += 8
	}
	return nil
}
