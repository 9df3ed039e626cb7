package tx

import (
	"context"
	"fmt"

	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
)

// AccountState is what the next transaction of an account depends on, after the block at a
// height.
type AccountState struct {
	Number, Sequence uint64
	// PubKey is nil until the account has signed.
	PubKey cryptotypes.PubKey
	Height int64
}

// Account reads an account and the height of the state that it was read from. It fails with
// grpcnode.ErrNotFound if there is no such account.
func (s *Sender) Account(ctx context.Context, addr sdk.AccAddress) (AccountState, error) {
	text, err := bech32(addr)
	if err != nil {
		return AccountState{}, err
	}
	var header metadata.MD
	answer, err := s.accounts.AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: text}, grpc.Header(&header))
	if err != nil {
		return AccountState{}, grpcnode.Explain(ctx, "account "+text, err)
	}
	if answer.Info == nil {
		return AccountState{}, fmt.Errorf("account %s: expected its number and sequence, found nothing; use another node", text)
	}
	height, err := grpcnode.HeightIn(header)
	if err != nil {
		return AccountState{}, fmt.Errorf("account %s: %w", text, err)
	}
	return AccountState{
		Number: answer.Info.AccountNumber, Sequence: answer.Info.Sequence, PubKey: keyOf(addr, answer.Info.PubKey), Height: height,
	}, nil
}

func bech32(addr sdk.AccAddress) (string, error) {
	return sdk.Bech32ifyAddressBytes(params.Bech32Prefix, addr)
}

// maxMultisigKeys bounds the keys of a multisig. The chain takes a few signatures per transaction.
const maxMultisigKeys = 64

// keyOf decodes the key of an account. It returns nil if there is no key, or one that cannot be
// used. The address of an account follows from its key, so that a node cannot invent one.
func keyOf(addr sdk.AccAddress, packed *codectypes.Any) cryptotypes.PubKey {
	key := keyIn(packed)
	if key == nil || !addr.Equals(sdk.AccAddress(key.Address())) {
		return nil
	}
	return key
}

// keyIn decodes a key; nil if it cannot be used.
func keyIn(packed *codectypes.Any) cryptotypes.PubKey {
	if packed == nil {
		return nil
	}
	switch known := packed.GetCachedValue().(type) {
	case nil:
	case *secp256k1.PubKey:
		return singleKey(known)
	case *multisig.LegacyAminoPubKey:
		return multisigKey(known)
	default:
		return nil // no signer here has a key of another kind
	}
	if key := new(secp256k1.PubKey); packed.TypeUrl == sdk.MsgTypeURL(key) && proto.Unmarshal(packed.Value, key) == nil {
		return singleKey(key)
	}
	many := new(multisig.LegacyAminoPubKey)
	if packed.TypeUrl != sdk.MsgTypeURL(many) || proto.Unmarshal(packed.Value, many) != nil {
		return nil
	}
	return multisigKey(many)
}

func singleKey(key *secp256k1.PubKey) cryptotypes.PubKey {
	if len(key.Key) != secp256k1.PubKeySize {
		return nil
	}
	return key
}

// multisigKey returns a multisig whose keys can be used. A simulation makes room for as many
// signatures as its threshold says.
func multisigKey(many *multisig.LegacyAminoPubKey) cryptotypes.PubKey {
	if len(many.PubKeys) > maxMultisigKeys || many.Threshold == 0 || int(many.Threshold) > len(many.PubKeys) {
		return nil
	}
	for _, part := range many.PubKeys {
		key := new(secp256k1.PubKey)
		if part == nil || part.TypeUrl != sdk.MsgTypeURL(key) || proto.Unmarshal(part.Value, key) != nil || singleKey(key) == nil {
			return nil
		}
		repacked, err := codectypes.NewAnyWithValue(key)
		if err != nil {
			return nil
		}
		*part = *repacked
	}
	return many
}
