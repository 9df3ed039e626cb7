package database

import "github.com/cockroachdb/pebble"

// iterator iterates over a range of keys. Keys and values are copies.
type iterator struct {
	source     *pebble.Iterator
	start, end []byte
	down       bool
}

// Domain returns the bounds.
func (i *iterator) Domain() (start, end []byte) { return i.start, i.end }

// Valid reports whether there is a current entry.
func (i *iterator) Valid() bool { return i.source.Error() == nil && i.source.Valid() }

// Next moves to the next entry. It panics after the last entry.
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

// Error returns the error that ended the iteration, if any.
func (i *iterator) Error() error { return i.source.Error() }

// Close releases the iterator.
func (i *iterator) Close() error { return i.source.Close() }
