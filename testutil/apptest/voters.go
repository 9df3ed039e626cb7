package apptest

import (
	"bytes"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cryptoenc "github.com/cometbft/cometbft/crypto/encoding"
	"github.com/stretchr/testify/require"
)

// voters are the validators whose votes a block carries. All of them sign every
// block. Updates of a block count for the votes on the block after the next, and
// those are in the block after that, as under CometBFT.
type voters struct {
	// current have signed the last block.
	current []abci.Validator
	// coming are what the last blocks have updated, oldest first.
	coming [][]abci.ValidatorUpdate
	begun  bool
}

// start sets the validators of the genesis.
func (v *voters) start(t testing.TB, genesis []abci.ValidatorUpdate) {
	t.Helper()
	v.apply(t, genesis)
	v.coming = make([][]abci.ValidatorUpdate, 2)
}

// clone returns a copy that is followed apart.
func (v *voters) clone() voters {
	return voters{current: slices.Clone(v.current), coming: slices.Clone(v.coming), begun: v.begun}
}

// follow takes the updates of a block.
func (v *voters) follow(t testing.TB, updates []abci.ValidatorUpdate) {
	t.Helper()
	v.begun = true
	v.coming = append(v.coming, updates)
	v.apply(t, v.coming[0])
	v.coming = v.coming[1:]
}

func (v *voters) apply(t testing.TB, updates []abci.ValidatorUpdate) {
	t.Helper()
	for _, update := range updates {
		key, err := cryptoenc.PubKeyFromProto(update.PubKey)
		require.NoError(t, err)
		v.current = slices.DeleteFunc(v.current, func(known abci.Validator) bool {
			return bytes.Equal(known.Address, key.Address())
		})
		if update.Power > 0 {
			v.current = append(v.current, abci.Validator{Address: key.Address(), Power: update.Power})
		}
	}
	slices.SortFunc(v.current, func(a, b abci.Validator) int { return bytes.Compare(a.Address, b.Address) })
}

// commit says that all have signed the last block; the first block has none
// before it.
func (v *voters) commit() abci.CommitInfo {
	var info abci.CommitInfo
	if !v.begun {
		return info
	}
	for _, validator := range v.current {
		info.Votes = append(info.Votes, abci.VoteInfo{Validator: validator, BlockIdFlag: 2}) // commit
	}
	return info
}
