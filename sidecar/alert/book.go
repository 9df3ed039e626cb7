package alert

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// FileName is the name of the file in the home that remembers what was told.
	FileName = "alerts.json"
	// calm is the time for which a condition has to be gone before it counts as over.
	calm = 5 * time.Minute
	// remindEvery is the pause between two reminders of a condition that lasts.
	remindEvery = 24 * time.Hour
	// forgetAfter is the time after which a condition is forgotten that cannot be judged any more, such
	// as that of a card that was taken out.
	forgetAfter = 7 * 24 * time.Hour
	// mostConditions and mostRecent bound the book.
	mostConditions = 200
	mostRecent     = 100
)

// condition is a condition that holds, or that held until just now.
type condition struct {
	Kind Kind `json:"kind"`
	// Since is when it began, and Gone when it was first seen not to hold any more.
	Since time.Time `json:"since"`
	Gone  time.Time `json:"gone,omitzero"`
	// Judged is when it was last judged.
	Judged time.Time `json:"judged"`
	// Told is when the owner was last told of it; zero before that. Said is the title under which that was.
	Told  time.Time `json:"told,omitzero"`
	Said  string    `json:"said,omitempty"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
	Cure  string    `json:"cure"`
}

// Recent is an alert for people to read.
type Recent struct {
	At    time.Time `json:"at"`
	Kind  Kind      `json:"kind"`
	State State     `json:"state"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
}

// faults are those that the chain counts.
type faults struct {
	Missed uint64 `json:"missed"`
	Wrong  uint64 `json:"wrong"`
	Silent uint64 `json:"silent"`
}

// digest is what was paid when that was last told.
type digest struct {
	At   time.Time `json:"at"`
	Jobs uint64    `json:"jobs"`
	Pay  string    `json:"pay"`
}

// book remembers what was told, and what is still to be told.
type book struct {
	Conditions map[string]*condition `json:"conditions"`
	// Faults and Paid are nil before they were first seen.
	Faults *faults  `json:"faults,omitempty"`
	Paid   *digest  `json:"paid,omitempty"`
	Recent []Recent `json:"recent"`
	outbox
}

// errDamaged means that the file of a book is not one.
var errDamaged = errors.New("expected what was told, found something else")

// readBook reads the book of a home. A home without one has an empty book.
func readBook(home string) (*book, error) {
	path := filepath.Join(home, FileName)
	b := &book{}
	raw, err := osfault.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("cannot read what was told: %w", osfault.Explain(path, err))
	default:
		if err := json.Unmarshal(raw, b); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
		}
	}
	if b.Conditions == nil {
		b.Conditions = map[string]*condition{}
	}
	b.open()
	return b, nil
}

// openBook reads the book of a home to continue it. A damaged one is put aside.
func openBook(home string) (*book, error) {
	b, err := readBook(home)
	if !errors.Is(err, errDamaged) {
		return b, err
	}
	path := filepath.Join(home, FileName)
	if err := os.Rename(path, path+".damaged"); err != nil {
		return nil, fmt.Errorf("cannot put aside %s, which is damaged: %w", path, osfault.Explain(path, err))
	}
	return readBook(home)
}

// write replaces the file of the book.
func (b *book) write(home string) error {
	path := filepath.Join(home, FileName)
	raw, err := json.MarshalIndent(b, "", " ")
	if err == nil {
		var file *os.File
		if file, err = os.CreateTemp(home, FileName+".*.new"); err == nil { // 0600
			_, err = file.Write(raw)
			if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
				err = osfault.Replace(file.Name(), path)
			}
			if err != nil {
				err = errors.Join(err, os.Remove(file.Name()))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write what was told: %w", osfault.Explain(path, err))
	}
	return nil
}

// age returns the time since a moment. A moment in the future, which a clock that was put back leaves,
// becomes now.
func age(now time.Time, since *time.Time) time.Duration {
	if since.After(now) {
		*since = now
	}
	return now.Sub(*since)
}

// weigh takes verdicts into the book, and tells what begins, lasts or is over. It reports whether
// the book has changed.
func (b *book) weigh(now time.Time, verdicts []verdict) (changed bool) {
	for _, v := range verdicts {
		c, known := b.Conditions[v.key]
		switch {
		case v.holds && !known:
			if len(b.Conditions) >= mostConditions {
				continue
			}
			c = &condition{Kind: v.kind, Since: now}
			b.Conditions[v.key] = c
			changed = true
			fallthrough
		case v.holds:
			c.Gone, c.Judged = time.Time{}, now
			c.Title, c.Text, c.Cure = v.title, v.text, v.cure
			held := age(now, &c.Since)
			switch {
			case c.Told.IsZero() && held >= v.wait:
				c.Told, c.Said, changed = now, v.title, true
				b.tell(now, v.kind, Begins, v.title, v.text, v.cure, v.urgent)
			case !c.Told.IsZero() && age(now, &c.Told) >= remindEvery:
				c.Told, c.Said, changed = now, v.title, true
				b.tell(now, v.kind, Lasts, "Still: "+v.title, v.text, v.cure, v.urgent)
			}
		case known:
			c.Judged = now
			if c.Gone.IsZero() {
				c.Gone, changed = now, true
			}
			if age(now, &c.Gone) < calm && !c.Told.IsZero() {
				continue
			}
			delete(b.Conditions, v.key)
			changed = true
			if !c.Told.IsZero() {
				b.tell(now, c.Kind, Over, "Over: "+cmp.Or(c.Said, c.Title), fmt.Sprintf("It began at %s.", c.Since.Local().Format(time.DateTime)), "", false)
			}
		}
	}
	for key, c := range b.Conditions {
		if age(now, &c.Judged) >= forgetAfter {
			delete(b.Conditions, key)
			changed = true
		}
	}
	return changed
}

// countFaults tells of faults that the chain has counted since it last was asked. Faults of before the
// first time are not told.
func (b *book) countFaults(now time.Time, found faults) (changed bool) {
	before := b.Faults
	if before != nil && *before == found {
		return false
	}
	b.Faults = &found
	if before == nil {
		return true
	}
	more := func(now, before uint64, what string) string {
		if now <= before {
			return ""
		}
		return fmt.Sprintf("%s: %d. ", what, now-before)
	}
	text := more(found.Missed, before.Missed, "Missed deadlines") + more(found.Wrong, before.Wrong, "Results that differ from the accepted ones") +
		more(found.Silent, before.Silent, "Commitments that were not revealed")
	if text != "" {
		b.tell(now, Fault, Happened, "The chain has counted a fault", text, "see thetaedge jobs for the cause and the cost", true)
	}
	return true
}

// countPay tells what was paid since that was last told, at most once in a time.
func (b *book) countPay(now time.Time, every time.Duration, jobs uint64, pay string) (changed bool) {
	total, ok := new(big.Int).SetString(pay, 10)
	if !ok {
		return false
	}
	last, got := b.Paid, new(big.Int)
	if last != nil {
		if before, ok := new(big.Int).SetString(last.Pay, 10); ok {
			got.Sub(total, before)
		}
	}
	if last == nil || jobs < last.Jobs || got.Sign() < 0 { // the first look, or sums that forgot a day
		b.Paid = &digest{At: now, Jobs: jobs, Pay: total.String()}
		return true
	}
	if age(now, &last.At) < every || jobs == last.Jobs {
		return false
	}
	b.tell(now, Paid, Happened, "Paid: "+tfuelText(got.String()), fmt.Sprintf("%d jobs since %s paid %s gross.", jobs-last.Jobs, last.At.Local().Format("2006-01-02 15:04"), tfuelText(got.String())), "", false)
	b.Paid = &digest{At: now, Jobs: jobs, Pay: total.String()}
	return true
}

// tell puts an alert into the outbox and into the list for people.
func (b *book) tell(now time.Time, kind Kind, state State, title, text, cure string, urgent bool) {
	text = plain(text, maxBody/2)
	if cure = plain(cure, maxBody/3); cure != "" {
		text += "\nTo do: " + cure
	}
	title = plain(title, maxTitle)
	b.Recent = append(b.Recent, Recent{At: now, Kind: kind, State: state, Title: title, Text: text})
	b.Recent = b.Recent[max(0, len(b.Recent)-mostRecent):]
	b.put(&letter{At: now, Kind: kind, State: state, Title: title, Text: text, Urgent: urgent})
}
