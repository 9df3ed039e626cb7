package database

import "github.com/cockroachdb/pebble"

// iterator passes a range of keys. Keys and values are copies.
type iterator struct {
	source     *pebble.Iterator
	start, end []byte
	down       bool
}

// Domain returns the bounds.
func (i *iterator) Domain() (start, end []byte) { return i.start, i.end }

// Valid says whether there is an entry.
func (i *iterator) Valid() bool { return i.source.Error() == nil && i.source.Valid() }

// Next moves on. It panics after the last entry.
func (i *iterator) Next() {
	i.mustBeValid()
	if i.down {
		i.source.Prev()
		return
	}
	i.source.Next()
}

// Key returns the key. It panics after the last entry.
func (i *iterator) Key() []byte {
	i.mustBeValid()
	return append([]byte{}, i.source.Key()...)
}

// Value returns the value. It panics after the last entry.
func (i *iterator) Value() []byte {
	i.mustBeValid()
	return append([]byte{}, i.source.Value()...)
}

func (i *iterator) mustBeValid() {
	if !i.Valid() {
		panic("expected an iterator with entries left, found it at its end")
	}
}

// Error returns what went wrong on the way.
func (i *iterator) Error() error { return i.source.Error() }

// Close releases the iterator.
func (i *iterator) Close() error { return i.source.Close() }
