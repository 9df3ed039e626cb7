package grpcnode

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/types/query"
)

func keyed(n uint64) *query.PageResponse {
	return &query.PageResponse{NextKey: binary.BigEndian.AppendUint64(nil, n)}
}

func TestPagesOfAnyListingEnd(t *testing.T) {
	for name, next := range map[string]func(n uint64) uint64{
		"one key for ever": func(uint64) uint64 { return 1 },
		"a circle":         func(n uint64) uint64 { return n % 7 },
		"no end":           func(n uint64) uint64 { return n },
	} {
		t.Run(name, func(t *testing.T) {
			pages := Pages{Most: 50}
			read := uint64(1)
			for ; ; read++ {
				require.LessOrEqual(t, read, uint64(50))
				if _, err := pages.Next(keyed(next(read))); err != nil {
					require.ErrorIs(t, err, ErrPages)
					require.ErrorContains(t, err, "use another node")
					return
				}
			}
		})
	}
	var pages Pages
	_, err := pages.Next(&query.PageResponse{NextKey: make([]byte, 1<<20)})
	require.ErrorIs(t, err, ErrPages)
}

func TestPagesAreFollowedToTheLast(t *testing.T) {
	pages := Pages{Most: 3}
	for n := range uint64(2) {
		key, err := pages.Next(keyed(n))
		require.NoError(t, err)
		require.Equal(t, keyed(n).NextKey, key)
	}
	for _, last := range []*query.PageResponse{nil, {}} {
		key, err := pages.Next(last)
		require.NoError(t, err)
		require.Nil(t, key)
	}
}
