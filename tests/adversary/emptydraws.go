package adversary

import "context"

// drawCount counts a job's draws.
type drawCount struct{ started, empty int }

// drawCounts returns, from the events of their blocks, how many draws ended jobs had, and in
// how many of them no node claimed.
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
