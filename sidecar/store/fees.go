package store

import (
	"encoding/json"
	"fmt"
	"math/big"

	"go.etcd.io/bbolt"
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

// Charge adds the fee of a transaction that is about to be signed to a day's fees. It returns
// what the day has cost before. If the sum would exceed limit, ok is false and nothing is
// counted; a nil limit means no limit. At most one of several transactions with the same
// sequence is executed. Therefore a further transaction is charged only for the amount by
// which it offers more. The journal counts the fees that were signed for, not those that were
// paid, because a node can hide that a transaction was executed.
func (j *Journal) Charge(day int64, sequence uint64, fee, limit *big.Int) (spent *big.Int, ok bool, err error) {
	err = j.write(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(metaBucket))
		counted, before, last, err := readFees(meta.Get([]byte(feesKey)), day)
		if err != nil {
			return err
		}
		more := new(big.Int).Set(fee)
		if counted.Fee != "" && counted.Sequence == sequence {
			if more.Sub(fee, last); more.Sign() < 0 {
				more.SetInt64(0)
			}
		}
		spent = before
		sum := new(big.Int).Add(before, more)
		if ok = limit == nil || more.Sign() == 0 || sum.Cmp(limit) <= 0; !ok {
			return nil
		}
		if counted.Fee == "" || counted.Sequence != sequence || last.Cmp(fee) < 0 {
			counted.Sequence, counted.Fee = sequence, fee.String()
		}
		counted.Day, counted.Spent = max(day, counted.Day), sum.String()
		raw, err := json.Marshal(counted)
		if err != nil {
			return err
		}
		return meta.Put([]byte(feesKey), raw)
	})
	return spent, ok && err == nil, err
}

// Charged returns the fees that were signed for on a day.
func (j *Journal) Charged(day int64) (spent *big.Int, err error) {
	err = j.db.View(func(tx *bbolt.Tx) error {
		_, spent, _, err = readFees(tx.Bucket([]byte(metaBucket)).Get([]byte(feesKey)), day)
		return err
	})
	return spent, err
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
