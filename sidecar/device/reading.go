package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Reading is a number that a device reports, or the reason why it is not measured. The zero
// Reading is not measured and does not have a reason. The name of the field that holds it says
// the unit.
type Reading struct {
	value    int64
	measured bool
	reason   string
}

// Measured returns a reading of a number.
func Measured(value int64) Reading { return Reading{value: value, measured: true} }

// NotMeasured returns a reading without a number. The reason is for the owner.
func NotMeasured(reason string) Reading { return Reading{reason: reason} }

// readingOf returns the reading of a counter, or of the error with which it could not be read.
func readingOf[N ~uint32 | ~uint64 | ~int | ~int64](value N, err error) Reading {
	switch {
	case err != nil:
		return NotMeasured(err.Error())
	case value > 0 && uint64(value) > math.MaxInt64:
		return NotMeasured(fmt.Sprintf("expected a number below 2^63, found %d", value))
	}
	return Measured(int64(value))
}

// Value returns the number, and whether it was measured.
func (r Reading) Value() (int64, bool) { return r.value, r.measured }

// Reason says why there is not a number. It is empty if there is one.
func (r Reading) Reason() string {
	if !r.measured && r.reason == "" {
		return "the driver does not report it"
	}
	return r.reason
}

// scaled returns the reading in a smaller or larger unit: times multiplied, and divided by.
func (r Reading) scaled(times, by int64) Reading {
	if !r.measured {
		return r
	}
	if r.value > math.MaxInt64/times || r.value < math.MinInt64/times {
		return NotMeasured(fmt.Sprintf("expected a number that can be multiplied by %d, found %d", times, r.value))
	}
	return Measured(r.value * times / by)
}

// within returns the reading if it is between two bounds, and otherwise a reason. A driver that
// reports a value beyond physics does not report the state of the device.
func (r Reading) within(least, most int64) Reading {
	if r.measured && (r.value < least || r.value > most) {
		return NotMeasured(fmt.Sprintf("expected a number from %d to %d, found %d", least, most, r.value))
	}
	return r
}

// orElse returns the reading if it was measured, and otherwise another one.
func (r Reading) orElse(other Reading) Reading {
	if r.measured {
		return r
	}
	return other
}

// readingJSON is how a reading looks in JSON: exactly one of the fields is there.
type readingJSON struct {
	Value   *int64 `json:"value,omitempty"`
	Missing string `json:"missing,omitempty"`
}

// MarshalJSON implements json.Marshaler: {"value":45} or {"missing":"why"}.
func (r Reading) MarshalJSON() ([]byte, error) {
	if r.measured {
		return json.Marshal(readingJSON{Value: &r.value})
	}
	return json.Marshal(readingJSON{Missing: r.Reason()})
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Reading) UnmarshalJSON(raw []byte) error {
	var read readingJSON
	if err := json.Unmarshal(raw, &read); err != nil {
		return err
	}
	if (read.Value == nil) == (read.Missing == "") {
		return errors.New("expected either a value or what is missing in a reading")
	}
	*r = NotMeasured(read.Missing)
	if read.Value != nil {
		*r = Measured(*read.Value)
	}
	return nil
}
