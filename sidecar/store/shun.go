package store

import (
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"
)

// shunsBucket holds what is left to others for a while.
const shunsBucket = "shuns"

// Shun is a program or a requester that is left to others for a while, because it has
// ended what runs programs here.
type Shun struct {
	// Name of what is shunned, such as "program/<sha256>".
	Name string `json:"name"`
	// Until is the height from which it is not.
	Until int64 `json:"until"`
	// Times it was shunned before this was forgotten.
	Times uint32 `json:"times"`
	// Reason for the owner to read.
	Reason string `json:"reason,omitempty"`
}

// PutShun writes what is shunned, by its name.
func (tx *Tx) PutShun(s Shun) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("cannot encode the shun of %s: %w", s.Name, err)
	}
	return tx.shuns.Put([]byte(s.Name), value)
}

// DeleteShun forgets what is shunned; an unknown name changes nothing.
func (tx *Tx) DeleteShun(name string) error { return tx.shuns.Delete([]byte(name)) }

// Shuns lists all that is shunned, by name. What cannot be read is left out: it costs
// nobody a bond.
func (tx *Tx) Shuns() ([]Shun, error) {
	var list []Shun
	err := tx.shuns.ForEach(func(_, value []byte) error {
		var s Shun
		if json.Unmarshal(value, &s) == nil {
			list = append(list, s)
		}
		return nil
	})
	return list, err
}

// Shuns lists all that is shunned; see Tx.Shuns.
func (j *Journal) Shuns() (list []Shun, err error) {
	err = j.View(func(tx *Tx) error {
		list, err = tx.Shuns()
		return err
	})
	return list, err
}

// newTx opens the buckets of a transaction.
func (j *Journal) newTx(tx *bbolt.Tx) *Tx {
	return &Tx{bucket: tx.Bucket([]byte(assignmentsBucket)), shuns: tx.Bucket([]byte(shunsBucket)), now: j.now}
}
