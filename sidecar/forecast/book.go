package forecast

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// File is the name of the file in the home that contains the hours and the forecasts.
	File = "forecast.json"
	// LookEvery is the pause between two looks at the market.
	LookEvery = 5 * time.Minute
	// longest is the time between two looks after which the daemon counts as having been off in between.
	longest = 2*LookEvery + time.Minute
	// rewritten is the time after which a look is written although no hour has ended.
	rewritten = 10 * time.Minute
	// doubtLasts is the time for which nodes of the chain have to contradict what they have shown before until that is
	// believed. Until then, one of them may lie, or be behind.
	doubtLasts = time.Hour
	// mostIssued is the number of forecasts that are kept, one for each day.
	mostIssued = 400
)

// Seen is what is known about the market and the node at a moment. Amounts are in tfuel.
type Seen struct {
	At time.Time
	// Chain is the id of the chain, and Class the hardware class of the node.
	Chain, Class string
	// Settled is the number of tasks that the class has paid since the chain began, and Price the recent pay of a
	// replica.
	Settled uint64
	Price   float64
	// Share is the node's part of the weight of its class.
	Share float64
	// Ready reports whether the node takes work.
	Ready bool
	// Gross is the pay that the node was ever paid before the chain's split, of which it keeps Part. Other is
	// what it received of the bonds of others, less what it lost of its own.
	Gross, Part, Other float64
}

// mark is the look up to which everything was counted.
type mark struct {
	At      time.Time `json:"at"`
	Settled uint64    `json:"settled"`
	Gross   float64   `json:"gross"`
	Other   float64   `json:"other"`
}

// Issued is a forecast and what came of it.
type Issued struct {
	// At is the number of the hour in which the week begins.
	At int64 `json:"at"`
	Forecast
	// Ended reports that the week is over, and Earned is what was earned in it, in tfuel.
	Ended  bool    `json:"ended"`
	Earned float64 `json:"earned"`
}

// Start returns the time at which the week begins.
func (i Issued) Start() time.Time { return time.Unix(i.At*3600, 0).UTC() }

// pages is the content of the file.
type pages struct {
	Chain string `json:"chain"`
	Class string `json:"class"`
	Mark  mark   `json:"mark"`
	// Open is the hour that has not ended, and Hours are those before it, without gaps.
	Open   Hour     `json:"open"`
	Hours  []Hour   `json:"hours"`
	Issued []Issued `json:"issued"`
}

// Book keeps the hours that a node has seen and the forecasts that were made from them.
type Book struct {
	path string

	mu      sync.Mutex
	pages   pages
	written time.Time
	// doubted is since when the looks contradict those before them. It is zero if they do not.
	doubted time.Time
}

// OpenBook reads the book of a home. A home without one has an empty book.
func OpenBook(home string) (*Book, error) {
	b := &Book{path: filepath.Join(home, File)}
	raw, err := os.ReadFile(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return b, nil
	case err != nil:
		return nil, fmt.Errorf("cannot read the hours of the market: %w", osfault.Explain(b.path, err))
	}
	if err := json.Unmarshal(raw, &b.pages); err != nil {
		return nil, fmt.Errorf("%s: expected the hours of the market, found something else: %w; move the file away to begin again", b.path, err)
	}
	return b, nil
}

// ErrContradicted means that a look shows another class than the one before it, or fewer paid tasks. Its word about
// the market does not count until all looks have said so for an hour.
var ErrContradicted = errors.New("the node of chain.grpc contradicts what was seen before, and what it says about the market does not count yet")

// See counts what has happened since the last look. It fails if a number cannot be, if the look contradicts the one
// before it, or if the file cannot be written; in the last two cases the time and the earnings count all the same.
func (b *Book) See(s Seen) error {
	if math.IsNaN(s.Price) || math.IsInf(s.Price, 0) || s.Price < 0 || math.IsNaN(s.Share) || s.Share < 0 || s.Share > 1 {
		return fmt.Errorf("expected a price of 0 or more and a share from 0 to 1, found %v and %v; the look is left out", s.Price, s.Share)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.pages
	last := p.Mark.At
	switch {
	case last.IsZero() || p.Chain != s.Chain || p.broken(s):
		return b.restart(s)
	case !s.At.After(last):
		return nil // the clock was put back a little; what has happened is counted later
	}
	doubt := p.contradicted(s)
	switch {
	case doubt == nil:
		b.doubted = time.Time{}
	case !b.believed(s.At):
		s.Settled, s.Share = p.Mark.Settled, p.Open.Share
	case p.Class != s.Class:
		return b.restart(s)
	default:
		doubt, b.doubted, p.Mark.Settled = nil, time.Time{}, s.Settled
	}
	ended := p.count(s)
	if ended {
		p.settle()
	}
	if ended || s.At.Sub(b.written) >= rewritten || s.At.Before(b.written) {
		return errors.Join(doubt, b.write(s.At))
	}
	return doubt
}

// restart begins a new series with a look.
func (b *Book) restart(s Seen) error {
	b.doubted = time.Time{}
	b.pages.restart(s)
	return b.write(s.At)
}

// believed reports whether looks have contradicted those before for so long that it is so.
func (b *Book) believed(now time.Time) bool {
	if b.doubted.IsZero() || b.doubted.After(now) {
		b.doubted = now
	}
	return now.Sub(b.doubted) >= doubtLasts
}

// contradicted returns an error if a look cannot follow the last one, as far as one node can make that so. A node that
// lies once must not end a series of weeks.
func (p *pages) contradicted(s Seen) error {
	switch {
	case p.Class != s.Class:
		return fmt.Errorf("%w: expected class %s, found %s", ErrContradicted, p.Class, s.Class)
	case s.Settled < p.Mark.Settled:
		return fmt.Errorf("%w: expected at least %d paid tasks, found %d", ErrContradicted, p.Mark.Settled, s.Settled)
	}
	return nil
}

// broken reports whether a look does not continue the last one by what this machine knows itself: its ledger begins anew,
// the clock was wrong, or the file was changed, so that its hours do not follow each other.
func (p *pages) broken(s Seen) bool {
	const clockError = 2 * day
	if p.Open.At != HourOf(p.Mark.At) || len(p.Hours) > 0 && p.Hours[0].At+int64(len(p.Hours)) != p.Open.At {
		return true
	}
	ahead := p.Mark.At.Sub(s.At)
	return s.Gross < p.Mark.Gross || ahead > clockError*time.Hour || -ahead > kept*time.Hour
}

// restart begins a new series. Forecasts that have not ended are dropped, because it cannot be known any more
// whether they were right.
func (p *pages) restart(s Seen) {
	ended := p.Issued[:0]
	for _, issued := range p.Issued {
		if issued.Ended {
			ended = append(ended, issued)
		}
	}
	p.Chain, p.Class, p.Hours, p.Issued = s.Chain, s.Class, nil, ended
	p.Mark = mark{s.At, s.Settled, s.Gross, s.Other}
	p.Open = Hour{At: HourOf(s.At), Share: s.Share}
}

// count adds what has happened since the mark, and reports whether an hour has ended.
func (p *pages) count(s Seen) (ended bool) {
	from, span := p.Mark.At, s.At.Sub(p.Mark.At)
	pay := float64(s.Settled-p.Mark.Settled) * s.Price
	online := 0.0
	if s.Ready && span <= longest {
		online = 1
	}
	for from.Before(s.At) {
		until := from.Truncate(time.Hour).Add(time.Hour)
		if until.After(s.At) {
			until = s.At
		}
		for HourOf(from) > p.Open.At {
			p.close(s.Share)
			ended = true
		}
		part := until.Sub(from)
		p.Open.Market += pay * part.Seconds() / span.Seconds()
		p.Open.Online += online * part.Hours()
		from = until
	}
	for HourOf(s.At) > p.Open.At {
		p.close(s.Share)
		ended = true
	}
	// Earnings belong to the look, because the work before it is not known by the minute.
	p.Open.Earned += (s.Gross-p.Mark.Gross)*s.Part + s.Other - p.Mark.Other
	p.Open.Share = s.Share
	p.Mark = mark{s.At, s.Settled, s.Gross, s.Other}
	return ended
}

// close ends the open hour.
func (p *pages) close(share float64) {
	p.Open.Online = min(1, p.Open.Online)
	p.Hours = append(p.Hours, p.Open)
	p.Hours = p.Hours[max(0, len(p.Hours)-kept):]
	p.Open = Hour{At: p.Open.At + 1, Share: share}
	if p.Open.At%day == 0 {
		p.Issued = append(p.Issued, Issued{At: p.Open.At, Forecast: Next(p.Hours)})
		p.Issued = p.Issued[max(0, len(p.Issued)-mostIssued):]
	}
}

// settle writes what was earned in the weeks that have ended.
func (p *pages) settle() {
	if len(p.Hours) == 0 {
		return
	}
	first := p.Hours[0].At
	for i := range p.Issued {
		issued := &p.Issued[i]
		begin := issued.At - first
		if issued.Ended || begin < 0 || begin+week > int64(len(p.Hours)) {
			continue
		}
		issued.Ended, issued.Earned = true, earnedIn(p.Hours[begin:begin+week])
	}
}

// write replaces the file.
func (b *Book) write(now time.Time) error {
	raw, err := json.Marshal(b.pages)
	if err == nil {
		err = osfault.WriteFile(b.path, raw)
	}
	if err != nil {
		return fmt.Errorf("cannot write the hours of the market: %w", osfault.Explain(b.path, err))
	}
	b.written = now
	return nil
}
