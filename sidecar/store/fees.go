package store

import (
	"encoding/json"
	"fmt"
	"math/big"

	"go.etcd.io/bbolt"
)

// feesKey is where the fees of a day are counted.
const feesKey = "fees"

// fees are what was signed for on a day. Amounts are base-10 text of the smallest unit.
type fees struct {
	// Day counts from the Unix epoch, in UTC.
	Day   int64  `json:"day"`
	Spent string `json:"spent"`
	// Sequence and Fee are those of the transaction that was signed last.
	Sequence uint64 `json:"sequence"`
	Fee      string `json:"fee"`
}

// Charge counts the fee of a transaction that is about to be signed against a day, and
// returns what that day has cost before it. It is not ok, and nothing is counted, when
// that would be more than limit; a nil limit is none. Of transactions with one sequence
// at most one runs, so that a second is charged for what it offers more. What was signed
// counts, not what was paid: a node can hide that a transaction ran.
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

// Charged returns what was signed for on a day.
func (j *Journal) Charged(day int64) (spent *big.Int, err error) {
	err = j.db.View(func(tx *bbolt.Tx) error {
		_, spent, _, err = readFees(tx.Bucket([]byte(metaBucket)).Get([]byte(feesKey)), day)
		return err
	})
	return spent, err
}

// readFees returns what is counted, what of it falls on a day, and the last fee. A clock
// that was set back goes on with the day that is counted: it gives no new budget.
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
