package earnings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
)

const (
	// LedgerFile is the name of the file in the home that contains what was earned on each day.
	LedgerFile = "earnings.json"
	// CountEvery is the pause between two counts. It is much shorter than any retention.
	CountEvery = 30 * time.Second
	// mostDays is the number of days that are kept.
	mostDays = 3 * 366
)

// Ledger counts what was earned on each day. The journal forgets assignments after work.retention; the
// ledger does not.
type Ledger struct {
	path string

	mu    sync.Mutex
	books books
}

// books is the content of the file.
type books struct {
	// Counted contains the assignments of the journal that were counted, in order. Their times do not say
	// that: the clock of the machine may be put forward or back.
	Counted []string `json:"counted"`
	// Until and At are of files of earlier versions: the end of the last assignment that was counted, and
	// the assignments that ended at exactly this time and were counted. They are zero once Counted is
	// there.
	Until time.Time `json:"until,omitzero"`
	At    []string  `json:"at,omitempty"`
	// Days are in order.
	Days []Day `json:"days"`
}

// has reports whether an assignment was counted.
func (b *books) has(a *store.Assignment) bool {
	if !b.Until.IsZero() {
		order := a.FinishedAt.Compare(b.Until)
		return order < 0 || order == 0 && slices.Contains(b.At, a.Key.String())
	}
	_, found := slices.BinarySearch(b.Counted, a.Key.String())
	return found
}

// OpenLedger reads the ledger of a home. A home without one has an empty ledger.
func OpenLedger(home string) (*Ledger, error) {
	l := &Ledger{path: filepath.Join(home, LedgerFile)}
	raw, err := os.ReadFile(l.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l, nil
	case err != nil:
		return nil, fmt.Errorf("cannot read what was earned: %w", osfault.Explain(l.path, err))
	}
	if err := json.Unmarshal(raw, &l.books); err != nil {
		return nil, fmt.Errorf("%s: expected the sums of days, found something else: %w; move the file away to begin again", l.path, err)
	}
	return l, nil
}

// Days returns the days on which assignments ended, newest first.
func (l *Ledger) Days() []Day {
	l.mu.Lock()
	defer l.mu.Unlock()
	days := slices.Clone(l.books.Days)
	slices.Reverse(days)
	return days
}

// Total returns the sum of all days.
func (l *Ledger) Total() Day {
	l.mu.Lock()
	defer l.mu.Unlock()
	var total Day
	for _, day := range l.books.Days {
		total.Merge(day)
	}
	return total
}

// Count adds the assignments of a journal that ended and were not counted yet. It needs the whole journal: what
// is not in it is forgotten.
func (l *Ledger) Count(records []store.Assignment) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := books{Days: slices.Clone(l.books.Days)}
	fresh := make([]*store.Assignment, 0, len(records))
	for i := range records {
		a := &records[i]
		if a.Phase != store.PhaseSettled && a.Phase != store.PhaseFailed || a.FinishedAt.IsZero() {
			continue
		}
		next.Counted = append(next.Counted, a.Key.String())
		if !l.books.has(a) {
			fresh = append(fresh, a)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	slices.Sort(next.Counted)
	slices.SortStableFunc(fresh, func(x, y *store.Assignment) int { return x.FinishedAt.Compare(y.FinishedAt) })
	for _, a := range fresh {
		next.add(a)
	}
	if err := l.write(next); err != nil {
		return err
	}
	l.books = next
	return nil
}

// add adds an assignment to its day.
func (b *books) add(a *store.Assignment) {
	date := a.FinishedAt.Local().Format(time.DateOnly)
	index, found := slices.BinarySearchFunc(b.Days, date, func(d Day, date string) int {
		switch {
		case d.Date < date:
			return -1
		case d.Date > date:
			return 1
		}
		return 0
	})
	if !found {
		b.Days = slices.Insert(b.Days, index, Day{Date: date})
	}
	b.Days[index].Add(a)
	if len(b.Days) > mostDays {
		b.Days = b.Days[len(b.Days)-mostDays:]
	}
}

// write replaces the file.
func (l *Ledger) write(b books) error {
	raw, err := json.MarshalIndent(b, "", " ")
	if err == nil {
		err = osfault.WriteFile(l.path, raw)
	}
	if err != nil {
		return fmt.Errorf("cannot write what was earned: %w", osfault.Explain(l.path, err))
	}
	return nil
}
