package types_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestATagBelongsToOneResultOfOneRoundOfOneTask(t *testing.T) {
	shown := types.Opening{
		Round: 2, Digest: bytes.Repeat([]byte{7}, types.HashSize), Fuel: 9,
		Trace: bytes.Repeat([]byte{8}, types.HashSize), OwnTrace: bytes.Repeat([]byte{9}, types.HashSize),
	}
	but := func(change func(*types.Opening)) types.Opening {
		other := shown
		change(&other)
		return other
	}
	tag := types.Tag("theta-1", "5-0-0", 1, shown)
	require.Len(t, tag, types.HashSize)
	require.Equal(t, tag, types.Tag("theta-1", "5-0-0", 1, shown), "whoever holds the result can compute it")
	seen := map[string]string{string(tag): "itself"}
	for name, different := range map[string][]byte{
		"chain":     types.Tag("theta-2", "5-0-0", 1, shown),
		"job":       types.Tag("theta-1", "5-0-1", 1, shown),
		"task":      types.Tag("theta-1", "5-0-0", 2, shown),
		"round":     types.Tag("theta-1", "5-0-0", 1, but(func(o *types.Opening) { o.Round = 1 })),
		"digest":    types.Tag("theta-1", "5-0-0", 1, but(func(o *types.Opening) { o.Digest = o.Trace })),
		"fuel":      types.Tag("theta-1", "5-0-0", 1, but(func(o *types.Opening) { o.Fuel++ })),
		"exit code": types.Tag("theta-1", "5-0-0", 1, but(func(o *types.Opening) { o.ExitCode++ })),
		"trace":     types.Tag("theta-1", "5-0-0", 1, but(func(o *types.Opening) { o.Trace = o.Digest })),
		"own trace": types.Tag("theta-1", "5-0-0", 1, but(func(o *types.Opening) { o.OwnTrace = o.Digest })),
		"none":      types.Tag("theta-1", "5-0-0", 1, but(func(o *types.Opening) { o.OwnTrace = nil })),
		"swap":      types.Tag("theta-1", "5-0-0", 2, but(func(o *types.Opening) { o.Round = 1 })),
	} {
		require.Empty(t, seen[string(different)], name)
		seen[string(different)] = name
	}
}

// Nodes and clients by other authors have to reproduce these hashes.
func TestHashesOfTagsAndTraceKeys(t *testing.T) {
	of := func(b byte) []byte { return bytes.Repeat([]byte{b}, types.HashSize) }
	shown := types.Opening{Digest: of(7), Fuel: 1_000_000, ExitCode: 3, Trace: of(8)}
	require.Equal(t, "98030874cf322e6db11b147bdfaff415546e5c4eef00578b740272c93ac819be", hex.EncodeToString(types.Tag("theta-1", "5-0-0", 3, shown)))
	shown.Round, shown.OwnTrace = 1, of(9)
	require.Equal(t, "2b39fc11b8d8ec448308c2ed585d8c3f3982661fd69bc4d3f9063325ee10f038", hex.EncodeToString(types.Tag("theta-1", "5-0-0", 3, shown)))
	require.Equal(t, "6f340c6798481319dce2f814447cf5e21ba2d4d06b6ffa59bcf6b839c20a593a", hex.EncodeToString(types.TraceKey("theta-1", "5-0-0", 3, 1, of(5))))
	require.NotEqual(t, types.TraceKey("theta-1", "5-0-0", 3, 0, of(5)), types.TraceKey("theta-1", "5-0-0", 3, 1, of(5)), "a round has a key of its own")
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

// Moving bytes from one field to the next changes the hash: different lists of fields are
// different messages.
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
