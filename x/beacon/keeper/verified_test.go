package keeper

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

func TestARememberedRoundHasTheAnswerThatItHadFirst(t *testing.T) {
	key, other := bls.GenerateKey(), bls.GenerateKey()
	signature, err := key.Sign(7)
	require.NoError(t, err)
	schedule := types.Schedule{Id: 1, PublicKey: key.Public().String()}
	foreign := types.Schedule{Id: 1, PublicKey: other.Public().String()}
	v := &verified{results: make(map[[sha256.Size]byte]error)}
	for range 2 {
		require.NoError(t, v.check(schedule, 7, signature))
		require.ErrorIs(t, v.check(schedule, 8, signature), types.ErrForgedRound)
		require.ErrorIs(t, v.check(foreign, 7, signature), types.ErrForgedRound)
		require.ErrorIs(t, v.check(schedule, 7, signature[1:]), types.ErrInvalidSignature)
	}
	require.Len(t, v.results, 4)
	for i := range uint64(rememberedRounds + 10) { // too short for a pairing
		require.Error(t, v.check(schedule, 7, binary.BigEndian.AppendUint64(nil, i)))
	}
	require.Len(t, v.results, rememberedRounds)
	require.Len(t, v.order, rememberedRounds)
	require.NoError(t, v.check(schedule, 7, signature), "what was forgotten is looked at anew")
	require.Len(t, v.results, rememberedRounds)
}
