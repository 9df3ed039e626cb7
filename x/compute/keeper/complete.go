package keeper

import (
	collcodec "cosmossdk.io/collections/codec"
)

// completed decodes records of older versions too: it adds the fields that they lack.
type completed[T any] struct {
	collcodec.ValueCodec[T]
	complete func(*T)
}

// Decode implements collcodec.ValueCodec.
func (c completed[T]) Decode(raw []byte) (T, error) {
	record, err := c.ValueCodec.Decode(raw)
	if err == nil {
		c.complete(&record)
	}
	return record, err
}
