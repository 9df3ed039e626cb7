package client

import (
	"context"
	"fmt"
	"strconv"

	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app/params"
)

// accountState is the state of an account after the block at a height.
type accountState struct {
	number, sequence uint64
	// pubKey is nil until the account has signed.
	pubKey cryptotypes.PubKey
	height int64
}

// accountOf reads an account and the height of the state that it was read from.
func (c *Client) accountOf(ctx context.Context, addr sdk.AccAddress) (accountState, error) {
	text, err := addressText(addr)
	if err != nil {
		return accountState{}, err
	}
	var header metadata.MD
	answer, err := c.auth.AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: text}, grpc.Header(&header))
	if isNotFound(err) {
		return accountState{}, &plainError{err: err, text: fmt.Sprintf(
			"account %s does not exist on %s yet; send it some %s first (testnets have a faucet)", text, c.chainID, params.DisplayDenom)}
	}
	if err != nil {
		return accountState{}, fmt.Errorf("account %s: %w", text, plain(err))
	}
	height, err := heightIn(header)
	if err != nil {
		return accountState{}, fmt.Errorf("account %s: %w", text, err)
	}
	return accountState{
		number: answer.Info.AccountNumber, sequence: answer.Info.Sequence, pubKey: keyIn(answer.Info.PubKey), height: height,
	}, nil
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

// heightIn returns the height of the state that an answer was read from.
func heightIn(header metadata.MD) (int64, error) {
	values := header.Get(grpctypes.GRPCBlockHeightHeader)
	if len(values) == 0 {
		return 0, fmt.Errorf("expected the node to name the height of its answer in header %s, found none; use an endpoint of thetad, not a proxy that drops headers", grpctypes.GRPCBlockHeightHeader)
	}
	height, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || height < 0 {
		return 0, fmt.Errorf("expected a height in header %s, found %q", grpctypes.GRPCBlockHeightHeader, values[0])
	}
	return height, nil
}
