package tokenizer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// merge joins two neighbours.
type merge struct{ left, right, result int32 }

// packTokens packs a vocabulary.
func packTokens(tokens []string) []byte {
	var packed []byte
	for _, token := range tokens {
		packed = append(binary.AppendUvarint(packed, uint64(len(token))), token...)
	}
	return packed
}

// unpackTokens returns the bytes of all tokens, and where each one begins, with the end of the last
// one at the end.
func unpackTokens(packed []byte) (all string, begins []uint32, err error) {
	if len(packed) > math.MaxInt32 {
		return "", nil, errors.New("tokens: expected less than 2 GiB")
	}
	bytes := make([]byte, 0, len(packed))
	begins = make([]uint32, 0, len(packed)/8)
	for len(packed) > 0 {
		length, n := binary.Uvarint(packed)
		if n <= 0 || length > uint64(len(packed)-n) {
			return "", nil, fmt.Errorf("token %d: expected its length and bytes, found the end of the table", len(begins))
		}
		begins = append(begins, uint32(len(bytes)))
		bytes = append(bytes, packed[n:n+int(length)]...)
		packed = packed[n+int(length):]
		if len(begins) > maxTokens {
			return "", nil, fmt.Errorf("expected at most %d tokens, found more", maxTokens)
		}
	}
	return string(bytes), append(begins, uint32(len(bytes))), nil
}

// packMerges packs merges, the first to be made first.
func packMerges(merges []merge) []byte {
	var packed []byte
	last := int32(0)
	for _, m := range merges {
		packed = binary.AppendUvarint(packed, uint64(m.left))
		packed = binary.AppendUvarint(packed, uint64(m.right))
		packed = binary.AppendVarint(packed, int64(m.result-last))
		last = m.result
	}
	return packed
}

// unpackMerges calls take for each merge. All numbers are below tokens.
func unpackMerges(packed []byte, tokens int, take func(merge)) error {
	last := int64(0)
	for i := 0; len(packed) > 0; i++ {
		left, n := binary.Uvarint(packed)
		packed = packed[max(n, 0):]
		right, o := binary.Uvarint(packed)
		packed = packed[max(o, 0):]
		step, p := binary.Varint(packed)
		packed = packed[max(p, 0):]
		if n <= 0 || o <= 0 || p <= 0 {
			return fmt.Errorf("merge %d: expected three numbers, found the end of the table", i)
		}
		result := last + step
		if limit := uint64(tokens); left >= limit || right >= limit || step > maxTokens || step < -maxTokens || result < 0 || uint64(result) >= limit {
			return fmt.Errorf("merge %d: expected tokens below %d, found %d, %d and a step of %d", i, tokens, left, right, step)
		}
		take(merge{int32(left), int32(right), int32(result)})
		last = result
	}
	return nil
}
