package store

import (
	"encoding/json"
	"fmt"
	"math/big"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/thetaedge/theta/internal/osfault"
)

// feesKey is the key of the record that counts the fees of a day.
const feesKey = "fees"

// fees counts the fees that were signed for on one day. Amounts are decimal numbers in the
// smallest unit.
type fees struct {
	// Day is the number of days since the Unix epoch, in UTC.
	Day   int64  `json:"day"`
	Spent string `json:"spent"`
	// Sequence and Fee belong to the transaction that was signed last.
	Sequence uint64 `json:"sequence"`
	Fee      string `json:"fee"`
}

// uncounted is the record of the fees of a day in memory, while the disk does not take it. A node whose
// disk is full must still be able to pay for the reveal of what it has committed to.
type uncounted struct {
	mu sync.Mutex
	// raw is nil if the journal contains everything.
	raw []byte
}

// Charge adds the fee of a transaction that is about to be signed to a day's fees. It returns
// what the day has cost before. If the sum would exceed limit, ok is false and nothing is
// counted; a nil limit means no limit. At most one of several transactions with the same
// sequence is executed. Therefore a further transaction is charged only for the amount by
// which it offers more. The journal counts the fees that were signed for, not those that were
// paid, because a node can hide that a transaction was executed. While the disk takes nothing, the
// fees are counted in memory.
func (j *Journal) Charge(day int64, sequence uint64, fee, limit *big.Int) (spent *big.Int, ok bool, err error) {
	j.uncounted.mu.Lock()
	defer j.uncounted.mu.Unlock()
	var raw []byte
	if err = j.db.View(func(tx *bbolt.Tx) error {
		spent, ok, raw, err = charge(j.counted(tx.Bucket([]byte(metaBucket))), day, sequence, fee, limit)
		return err
	}); err == nil && raw != nil {
		err = j.putFees(raw)
	}
	return spent, ok && err == nil, err
}

// counted returns the newest record of the fees of a day.
func (j *Journal) counted(meta *bbolt.Bucket) []byte {
	if j.uncounted.raw != nil {
		return j.uncounted.raw
	}
	return meta.Get([]byte(feesKey))
}

// charge returns the record with a further fee; nil if the limit does not allow the fee.
func charge(raw []byte, day int64, sequence uint64, fee, limit *big.Int) (spent *big.Int, ok bool, changed []byte, err error) {
	counted, before, last, err := readFees(raw, day)
	if err != nil {
		return nil, false, nil, err
	}
	more := new(big.Int).Set(fee)
	if counted.Fee != "" && counted.Sequence == sequence {
		if more.Sub(fee, last); more.Sign() < 0 {
			more.SetInt64(0)
		}
	}
	sum := new(big.Int).Add(before, more)
	if limit != nil && more.Sign() != 0 && sum.Cmp(limit) > 0 {
		changed, err = correctDay(raw, day)
		return before, false, changed, err
	}
	if counted.Fee == "" || counted.Sequence != sequence || last.Cmp(fee) < 0 {
		counted.Sequence, counted.Fee = sequence, fee.String()
	}
	counted.Day, counted.Spent = dayAfter(counted.Day, day), sum.String()
	changed, err = json.Marshal(counted)
	return before, true, changed, err
}

// dayAfter returns the day to which fees are counted, after a day to which they were counted. If the clock
// was set back by a day, that day continues, so that no new budget begins. A day that is further ahead is one
// that the clock has shown by mistake. Its fees belong to this day, so that the next midnight begins a new
// budget.
func dayAfter(counted, day int64) int64 {
	if counted == day+1 {
		return counted
	}
	return day
}

// correctDay returns the record with the right day, if it has one that the clock has shown by mistake;
// otherwise nil.
func correctDay(raw []byte, day int64) ([]byte, error) {
	counted, _, _, err := readFees(raw, day)
	if err != nil || counted.Day <= day || dayAfter(counted.Day, day) == counted.Day {
		return nil, err
	}
	counted.Day = day
	return json.Marshal(counted)
}

// Charged returns the fees that were signed for on a day.
func (j *Journal) Charged(day int64) (spent *big.Int, err error) {
	j.uncounted.mu.Lock()
	defer j.uncounted.mu.Unlock()
	var corrected []byte
	err = j.db.View(func(tx *bbolt.Tx) error {
		raw := j.counted(tx.Bucket([]byte(metaBucket)))
		if _, spent, _, err = readFees(raw, day); err == nil {
			corrected, err = correctDay(raw, day)
		}
		return err
	})
	if err != nil || corrected == nil {
		return spent, err
	}
	return spent, j.putFees(corrected)
}

// putFees writes the record of the fees of a day, or keeps it in memory if the disk takes nothing. It is
// called with the lock of uncounted, which orders the changes.
func (j *Journal) putFees(raw []byte) error {
	err := j.write(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(metaBucket)).Put([]byte(feesKey), raw) })
	if _, system := osfault.Of(err); system {
		j.uncounted.raw = raw
		return nil
	}
	if err == nil {
		j.uncounted.raw = nil
	}
	return err
}

// readFees returns the counted fees, the part of them that belongs to a day, and the last fee.
// If the clock was set back, the counted day continues, so that no new budget begins.
func readFees(raw []byte, day int64) (counted fees, spent, last *big.Int, err error) {
	spent, last = new(big.Int), new(big.Int)
	if raw == nil {
		return counted, spent, last, nil
	}
	if err := json.Unmarshal(raw, &counted); err != nil {
		return counted, nil, nil, fmt.Errorf("%w: fees of a day: %w", ErrDamaged, err)
	}
	if counted.Fee != "" {
		if _, ok := last.SetString(counted.Fee, 10); !ok {
			return counted, nil, nil, fmt.Errorf("%w: fees of a day: expected an amount, found %q", ErrDamaged, counted.Fee)
		}
	}
	if day > counted.Day {
		return counted, spent, last, nil
	}
	if _, ok := spent.SetString(counted.Spent, 10); !ok {
		return counted, nil, nil, fmt.Errorf("%w: fees of a day: expected an amount, found %q", ErrDamaged, counted.Spent)
	}
	return counted, spent, last, nil
}
