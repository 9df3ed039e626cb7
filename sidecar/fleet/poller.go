package fleet

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"
)

// fresh is the time for which a page shows the same answers again.
const fresh = 15 * time.Second

// Poller asks the nodes of a home's list for a page that is looked at again and again. Its methods may be
// called from any goroutine.
type Poller struct {
	path string
	now  func() time.Time

	mu   sync.Mutex
	last *Table
	err  error
	at   time.Time
	// asking is closed when the nodes have answered; it is nil if they are not being asked.
	asking chan struct{}
}

// NewPoller returns a poller of the list in a home.
func NewPoller(home string, now func() time.Time) *Poller {
	return &Poller{path: filepath.Join(home, ListFile), now: now}
}

// Table returns what the nodes have answered. It waits for new answers until ctx ends, and then returns the
// last ones, which are nil before the first.
func (p *Poller) Table(ctx context.Context) (*Table, error) {
	p.mu.Lock()
	age := p.now().Sub(p.at)
	if p.asking == nil && (age < 0 || age > fresh) {
		p.asking = make(chan struct{})
		// A page that is closed does not end the questions: the next one would ask again.
		go p.ask(context.WithoutCancel(ctx))
	}
	asking := p.asking
	p.mu.Unlock()
	if asking != nil {
		select {
		case <-ctx.Done():
		case <-asking:
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, p.err
}

func (p *Poller) ask(ctx context.Context) {
	nodes, err := ReadList(p.path)
	var table *Table
	if err == nil {
		t := NewTable(p.now(), Ask(ctx, nodes, Patience))
		table = &t
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.err, p.at = table, err, p.now()
	if errors.Is(err, ErrNoList) {
		p.at = time.Time{} // the owner may write one now
	}
	close(p.asking)
	p.asking = nil
}
