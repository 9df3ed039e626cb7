package store

import (
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"
)

// lineKey is the key of the record that counts what passed the owner's line on one day.
const lineKey = "line"

// Line counts the content in bytes that jobs have moved over the network on one day.
type Line struct {
	// Day is the number of days since the Unix epoch, in UTC.
	Day      int64  `json:"day"`
	Received uint64 `json:"received"`
	Sent     uint64 `json:"sent"`
}

// Total returns the bytes in both directions.
func (l Line) Total() uint64 {
	if total := l.Received + l.Sent; total >= l.Received {
		return total
	}
	return ^uint64(0)
}

// Moved adds bytes to those of a day and returns the sums of the day. If the clock was set back, the counted
// day continues, so that no new budget begins. Bytes that were counted to a day that is further ahead belong to this one.
func (j *Journal) Moved(day int64, received, sent uint64) (line Line, err error) {
	read := func(tx *bbolt.Tx) error {
		raw := tx.Bucket([]byte(metaBucket)).Get([]byte(lineKey))
		if line = (Line{}); raw != nil {
			if err := json.Unmarshal(raw, &line); err != nil {
				return fmt.Errorf("%w: bytes of a day: %w", ErrDamaged, err)
			}
		}
		if day > line.Day {
			line = Line{Day: day}
		}
		// A day that is further ahead is one that the clock has shown by mistake. It would last until then.
		line.Day = dayAfter(line.Day, day)
		return nil
	}
	if received == 0 && sent == 0 {
		err = j.db.View(read)
		return line, err
	}
	err = j.write(func(tx *bbolt.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		line.Received, line.Sent = line.Received+received, line.Sent+sent
		raw, err := json.Marshal(line)
		if err != nil {
			return err
		}
		return tx.Bucket([]byte(metaBucket)).Put([]byte(lineKey), raw)
	})
	return line, err
}
