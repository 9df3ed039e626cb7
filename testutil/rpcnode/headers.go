package rpcnode

import (
	"fmt"
	"time"

	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/thetaedge/theta/testutil/apptest"
)

// validators is the number of validators; one of them is always absent.
const validators = 4

// headers are the signed headers of a chain. Header h has the app hash of the block before
// it.
type headers struct {
	keys   []crypto.PrivKey
	set    *types.ValidatorSet
	signed map[int64]*types.SignedHeader
	last   int64
}

// newHeaders returns headers of validators whose keys are derived from a name: another name
// gives other validators.
func newHeaders(name string) *headers {
	h := &headers{signed: make(map[int64]*types.SignedHeader)}
	members := make([]*types.Validator, validators)
	for i := range validators {
		key := ed25519.GenPrivKeyFromSecret(fmt.Appendf(nil, "%s-%d", name, i))
		h.keys = append(h.keys, key)
		members[i] = types.NewValidator(key.PubKey(), 10)
	}
	h.set = types.NewValidatorSet(members)
	return h
}

// add signs the next header.
func (h *headers) add(height int64, at time.Time, appHash, dataHash, resultsHash []byte) error {
	header := &types.Header{
		Version:            cmtversion.Consensus{Block: version.BlockProtocol},
		ChainID:            apptest.ChainID,
		Height:             height,
		Time:               at,
		ValidatorsHash:     h.set.Hash(),
		NextValidatorsHash: h.set.Hash(),
		ConsensusHash:      make([]byte, 32),
		AppHash:            appHash,
		DataHash:           dataHash,
		LastResultsHash:    resultsHash,
		ProposerAddress:    h.set.Validators[0].Address,
	}
	if before, ok := h.signed[height-1]; ok {
		header.LastBlockID = before.Commit.BlockID
	}
	commit, err := h.sign(header)
	if err != nil {
		return err
	}
	h.signed[height] = &types.SignedHeader{Header: header, Commit: commit}
	h.last = height
	return nil
}

// sign returns the commit of all validators except the last.
func (h *headers) sign(header *types.Header) (*types.Commit, error) {
	commit := &types.Commit{
		Height:     header.Height,
		BlockID:    types.BlockID{Hash: header.Hash(), PartSetHeader: types.PartSetHeader{Total: 1, Hash: header.Hash()}},
		Signatures: make([]types.CommitSig, validators),
	}
	for i := range commit.Signatures {
		commit.Signatures[i] = types.NewCommitSigAbsent()
	}
	for _, key := range h.keys[:validators-1] {
		index, _ := h.set.GetByAddress(key.PubKey().Address())
		vote := &types.Vote{
			Type: cmtproto.PrecommitType, Height: header.Height, BlockID: commit.BlockID,
			Timestamp: header.Time, ValidatorAddress: key.PubKey().Address(), ValidatorIndex: index,
		}
		signature, err := key.Sign(types.VoteSignBytes(header.ChainID, vote.ToProto()))
		if err != nil {
			return nil, err
		}
		vote.Signature = signature
		commit.Signatures[index] = vote.CommitSig()
	}
	return commit, nil
}
