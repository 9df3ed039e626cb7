package device

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ailment says why a card must not be used, and how it becomes well.
type Ailment struct {
	Why  string `json:"why"`
	Cure string `json:"cure"`
}

// Error implements error.
func (a *Ailment) Error() string { return a.Why + "; " + a.Cure }

const (
	// hotFor is the time for which a card has to be at its slowdown temperature before it is
	// unhealthy: a fan needs some time to speed up.
	hotFor = time.Minute
	// coolBelow is how far a card has to be below that temperature before it is healthy again, in
	// millidegrees Celsius.
	coolBelow = 5_000
)

// health remembers the cards of a machine and says which of them are ill.
type health struct {
	// generation names the instance of the NVIDIA driver. It changes when the driver is reloaded, and
	// is empty if that cannot be told.
	generation string
	records    map[string]*record
}

// record is what is known about a card.
type record struct {
	card Card
	// gone says that the driver no longer lists the card. silent is why the card could not be read.
	gone   bool
	silent string
	// fatal is a fatal error that has been reported since the driver was loaded.
	fatal *Ailment
	// hotSince is the time since which the card is at its slowdown temperature, or zero.
	hotSince time.Time
	hot      bool
}

func newHealth() *health { return &health{records: map[string]*record{}} }

// observe takes a survey into account. err says that not all cards could be read.
func (h *health) observe(now time.Time, generation string, cards []Card, err error) {
	reloaded := h.generation != "" && generation != "" && generation != h.generation
	if generation != "" {
		h.generation = generation
	}
	for id, r := range h.records {
		r.silent = ""
		if reloaded && r.card.Source == "nvml" {
			r.fatal = nil
		}
		switch {
		case slices.ContainsFunc(cards, func(c Card) bool { return c.UUID == id }):
		case err != nil:
			r.silent = err.Error() // a driver that fails does not say which cards there are
		default:
			r.gone = true
		}
	}
	for _, card := range cards {
		r, known := h.records[card.UUID]
		if !known {
			r = &record{}
			h.records[card.UUID] = r
		}
		r.observe(now, card)
	}
}

// observe takes the state of a card into account.
func (r *record) observe(now time.Time, card Card) {
	before, hadBefore := r.card.State.Energy.Value()
	after, has := card.State.Energy.Value()
	// A driver begins to count energy when it is loaded. A card that comes back was reset.
	if hadBefore && has && after < before || r.gone {
		r.fatal = nil
	}
	r.card, r.gone = card, false
	temperature, measured := card.State.Temperature.Value()
	limit, limited := card.State.Slowdown.Value()
	switch {
	case !measured || !limited || temperature <= limit-coolBelow:
		r.hotSince, r.hot = time.Time{}, false
	case temperature >= limit && r.hotSince.IsZero():
		r.hotSince = now
	case temperature < limit && !r.hot:
		r.hotSince = time.Time{}
	}
	r.hot = r.hot || !r.hotSince.IsZero() && now.Sub(r.hotSince) >= hotFor
}

// xid takes an error of a card into account that its driver has reported.
func (h *health) xid(id string, number uint64) {
	rule, fatal := fatalXID(number)
	if !fatal {
		return
	}
	r, known := h.records[id]
	if !known {
		r = &record{card: Card{GPU: GPU{UUID: id, Model: Unknown}, Source: "nvml", State: NoState("not read yet")}}
		h.records[id] = r
	}
	r.fatal = rule.ailmentOf(number)
}

// ailment returns why a card must not be used, or nil.
func (r *record) ailment() *Ailment {
	s := r.card.State
	switch uncorrected, _ := s.Uncorrected.Value(); {
	case r.silent != "":
		return &Ailment{"it cannot be read: " + r.silent, cureReset}
	case r.gone:
		return &Ailment{"the card is gone: its driver no longer lists it", cureReboot + "; a driver that is reloaded finds the card again by itself"}
	case s.Lost != "":
		return &Ailment{"the card does not answer: " + s.Lost, cureReset}
	case r.fatal != nil:
		return r.fatal
	case uncorrected > 0:
		return &Ailment{
			fmt.Sprintf("its memory had %d errors since the driver was loaded that could not be corrected", uncorrected),
			"reset the card or reload the driver; if the errors come back, replace the card",
		}
	case r.hot:
		degrees, _ := s.Temperature.Value()
		limit, _ := s.Slowdown.Value()
		return &Ailment{
			fmt.Sprintf("it is at %d °C and slows itself down at %d °C, for more than %s", degrees/1000, limit/1000, hotFor),
			fmt.Sprintf("clean its fans, give it air or lower its power cap; the node uses it again below %d °C", (limit-coolBelow)/1000),
		}
	}
	return nil
}

// waits reports whether the card waits for a reset, which needs its driver to be released.
func (r *record) waits() bool {
	uncorrected, _ := r.card.State.Uncorrected.Value()
	return r.fatal != nil || r.gone || r.silent != "" || r.card.State.Lost != "" || uncorrected > 0
}

// waiting returns a card that waits for a reset, and whether there is one.
func (h *health) waiting() (CardHealth, bool) {
	for _, card := range h.cards() {
		if h.records[card.UUID].waits() {
			return card, true
		}
	}
	return CardHealth{}, false
}

// ill reports whether a card waits for a reset.
func (h *health) ill() bool {
	_, ill := h.waiting()
	return ill
}

// CardHealth is a card and why it must not be used.
type CardHealth struct {
	Card

	// Ailment is nil if nothing speaks against the card.
	Ailment *Ailment `json:"ailment,omitempty"`
}

// cards returns the cards that are known, those that are gone too.
func (h *health) cards() []CardHealth {
	list := []CardHealth{}
	for _, r := range h.records {
		list = append(list, CardHealth{r.card, r.ailment()})
	}
	slices.SortFunc(list, func(x, y CardHealth) int { return strings.Compare(x.Source+x.PCI+x.UUID, y.Source+y.PCI+y.UUID) })
	return list
}
