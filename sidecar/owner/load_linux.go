package owner

import "github.com/thetaedge/theta/sidecar/device"

// forget makes the next reading list the processes again.
func (t *processTable) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = t.at.Add(-2 * tableAge)
}

// sample reads the processor time of all processes and of ours.
func (t *processTable) sample(fresh bool) (s loadSample, err error) {
	if fresh {
		t.forget()
	}
	times, err := device.ReadProcessorTimes(t.root)
	if err != nil {
		return s, err
	}
	s.total, s.busy = times.Total, busyOf(times)
	list, own, err := t.read()
	for i := range list {
		if own[list[i].pid] {
			s.own += list[i].ticks
		}
	}
	return s, err
}
