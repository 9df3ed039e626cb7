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
		Number: answer.Info.AccountNumber, Sequence: answer.Info.Sequence, PubKey: keyIn(answer.Info.PubKey), Height: height,
	}, nil
}

func bech32(addr sdk.AccAddress) (string, error) {
	return sdk.Bech32ifyAddressBytes(params.Bech32Prefix, addr)
}

// keyIn decodes an account's key. It returns nil if there is no key, or one that cannot be
// used.
func keyIn(packed *codectypes.Any) cryptotypes.PubKey {
	if packed == nil {
		return nil
	}
	if key, ok := packed.GetCachedValue().(cryptotypes.PubKey); ok {
		return key
	}
	if key := new(secp256k1.PubKey); packed.TypeUrl == sdk.MsgTypeURL(key) && proto.Unmarshal(packed.Value, key) == nil {
		return key
	}
	many := new(multisig.LegacyAminoPubKey)
	if packed.TypeUrl != sdk.MsgTypeURL(many) || proto.Unmarshal(packed.Value, many) != nil {
		return nil
	}
	for _, part := range many.PubKeys {
		key := new(secp256k1.PubKey)
		if part.TypeUrl != sdk.MsgTypeURL(key) || proto.Unmarshal(part.Value, key) != nil {
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
