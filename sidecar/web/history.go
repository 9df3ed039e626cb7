package web

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

const (
	// readEvery is the pause between two looks at the sensors.
	readEvery = 5 * time.Second
	// kept is the number of readings that are kept: an hour.
	kept = 720
)

// history contains the readings of the last hour.
type history struct {
	mu sync.Mutex
	// times are in Unix seconds.
	times  []int64
	series []*series
}

// series contains the values of one sensor.
type series struct {
	Reading
	// values has a value for each time, nil where there was none.
	values []*float64
}

func newHistory() *history { return &history{} }

// add adds the readings of a moment.
func (h *history) add(now time.Time, readings []Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.series == nil {
		for range readings {
			h.series = append(h.series, &series{})
		}
	}
	h.times = append(h.times, now.Unix())
	h.times = h.times[max(0, len(h.times)-kept):]
	for i, s := range h.series {
		var value *float64
		if i < len(readings) {
			s.Reading = readings[i]
			if s.Missing == "" {
				value = &s.Reading.Value
				copied := *value
				value = &copied
			}
		}
		s.values = append(s.values, value)
		s.values = s.values[max(0, len(s.values)-kept):]
	}
}

// chart is a series for a template and for the script that draws it.
type chart struct {
	Name    string     `json:"name"`
	Unit    string     `json:"unit"`
	Missing string     `json:"-"`
	Now     float64    `json:"-"`
	Least   float64    `json:"-"`
	Most    float64    `json:"-"`
	Drawn   bool       `json:"-"`
	Values  []*float64 `json:"values"`
}

// charts returns the times and the series.
func (h *history) charts() (times []int64, charts []chart) {
	h.mu.Lock()
	defer h.mu.Unlock()
	times = append([]int64{}, h.times...)
	for _, s := range h.series {
		c := chart{Name: s.Name, Unit: s.Unit, Missing: s.Missing, Now: s.Value, Values: append([]*float64{}, s.values...)}
		for _, value := range c.Values {
			if value == nil {
				continue
			}
			if !c.Drawn {
				c.Least, c.Most, c.Drawn = *value, *value, true
			}
			c.Least, c.Most = min(c.Least, *value), max(c.Most, *value)
		}
		charts = append(charts, c)
	}
	return times, charts
}

// readings answers with the readings of the last hour, for the script that draws charts.
func (s *Server) readings(w http.ResponseWriter, _ *http.Request) {
	times, charts := s.history.charts()
	drawn := make([]chart, 0, len(charts))
	for _, c := range charts {
		if c.Drawn {
			drawn = append(drawn, c)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	// The browser may be gone. In this case the error cannot be reported to it.
	_ = json.NewEncoder(w).Encode(struct {
		Times  []int64 `json:"times"`
		Series []chart `json:"series"`
	}{times, drawn})
}
