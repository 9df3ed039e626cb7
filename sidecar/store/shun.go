package store

import (
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"
)

// shunsBucket contains what the node shuns for a while.
const shunsBucket = "shuns"

// Shun is a program or a requester that the node leaves to other nodes for a while, because it
// has crashed a worker process.
type Shun struct {
	// Name identifies what is shunned, for example "program/<sha256>".
	Name string `json:"name"`
	// Until is the first height at which the program or the requester is not shunned any more.
	Until int64 `json:"until"`
	// Times is the number of times it was shunned since it was last forgotten.
	Times uint32 `json:"times"`
	// Reason is a text for the owner.
	Reason string `json:"reason,omitempty"`
}

// PutShun writes a shun under its name.
func (tx *Tx) PutShun(s Shun) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("cannot encode the shun of %s: %w", s.Name, err)
	}
	return tx.shuns.Put([]byte(s.Name), value)
}

// DeleteShun removes a shun. It does nothing if the name is unknown.
func (tx *Tx) DeleteShun(name string) error { return tx.shuns.Delete([]byte(name)) }

// Shuns returns all shuns, ordered by name. It leaves out records that cannot be read, because
// a missing shun does not cost a bond.
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

// Shuns returns all shuns; see Tx.Shuns.
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
