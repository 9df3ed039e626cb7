package sensors

import (
	"time"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/web"
)

// WithCards returns the readings of a machine with those of its graphics cards: how busy the busiest one is, and the
// temperature of the hottest one. cards returns what is known of them without waiting.
func WithCards(machine web.Sensors, cards func() []device.CardHealth) web.Sensors {
	return withCards{machine, cards}
}

type withCards struct {
	machine web.Sensors
	cards   func() []device.CardHealth
}

// Read implements web.Sensors.
func (w withCards) Read(now time.Time) []web.Reading {
	cards := w.cards()
	return append(w.machine.Read(now),
		highest(web.Reading{Name: "gpu", Unit: "%"}, cards, 1, func(s device.State) device.Reading { return s.Busy }),
		highest(web.Reading{Name: "gpu_temperature", Unit: "°C"}, cards, 1000, func(s device.State) device.Reading { return s.Temperature }))
}

// highest returns the highest value of the cards that report one, divided by unit, or the reason of the first one that
// does not.
func highest(r web.Reading, cards []device.CardHealth, unit float64, of func(device.State) device.Reading) web.Reading {
	r.Missing = "no graphics card was found"
	seen := false
	for i, card := range cards {
		value, measured := of(card.State).Value()
		switch {
		case measured && (!seen || float64(value)/unit > r.Value):
			r.Value, r.Missing, seen = float64(value)/unit, "", true
		case !measured && !seen && i == 0:
			r.Missing = of(card.State).Reason()
		}
	}
	return r
}
