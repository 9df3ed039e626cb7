package types_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestATagBelongsToOneResultOfOneRoundOfOneTask(t *testing.T) {
	digest := bytes.Repeat([]byte{7}, types.HashSize)
	other := bytes.Repeat([]byte{8}, types.HashSize)
	tag := types.Tag("theta-1", "5-0-0", 1, 2, digest)
	require.Len(t, tag, types.HashSize)
	require.Equal(t, tag, types.Tag("theta-1", "5-0-0", 1, 2, digest), "whoever holds the result can compute it")
	for name, different := range map[string][]byte{
		"chain":  types.Tag("theta-2", "5-0-0", 1, 2, digest),
		"job":    types.Tag("theta-1", "5-0-1", 1, 2, digest),
		"task":   types.Tag("theta-1", "5-0-0", 2, 2, digest),
		"round":  types.Tag("theta-1", "5-0-0", 1, 1, digest),
		"digest": types.Tag("theta-1", "5-0-0", 1, 2, other),
		"swap":   types.Tag("theta-1", "5-0-0", 2, 1, digest),
	} {
		require.NotEqual(t, tag, different, name)
	}
}

func TestACommitmentBelongsToItsOperator(t *testing.T) {
	tag, salt := bytes.Repeat([]byte{1}, types.HashSize), bytes.Repeat([]byte{2}, 16)
	alice, bob := sdk.AccAddress(bytes.Repeat([]byte{3}, 20)), sdk.AccAddress(bytes.Repeat([]byte{4}, 20))
	mine := types.Commitment(alice, tag, 3, salt)
	require.Len(t, mine, types.HashSize)
	require.NotEqual(t, mine, types.Commitment(bob, tag, 3, salt), "a copied commitment cannot be revealed by the copier")
	require.NotEqual(t, mine, types.Commitment(alice, salt, 3, tag))
	require.NotEqual(t, mine, types.Commitment(alice, tag, 4, salt), "the exit code is fixed with the result")
	require.NotEqual(t, mine, tag)
}

// Moving bytes from one field to the next changes the hash: no two lists of
// fields are the same message.
func TestNoTwoFieldListsHashAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Byte(), 3, 60).Draw(t, "bytes")
		cut := func(label string) (int, int) {
			a := rapid.IntRange(0, len(all)).Draw(t, label+" first")
			return a, rapid.IntRange(a, len(all)).Draw(t, label+" second")
		}
		a1, a2 := cut("one")
		b1, b2 := cut("other")
		one := types.Commitment(all[:a1], all[a1:a2], 3, all[a2:])
		two := types.Commitment(all[:b1], all[b1:b2], 3, all[b2:])
		require.Equal(t, a1 == b1 && a2 == b2, bytes.Equal(one, two))
	})
}

func TestSpecDigestFollowsEveryField(t *testing.T) {
	s := goodSpec()
	before, err := types.SpecDigest(&s)
	require.NoError(t, err)
	require.Len(t, before, types.HashSize)
	s.Args = append(s.Args, "")
	after, err := types.SpecDigest(&s)
	require.NoError(t, err)
	require.NotEqual(t, before, after, "an empty argument is an argument")
}
