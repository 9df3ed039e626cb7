package overview

import (
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/thetaedge/theta/blob"
)

const (
	// maxName, maxText and maxItems bound what a snapshot contains: bytes of a name, bytes of a
	// sentence, and entries of a list.
	maxName  = 128
	maxText  = 600
	maxItems = 32
	// maxHeight is the largest height that is taken for one.
	maxHeight = 1 << 48
	// maxSeconds is a hundred years.
	maxSeconds = 100 * 365 * 24 * 3600
	// maxReading bounds what a sensor reports, in its unit and in thousandths of it.
	maxReading = 1 << 30
)

// amountShape is an amount of base units, which may be negative.
var amountShape = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,60})$`)

// Clean bounds everything in a snapshot of another machine, which may lie: texts become one line
// without control characters, numbers that cannot be are dropped, and long lists are cut.
func (s *Snapshot) Clean() {
	for _, name := range []*string{&s.Version, &s.ChainID, &s.Operator, &s.Worker, &s.Moniker, &s.Class, &s.Mode, &s.Status} {
		*name = Line(*name, maxName)
	}
	s.Update = Line(s.Update, maxText)
	s.At, s.HeightAt = moment(s.At), moment(s.HeightAt)
	s.Height = within(s.Height, maxHeight)
	s.Why = cut(s.Why)
	for i := range s.Why {
		f := &s.Why[i]
		f.Cause, f.Sentence, f.Cure = Line(f.Cause, maxName), Line(f.Sentence, maxText), Line(f.Cure, maxText)
	}
	s.Held = cut(s.Held)
	for i := range s.Held {
		h := &s.Held[i]
		h.Rule, h.Sentence, h.Action, h.Since = Line(h.Rule, maxName), Line(h.Sentence, maxText), Line(h.Action, maxName), moment(h.Since)
	}
	const slots = 1 << 16
	s.Slots, s.UsedSlots, s.Running = min(s.Slots, slots), min(s.UsedSlots, slots), min(s.Running, slots)
	for _, sums := range []*Sums{&s.Today, &s.Week, &s.Total} {
		sums.Pay, sums.Lost, sums.Earned = positive(sums.Pay), positive(sums.Lost), amount(sums.Earned)
	}
	s.Chain.clean()
	s.cleanMachine()
}

func (c *OnChain) clean() {
	if c == nil {
		return
	}
	c.At, c.Status = moment(c.At), Line(c.Status, maxName)
	c.Bond, c.Locked = positive(c.Bond), positive(c.Locked)
	c.LeaseEnd, c.JailUntil = within(c.LeaseEnd, maxHeight), within(c.JailUntil, maxHeight)
	c.LeaseSeconds, c.LeaseFullSeconds = within(c.LeaseSeconds, maxSeconds), within(c.LeaseFullSeconds, maxSeconds)
	if c.Grant != nil {
		c.Grant.Left, c.Grant.Expires = positive(c.Grant.Left), moment(c.Grant.Expires)
	}
}

// cleanMachine bounds what sensors and cards report.
func (s *Snapshot) cleanMachine() {
	s.Cards = cut(s.Cards)
	for i := range s.Cards {
		c := &s.Cards[i]
		c.ID, c.Model = Line(c.ID, maxName), Line(c.Model, maxName)
		c.Ailment, c.Cure = Line(c.Ailment, maxText), Line(c.Cure, maxText)
		for _, reading := range []**int64{&c.MilliCelsius, &c.Milliwatts, &c.BusyPercent} {
			if *reading != nil && (**reading < -maxReading || **reading > maxReading) {
				*reading = nil
			}
		}
		if c.MemoryUsedBytes != nil && *c.MemoryUsedBytes < 0 {
			c.MemoryUsedBytes = nil
		}
	}
	s.Readings = cut(s.Readings)
	kept := s.Readings[:0]
	for _, r := range s.Readings {
		r.Name, r.Unit = Line(r.Name, maxName), Line(r.Unit, maxName)
		if !math.IsNaN(r.Value) && math.Abs(r.Value) <= maxReading {
			kept = append(kept, r)
		}
	}
	s.Readings = kept
}

// Line returns a text as one line of at most a number of bytes, without characters that a terminal
// or a page could take for something else.
func Line(text string, most int) string {
	if len(text) > 4*most {
		text = text[:4*most] // what a byte becomes is at most three long
	}
	text = strings.Join(strings.Fields(blob.Printable(text)), " ")
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for end > 0 && text[end]&0xC0 == 0x80 {
		end--
	}
	return strings.TrimSpace(text[:end]) + "…"
}

func cut[T any](list []T) []T { return list[:min(len(list), maxItems)] }

// amount returns an amount, "" for a text that is not one.
func amount(text string) string {
	if !amountShape.MatchString(text) {
		return ""
	}
	return text
}

// positive returns an amount that cannot be negative, "" for a text that is not one.
func positive(text string) string {
	if strings.HasPrefix(text, "-") {
		return ""
	}
	return amount(text)
}

func within(n, most int64) int64 { return min(max(n, 0), most) }

// moment returns a time, the zero time for one that cannot be.
func moment(t time.Time) time.Time {
	if year := t.Year(); year < 2020 || year > 2200 {
		return time.Time{}
	}
	return t
}
