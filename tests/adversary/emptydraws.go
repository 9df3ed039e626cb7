package adversary

import "context"

// drawCount is what became of a job's draws.
type drawCount struct{ started, empty int }

// drawCounts tells, from the events of their blocks, how often jobs that are over were
// drawn for, and in how many draws nobody came.
func (s *stage) drawCounts(ctx context.Context, over []ended) (map[string]drawCount, error) {
	counts := make(map[string]drawCount, len(over))
	first, last := int64(0), int64(0)
	for i := range over {
		job := &over[i].job
		counts[job.Id] = drawCount{}
		if first == 0 || job.PostedHeight < first {
			first = job.PostedHeight
		}
		last = max(last, job.ClosedHeight)
	}
	for height := first; height <= last; height++ {
		changes, err := s.reader.ChangesAt(ctx, height)
		if err != nil {
			return nil, err
		}
		for i := range changes {
			count, known := counts[changes[i].Ref.JobId]
			if !known {
				continue
			}
			if changes[i].GetDrawStarted() != nil {
				count.started++
				count.empty++
			}
			if changes[i].GetAssigned() != nil {
				count.empty--
			}
			counts[changes[i].Ref.JobId] = count
		}
	}
	return counts, nil
}
