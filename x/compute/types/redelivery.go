package types

// Bounds of the requests to deliver the results of a job again. A sink may be a server of a
// third party, and requesters must not be able to make nodes flood it.
const (
	// RedeliveryPause is the smallest number of blocks between two requests.
	RedeliveryPause = 40
	// MaxRedeliveries is the largest number of requests per job.
	MaxRedeliveries = 8
)

// ValidateSink checks the address to which results are delivered. It returns ErrInvalidSpec.
func ValidateSink(sink string) error {
	if len(sink) > maxSinkBytes {
		return ErrInvalidSpec.Wrapf("sink: expected at most %d bytes, found %d", maxSinkBytes, len(sink))
	}
	return validateURI("sink", sink)
}

// SinkOf returns the address to which the results of a job are delivered: the one that its
// requester has named last, or the sink of its spec.
func (j *Job) SinkOf(spec *JobSpec) string {
	if j.Redelivery != nil {
		return j.Redelivery.Sink
	}
	return spec.Sink
}

// Redeliver returns the next request for a job's results, made at a height, and the number of
// bytes that its requester pays for. The judges of a challenge deliver only on such a request,
// after their verdict: until then, no one may see what they have found. An empty sink means that the current one stays in use.
// Redeliver returns ErrRedelivery or ErrInvalidSpec.
func (j *Job) Redeliver(spec *JobSpec, sink string, height int64) (Redelivery, error) {
	next := Redelivery{Sink: sink, Height: height, Count: 1}
	if last := j.Redelivery; last != nil {
		next.Count = last.Count + 1
		if height < last.Height+RedeliveryPause {
			return next, ErrRedelivery.Wrapf("results of job %s were asked for at height %d; ask again from height %d on", j.Id, last.Height, last.Height+RedeliveryPause)
		}
	}
	switch {
	case j.Challenged != nil && !j.Ended():
		return next, ErrRedelivery.Wrapf("job %s judges a challenge; its judges deliver nothing before they have agreed", j.Id)
	case next.Count > MaxRedeliveries:
		return next, ErrRedelivery.Wrapf("results of job %s were asked for %d times, the most that is allowed", j.Id, MaxRedeliveries)
	case j.Ended() && j.TasksAccepted == 0:
		return next, ErrRedelivery.Wrapf("job %s is %s without an accepted result", j.Id, j.Status)
	}
	if next.Sink == "" {
		next.Sink = j.SinkOf(spec)
	}
	return next, ValidateSink(next.Sink)
}

// validateRedelivery checks the request of a job in a genesis.
func (j *Job) validateRedelivery() error {
	r := j.Redelivery
	if r == nil {
		return nil
	}
	if r.Height < j.PostedHeight || r.Count < 1 || r.Count > MaxRedeliveries || ValidateSink(r.Sink) != nil {
		return ErrInvalidGenesis.Wrapf("job %s: redelivery: expected a sink, a height from %d on and a count of 1 to %d, found %.280q, %d and %d",
			j.Id, j.PostedHeight, MaxRedeliveries, r.Sink, r.Height, r.Count)
	}
	return nil
}
