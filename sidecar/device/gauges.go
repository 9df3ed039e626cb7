package device

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Gauges reads what the rules of the machine's owner need every second. Of several cards, the highest
// value counts. An error says why nothing can be read.
type Gauges interface {
	// Use returns the load of the most loaded card by processes that are not own, in percent. Of the
	// first call, the error can be ErrTooEarly: the load is known only after a second reading.
	Use(own map[int]bool) (float64, error)
	// Temperature returns that of the hottest card, in °C.
	Temperature() (float64, error)
	// Fan returns the speed of the fastest fan of a card, in percent of its full speed.
	Fan() (float64, error)
}

// Highest returns the highest of the values that can be read. If none can be read, the error contains
// all reasons.
func Highest(reads ...func() (float64, error)) (float64, error) {
	most, seen := 0.0, false
	var failed error
	for _, read := range reads {
		value, err := read()
		switch {
		case err == nil && (!seen || value > most):
			most, seen = value, true
		case err == nil:
		case failed == nil:
			failed = err
		default:
			failed = fmt.Errorf("%w; %w", failed, err)
		}
	}
	if seen {
		return most, nil
	}
	if failed == nil {
		failed = errors.New("no driver of graphics cards reports it")
	}
	return 0, failed
}

// highest reads the drivers that have gauges.
func (d drivers) highest(read func(Gauges) (float64, error)) (float64, error) {
	var reads []func() (float64, error)
	for _, driver := range d {
		if gauges, ok := driver.(Gauges); ok {
			reads = append(reads, func() (float64, error) { return read(gauges) })
		}
	}
	return Highest(reads...)
}

// Use implements Gauges.
func (d drivers) Use(own map[int]bool) (float64, error) {
	return d.highest(func(g Gauges) (float64, error) { return g.Use(own) })
}

// Temperature implements Gauges.
func (d drivers) Temperature() (float64, error) { return d.highest(Gauges.Temperature) }

// Fan implements Gauges.
func (d drivers) Fan() (float64, error) { return d.highest(Gauges.Fan) }

// useSample is how much of a card a process used, as NVIDIA's driver reports it.
type useSample struct {
	pid int
	// at is a time by the driver's clock, in µs.
	at uint64
	// percent is the largest share of a part of the card.
	percent uint32
}

// useOf adds the newest samples of all processes that are not own. newest is the time of the newest
// sample of all, and at least since.
func useOf(samples []useSample, own map[int]bool, since uint64) (percent float64, newest uint64) {
	newest = since
	last := map[int]useSample{}
	for _, s := range samples {
		newest = max(newest, s.at)
		if before, twice := last[s.pid]; !own[s.pid] && (!twice || s.at > before.at) {
			last[s.pid] = s
		}
	}
	for _, s := range last {
		percent += float64(s.percent)
	}
	return math.Min(percent, 100), newest
}

const (
	// gaugePatience is the time that a driver has for a gauge. A rule is judged once a second.
	gaugePatience = 300 * time.Millisecond
	// gaugeAge is the age up to which a gauge stands for one that cannot be read because the driver is
	// busy, as it is while the watch looks at the cards.
	gaugeAge = 3 * time.Second
)

// gauged is the last value of a gauge.
type gauged struct {
	value float64
	at    time.Time
}

// gauge reads a gauge. While a card waits for a reset, the drivers are released, and the ailment of the
// card is the error.
func (w *Watch) gauge(name string, read func(Gauges) (float64, error)) (float64, error) {
	value, err := await(w.wait.within(gaugePatience), func() (float64, error) {
		gauges, err := w.gauges()
		if err != nil {
			return 0, err
		}
		return read(gauges)
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.cfg.Now()
	var hang *hangError
	switch last, known := w.gauged[name]; {
	case err == nil:
		w.gauged[name] = gauged{value, now}
	case errors.As(err, &hang) && known && now.Sub(last.at) < gaugeAge && !w.health.ill():
		return last.value, nil
	case len(w.missing) > 0 && w.driver != nil:
		err = fmt.Errorf("%w; %s", err, w.missing[0])
	}
	return value, err
}

// gauges returns the gauges of the open drivers.
func (w *Watch) gauges() (Gauges, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if card, waits := w.health.waiting(); waits {
		return nil, fmt.Errorf("the drivers of the graphics cards are released until %s is well: %w", card.Model, card.Ailment)
	}
	if w.driver == nil {
		if len(w.missing) > 0 {
			return nil, errors.New(w.missing[0])
		}
		return nil, errors.New("the graphics cards have not been looked at yet")
	}
	gauges, ok := w.driver.(Gauges)
	if !ok {
		return nil, errors.New("the driver of the graphics cards has no gauges")
	}
	return gauges, nil
}

// Use implements Gauges.
func (w *Watch) Use(own map[int]bool) (float64, error) {
	return w.gauge("use", func(g Gauges) (float64, error) { return g.Use(own) })
}

// Temperature implements Gauges.
func (w *Watch) Temperature() (float64, error) { return w.gauge("temperature", Gauges.Temperature) }

// Fan implements Gauges.
func (w *Watch) Fan() (float64, error) { return w.gauge("fan", Gauges.Fan) }

var _, _ Gauges = drivers{}, &Watch{}
