package agent

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
)

// secondsPerDay is the length of a day in UTC.
const secondsPerDay = 24 * 60 * 60

// LineJournal is the part of *store.Journal that counts what passes the line.
type LineJournal interface {
	// Moved adds bytes to those of a day and returns the sums of the day.
	Moved(day int64, received, sent uint64) (store.Line, error)
}

// LineMeter counts the content that jobs move over the network by day, also over restarts. Of a process that
// is killed, what it has moved since the last call of Today is not counted.
type LineMeter struct {
	journal        LineJournal
	now            func() time.Time
	received, sent atomic.Uint64
}

// NewLineMeter returns a meter that keeps its counts in a journal.
func NewLineMeter(journal LineJournal, now func() time.Time) *LineMeter {
	return &LineMeter{journal: journal, now: now}
}

// Moved counts bytes that have passed. It may be called from any goroutine.
func (m *LineMeter) Moved(received, sent int64) {
	m.received.Add(uint64(max(received, 0))) //nolint:gosec // not negative
	m.sent.Add(uint64(max(sent, 0)))         //nolint:gosec // not negative
}

// Today writes what has passed to the journal and returns the sums of today, in UTC.
func (m *LineMeter) Today() (store.Line, error) {
	received, sent := m.received.Swap(0), m.sent.Swap(0)
	line, err := m.journal.Moved(m.now().Unix()/secondsPerDay, received, sent)
	if err != nil {
		m.received.Add(received)
		m.sent.Add(sent)
	}
	return line, err
}

// readLine reads what has passed the line today.
func (a *Agent) readLine() error {
	if a.cfg.Line == nil {
		return nil
	}
	line, err := a.cfg.Line.Today()
	if err == nil {
		a.line = line
	}
	return err
}

// lineRoom returns how much new work may move over the line today, in addition to what the held work may still move. Work that
// is held goes on without a limit, because a result that is not delivered is not paid.
func (a *Agent) lineRoom(held bid.Holdings) (*bid.Line, error) {
	if a.cfg.MaxDayBytes == 0 || a.cfg.Line == nil {
		return nil, nil
	}
	if err := a.readLine(); err != nil {
		return nil, fmt.Errorf("cannot read what has passed the line today: %w", err)
	}
	return &bid.Line{Most: a.cfg.MaxDayBytes, Left: held.FreeLine(a.cfg.MaxDayBytes, a.line.Total())}, nil
}
