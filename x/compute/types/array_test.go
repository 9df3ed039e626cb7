package types_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestTaskStandsForItsIndexInArguments(t *testing.T) {
	args := []string{"--frame={task}", "{task}-{task}", "{taskx}", "plain", ""}
	require.Equal(t, []string{"--frame=999999", "999999-999999", "{taskx}", "plain", ""}, types.TaskArgs(args, 999_999))
	require.Equal(t, "--frame={task}", args[0], "the spec stays as it is")
	require.Empty(t, types.TaskArgs(nil, 3))
	env := []types.Variable{{Name: "TASK", Value: "{task}/{task}"}, {Name: "LANG", Value: "C"}}
	require.Equal(t, []types.Variable{{Name: "TASK", Value: "7/7"}, {Name: "LANG", Value: "C"}}, types.TaskEnv(env, 7))
	require.Equal(t, "{task}/{task}", env[0].Value)
}

func TestInputOfATaskComesAfterThoseOfAll(t *testing.T) {
	require.Equal(t, uint32(1), (&types.JobSpec{}).ArrayInputNumber())
	require.Equal(t, uint32(3), (&types.JobSpec{Inputs: make([]types.Input, 2)}).ArrayInputNumber())
	require.Equal(t, uint32(3), (&types.JobSpec{Inputs: make([]types.Input, 2)}).InputCount())
	require.Equal(t, uint32(4), (&types.JobSpec{Inputs: make([]types.Input, 2), ArrayInput: &types.ArrayInput{}}).InputCount())
}

// inputs returns an array of n inputs and the proof of each.
func inputs(n int) (types.ArrayInput, []types.InputProof) {
	var (
		leaves [][]byte
		proofs []types.InputProof
	)
	for i := range n {
		digest := sha256.Sum256([]byte{byte(i)})
		proofs = append(proofs, types.InputProof{Sha256: digest[:], Size: uint64(i)})
		leaves = append(leaves, types.InputLeaf(digest[:], uint64(i)))
	}
	for i := range proofs {
		proofs[i].Path = types.MerklePath(leaves, uint64(i))
	}
	return types.ArrayInput{Root: types.MerkleRoot(leaves), Count: uint64(n), MaxBytes: 1000}, proofs
}

func TestProofOfAnInputOutlivesItsEncoding(t *testing.T) {
	for _, n := range []int{1, 2, 5, 8, 33} {
		array, proofs := inputs(n)
		for i, p := range proofs {
			raw, err := p.Encode()
			require.NoError(t, err)
			again, err := types.ParseInputProof(raw)
			require.NoError(t, err)
			require.NoError(t, again.Verify(&array, uint64(i)))
			require.Equal(t, p.Sha256, again.Sha256)
		}
	}
}

func TestProofsOfOtherInputsAreRefused(t *testing.T) {
	array, proofs := inputs(7)
	require.ErrorContains(t, proofs[3].Verify(&array, 4), "of task 4")
	require.ErrorContains(t, proofs[3].Verify(&array, 7), "of task 7", "beyond the tree")
	larger := proofs[3]
	larger.Size++
	require.ErrorContains(t, larger.Verify(&array, 3), "the root")
	array.MaxBytes = 2
	require.ErrorContains(t, proofs[3].Verify(&array, 3), "expected at most 2 bytes, found 3")
}

func TestOnlyWellFormedProofsAreRead(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for name, raw := range map[string]string{
		"nothing":         "",
		"no object":       "[]",
		"unknown field":   `{"sha256":"` + hash + `","size":1,"path":[],"more":1}`,
		"short hash":      `{"sha256":"ab","size":1,"path":[]}`,
		"upper case":      `{"sha256":"` + strings.ToUpper(hash) + `","size":1,"path":[]}`,
		"no hex":          `{"sha256":"` + strings.Repeat("xy", 32) + `","size":1,"path":[]}`,
		"negative size":   `{"sha256":"` + hash + `","size":-1,"path":[]}`,
		"short sibling":   `{"sha256":"` + hash + `","size":1,"path":["00"]}`,
		"long path":       `{"sha256":"` + hash + `","size":1,"path":["` + strings.Repeat(hash+`","`, 32) + hash + `"]}`,
		"something after": `{"sha256":"` + hash + `","size":1,"path":[]} {}`,
		"too long":        strings.Repeat(" ", types.MaxInputProofBytes) + `{"sha256":"` + hash + `","size":1,"path":[]}`,
	} {
		_, err := types.ParseInputProof([]byte(raw))
		require.ErrorContains(t, err, "proof of an input", name)
	}
	_, err := types.InputProof{Sha256: []byte{1}}.Encode()
	require.Error(t, err, "what could not be read again is not written")
}

func TestProofsAndContentAreServedBelowThePrefix(t *testing.T) {
	require.Equal(t, "http://relay.example/a/17.proof", types.ProofURI("http://relay.example/a", 17))
	require.Equal(t, "http://relay.example/a/00ff", types.ContentURI("http://relay.example/a", []byte{0, 255}))
}

func FuzzParseInputProof(f *testing.F) {
	_, proofs := inputs(5)
	for _, p := range proofs {
		raw, err := p.Encode()
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Add([]byte(`{"sha256":"","size":18446744073709551616}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := types.ParseInputProof(raw)
		if err != nil {
			return
		}
		encoded, err := p.Encode()
		require.NoError(t, err, "what was read can be written")
		again, err := types.ParseInputProof(encoded)
		require.NoError(t, err)
		require.True(t, bytes.Equal(p.Sha256, again.Sha256) && p.Size == again.Size && len(p.Path) == len(again.Path))
	})
}
