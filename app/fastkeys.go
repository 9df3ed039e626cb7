package app

import (
	"context"
	"crypto/sha256"

	gethcrypto "github.com/ethereum/go-ethereum/crypto"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
)

// fastKeys shows the accounts to the decorator that verifies signatures, with keys that verify in
// the C library libsecp256k1. The SDK's own copy of the library cannot be linked together with the one
// of go-ethereum, which ibc-go needs. Keys within a multisig verify in Go.
type fastKeys struct{ authkeeper.AccountKeeper }

// GetAccount returns an account, or nil if there is none.
func (k fastKeys) GetAccount(ctx context.Context, address sdk.AccAddress) sdk.AccountI {
	account := k.AccountKeeper.GetAccount(ctx, address)
	if account == nil {
		return nil
	}
	return fastAccount{account}
}

type fastAccount struct{ sdk.AccountI }

// GetPubKey returns the account's key.
func (a fastAccount) GetPubKey() cryptotypes.PubKey {
	if key, ok := a.AccountI.GetPubKey().(*secp256k1.PubKey); ok {
		return fastKey{key}
	}
	return a.AccountI.GetPubKey()
}

// fastKey is a key of secp256k1 that accepts exactly the signatures that the SDK's own accepts.
type fastKey struct{ *secp256k1.PubKey }

// signatureSize is the length of r and s.
const signatureSize = 64

// VerifySignature reports whether signature is one of message: r and s as 32 bytes each, big
// endian, with s in the lower half of the group's order.
func (k fastKey) VerifySignature(message, signature []byte) bool {
	if len(signature) != signatureSize {
		return false
	}
	digest := sha256.Sum256(message)
	return gethcrypto.VerifySignature(k.Key, digest[:], signature)
}

// XXX_MessageName names the type of the key that it contains, so that it can be packed as that.
func (fastKey) XXX_MessageName() string { return "cosmos.crypto.secp256k1.PubKey" }
