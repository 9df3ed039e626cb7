package apptest

import (
	"bytes"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cryptoenc "github.com/cometbft/cometbft/crypto/encoding"
	"github.com/stretchr/testify/require"
)

// voters are the validators whose votes a block contains. All of them sign every block. As
// under CometBFT, the updates of a block apply to the votes on the block after the next, and
// these votes are in the block after that.
type voters struct {
	// current are the validators that have signed the last block.
	current []abci.Validator
	// coming contains the updates of the last blocks, oldest first.
	coming [][]abci.ValidatorUpdate
	begun  bool
}

// start sets the validators of the genesis.
func (v *voters) start(t testing.TB, genesis []abci.ValidatorUpdate) {
	t.Helper()
	v.apply(t, genesis)
	v.coming = make([][]abci.ValidatorUpdate, 2)
}

// clone returns an independent copy.
func (v *voters) clone() voters {
	return voters{current: slices.Clone(v.current), coming: slices.Clone(v.coming), begun: v.begun}
}

// follow applies the updates of a block.
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

// commit returns the votes of all validators on the last block. The first block follows no
// block, so it has none.
func (v *voters) commit() abci.CommitInfo {
	var info abci.CommitInfo
	if !v.begun {
		return info
	}
	for _, validator := range v.current {
		info.Votes = append(info.Votes, abci.VoteInfo{Validator: validator, BlockIdFlag: 2}) // 2 is the flag of a commit
	}
	return info
}
