package alert

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	// mostLetters bounds the letters that wait; the oldest is dropped first.
	mostLetters = 100
	// letterLife is the time after which a letter that a target did not accept is dropped.
	letterLife = 24 * time.Hour
	// mostTries is the number of tries to send a letter to a target.
	mostTries = 8
	// budgetSpan is the time for which the budget of letters counts.
	budgetSpan = time.Hour
	// mostTitles is the number of titles that a summary contains.
	mostTitles = 15
)

// letter is an alert that waits until each target has it.
type letter struct {
	At    time.Time `json:"at"`
	Kind  Kind      `json:"kind"`
	State State     `json:"state"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
	// Urgent reports whether the owner should look now.
	Urgent bool `json:"urgent"`
	// Released reports that the budget has let the letter go.
	Released bool `json:"released"`
	// Open contains the targets that do not have it yet.
	Open map[string]*attempt `json:"open,omitempty"`
}

// attempt says how far a letter is on its way to a target.
type attempt struct {
	Tries int       `json:"tries"`
	Next  time.Time `json:"next,omitzero"`
	// busy reports that it is being sent now.
	busy bool
}

// health says how a target is.
type health struct {
	// Accepted and Refused are the times of the last success and failure, and Error is the text of the
	// last failure, without secrets.
	Accepted time.Time `json:"accepted,omitzero"`
	Refused  time.Time `json:"refused,omitzero"`
	Error    string    `json:"error,omitempty"`
	// Dropped counts letters that the target never got.
	Dropped uint64 `json:"dropped"`
}

// outbox contains the letters that wait.
type outbox struct {
	Letters []*letter `json:"letters"`
	// Released contains the times at which letters were released, within budgetSpan.
	Released []time.Time        `json:"released"`
	Health   map[string]*health `json:"targets"`
}

// open prepares an outbox that was read.
func (o *outbox) open() {
	if o.Health == nil {
		o.Health = map[string]*health{}
	}
	o.Letters = slices.DeleteFunc(o.Letters, func(l *letter) bool { return l == nil })
	for _, l := range o.Letters {
		maps.DeleteFunc(l.Open, func(_ string, a *attempt) bool { return a == nil })
	}
}

func (o *outbox) put(l *letter) {
	o.Letters = append(o.Letters, l)
	if extra := len(o.Letters) - mostLetters; extra > 0 {
		o.Letters = slices.Delete(o.Letters, 0, extra)
	}
}

// release lets letters go as long as the budget of an hour allows, and addresses them to all targets. Letters
// that have to wait are joined into one once there is room again.
func (o *outbox) release(now time.Time, perHour int, targets []*Target) (changed bool) {
	for i := range o.Released {
		age(now, &o.Released[i]) // a clock that was put back must not use up the budget for long
	}
	o.Released = slices.DeleteFunc(o.Released, func(at time.Time) bool { return now.Sub(at) >= budgetSpan })
	var waiting []*letter
	for _, l := range o.Letters {
		if !l.Released {
			waiting = append(waiting, l)
		}
	}
	room := perHour - len(o.Released)
	if len(waiting) == 0 || room <= 0 {
		return false
	}
	if len(waiting) > room {
		o.Letters = slices.DeleteFunc(o.Letters, func(l *letter) bool { return !l.Released })
		waiting = []*letter{summary(now, waiting)}
		o.Letters = append(o.Letters, waiting[0])
	}
	if len(targets) == 0 {
		o.Letters = nil // there is no target to tell
		return true
	}
	for _, l := range waiting {
		l.Released, l.Open = true, map[string]*attempt{}
		for _, t := range targets {
			l.Open[t.ID] = &attempt{}
		}
		o.Released = append(o.Released, now)
	}
	return true
}

// summary joins letters into one.
func summary(now time.Time, letters []*letter) *letter {
	out := &letter{At: now, Kind: letters[0].Kind, State: Happened, Title: fmt.Sprintf("%d alerts", len(letters))}
	var lines []string
	for i, l := range letters {
		out.Urgent = out.Urgent || l.Urgent
		if i < mostTitles {
			lines = append(lines, "- "+l.Title)
		}
	}
	if more := len(letters) - mostTitles; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more; see thetaedge alerts", more))
	}
	out.Text = strings.Join(lines, "\n")
	return out
}

// next returns the oldest letter that is due for a target, and marks it as being sent. Without one it
// returns the time at which the next one is due; the zero time if none waits.
func (o *outbox) next(now time.Time, target string) (*letter, time.Time) {
	var soonest time.Time
	for _, l := range o.Letters {
		a, open := l.Open[target]
		if !open || a.busy {
			continue
		}
		// A clock that was put back must not hold letters up for long.
		if wait := a.Next.Sub(now); wait <= 0 || wait > letterLife {
			a.busy = true
			return l, time.Time{}
		}
		if soonest.IsZero() || a.Next.Before(soonest) {
			soonest = a.Next
		}
	}
	return nil, soonest
}

// settle notes how a try to send a letter has ended.
func (o *outbox) settle(now time.Time, l *letter, target string, failure error) {
	h := o.Health[target]
	if h == nil {
		h = &health{}
		o.Health[target] = h
	}
	a := l.Open[target]
	a.busy = false
	switch {
	case failure == nil:
		h.Accepted, h.Error = now, ""
		delete(l.Open, target)
	default:
		h.Refused, h.Error = now, failure.Error()
		a.Tries++
		a.Next = now.Add(pauseAfter(a.Tries))
		if a.Tries >= mostTries || age(now, &l.At) >= letterLife {
			h.Dropped++
			delete(l.Open, target)
		}
	}
	o.tidy()
}

// tidy forgets letters that all targets have.
func (o *outbox) tidy() {
	o.Letters = slices.DeleteFunc(o.Letters, func(l *letter) bool { return l.Released && len(l.Open) == 0 })
}

// readdress forgets targets that the owner has removed.
func (o *outbox) readdress(targets []*Target) {
	known := func(id string) bool {
		return slices.ContainsFunc(targets, func(t *Target) bool { return t.ID == id })
	}
	for _, l := range o.Letters {
		for id := range l.Open {
			if !known(id) {
				delete(l.Open, id)
			}
		}
	}
	for id := range o.Health {
		if !known(id) {
			delete(o.Health, id)
		}
	}
	o.tidy()
}

// pauseAfter returns the pause after a number of tries that failed: half a minute, and four times as
// long each further time, up to four hours.
func pauseAfter(tries int) time.Duration {
	pause := 30 * time.Second
	for range tries - 1 {
		pause = min(4*pause, 4*time.Hour)
	}
	return pause
}
