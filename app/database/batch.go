package database

import (
	"errors"

	"github.com/cockroachdb/pebble"
)

var errWritten = errors.New("expected an open batch, found one that has been written or closed; make a new one")

// batch is a set of writes that is written as a whole, once.
type batch struct {
	pebble *pebble.Batch
}

// Set adds the write of a value.
func (b *batch) Set(key, value []byte) error {
	if err := check(key, value); err != nil {
		return err
	}
	if b.pebble == nil {
		return errWritten
	}
	return b.pebble.Set(key, value, nil)
}

// Delete adds the removal of a key.
func (b *batch) Delete(key []byte) error {
	if len(key) == 0 {
		return errNoKey
	}
	if b.pebble == nil {
		return errWritten
	}
	return b.pebble.Delete(key, nil)
}

// Write applies the batch; WriteSync also waits until it is on disk. Both close the batch.
func (b *batch) Write() error     { return b.write(pebble.NoSync) }
func (b *batch) WriteSync() error { return b.write(pebble.Sync) }

func (b *batch) write(how *pebble.WriteOptions) error {
	if b.pebble == nil {
		return errWritten
	}
	if err := b.pebble.Commit(how); err != nil {
		return err
	}
	return b.Close()
}

// Close discards writes that were not applied.
func (b *batch) Close() error {
	if b.pebble == nil {
		return nil
	}
	open := b.pebble
	b.pebble = nil
	return open.Close()
}

// GetByteSize returns the size of the added writes, in bytes.
func (b *batch) GetByteSize() (int, error) {
	if b.pebble == nil {
		return 0, errWritten
	}
	return b.pebble.Len(), nil
}
