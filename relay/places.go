package relay

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/blob/throughput"
)

const (
	// uploadShare is the part of all uploads at once that one holder may have.
	uploadShare = 4
	// tenure is how long an upload keeps its place in any case.
	tenure = time.Second
)

// errGaveWay ends an upload whose place another has taken.
var errGaveWay = errors.New("this upload made room for another")

// places are the uploads in progress. Where all are taken, a newcomer gets that of the
// slowest upload: nothing of it was acknowledged, and who sends little to hold a place
// longer loses it first.
type places struct {
	most int
	now  func() time.Time

	mu    sync.Mutex
	taken map[*place]struct{}
	// names and networks count the places of each.
	names, networks map[string]int
}

// place is one upload in progress.
type place struct {
	holder holder
	since  time.Time
	moved  atomic.Int64

	mu      sync.Mutex
	gaveWay bool
	// setDeadline moves the deadline of the connection.
	setDeadline func(time.Time) error
}

func newPlaces(most int) *places {
	return &places{most: most, now: time.Now, taken: map[*place]struct{}{}, names: map[string]int{}, networks: map[string]int{}}
}

// enter takes a place for an upload, which leave gives back.
func (p *places) enter(of holder, setDeadline func(time.Time) error) (*place, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if most := max(p.most/uploadShare, 1); p.names[of.name] >= most {
		return nil, refusal(codeBusy, "expected at most %d uploads of one client at a time; retry in a moment", most)
	}
	if len(p.taken) >= p.most {
		slowest := p.slowest(of)
		if slowest == nil {
			return nil, refusal(codeBusy, "expected at most %d uploads at a time; retry in a moment", p.most)
		}
		p.drop(slowest)
		slowest.giveWay()
	}
	entered := &place{holder: of, since: p.now(), setDeadline: setDeadline}
	p.taken[entered] = struct{}{}
	p.names[of.name]++
	p.networks[of.network]++
	return entered, nil
}

// slowest returns the upload that makes room for one of another holder, nil for none.
// It is one of the network that has most, and that has more than the newcomer's. Work
// that the chain shows never makes room for what it does not.
func (p *places) slowest(newcomer holder) *place {
	now, own := p.now(), p.networks[newcomer.network]
	var found *place
	var rate float64
	for candidate := range p.taken {
		count, age := p.networks[candidate.holder.network], now.Sub(candidate.since)
		if age < tenure || count <= own || candidate.holder.signed() && !newcomer.signed() {
			continue
		}
		this := float64(candidate.moved.Load()) / age.Seconds()
		if found == nil || p.sooner(candidate, found, this < rate) {
			found, rate = candidate, this
		}
	}
	return found
}

// sooner reports whether one upload makes room before another.
func (p *places) sooner(one, other *place, slower bool) bool {
	if one.holder.signed() != other.holder.signed() {
		return !one.holder.signed()
	}
	if x, y := p.networks[one.holder.network], p.networks[other.holder.network]; x != y {
		return x > y
	}
	return slower
}

// leave gives a place back; it does nothing where the place has gone to another.
func (p *places) leave(left *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, held := p.taken[left]; held {
		p.drop(left)
	}
}

func (p *places) drop(left *place) {
	delete(p.taken, left)
	uncount(p.names, left.holder.name)
	uncount(p.networks, left.holder.network)
}

func uncount(counts map[string]int, name string) {
	if counts[name]--; counts[name] == 0 {
		delete(counts, name)
	}
}

// count is how many places are taken.
func (p *places) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}

// giveWay ends an upload, even one that waits for bytes.
func (p *place) giveWay() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gaveWay = true
	_ = p.setDeadline(time.Unix(1, 0)) // in the past: what waits for bytes fails now
}

// gone reports whether another has the place.
func (p *place) gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gaveWay
}

// deadline moves the deadline of an upload that has its place.
func (p *place) deadline(until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gaveWay {
		return nil
	}
	return p.setDeadline(until)
}

// placedReader is an upload that has to move on, as long as it has its place.
type placedReader struct {
	body  io.Reader
	watch *throughput.Watch
	place *place
}

func (r *placedReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.place.moved.Add(int64(n))
	r.watch.Move(n)
	if r.place.gone() {
		return n, errGaveWay
	}
	return n, err
}
