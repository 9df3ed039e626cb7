package proven

import (
	"errors"
	"fmt"

	"github.com/cometbft/cometbft/crypto/merkle"
	"github.com/cometbft/cometbft/proto/tendermint/crypto"

	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// ErrProof means that a node's answer does not match the header.
var ErrProof = errors.New("proof does not hold")

// Verify checks that appHash commits to value under key in a store of the chain or, if
// value is nil, that the store has nothing under key. Otherwise it returns ErrProof.
func Verify(appHash []byte, store string, key, value []byte, proof *crypto.ProofOps) error {
	if len(appHash) == 0 {
		return fmt.Errorf("%w: the header has no app hash", ErrProof)
	}
	if err := checkShape(proof); err != nil {
		return err
	}
	path := merkle.KeyPath{}.
		AppendKey([]byte(store), merkle.KeyEncodingURL).
		AppendKey(key, merkle.KeyEncodingHex)
	runtime := rootmulti.DefaultProofRuntime()
	var err error
	if value == nil {
		err = runtime.VerifyAbsence(proof, appHash, path.String())
	} else {
		err = runtime.VerifyValue(proof, appHash, path.String(), value)
	}
	if err != nil {
		return fmt.Errorf("%w: %w; ask another node", ErrProof, err)
	}
	return nil
}

// checkShape allows exactly two steps: from the record to the root of its store, and from
// there to the app hash.
func checkShape(proof *crypto.ProofOps) error {
	want := []string{storetypes.ProofOpIAVLCommitment, storetypes.ProofOpSimpleMerkleCommitment}
	if proof == nil || len(proof.Ops) != len(want) {
		return fmt.Errorf("%w: expected %d steps from the record to the app hash, found %d", ErrProof, len(want), len(proof.GetOps()))
	}
	for i, step := range proof.Ops {
		if step.Type != want[i] {
			return fmt.Errorf("%w: expected step %d to be %s, found %.20q", ErrProof, i+1, want[i], step.Type)
		}
	}
	return nil
}
