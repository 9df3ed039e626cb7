package client

import (
	"fmt"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
)

// Signer holds a key. Nothing is spent without it.
type Signer interface {
	// Address is the account that pays.
	Address() sdk.AccAddress
	// PubKey is its public key.
	PubKey() cryptotypes.PubKey
	// Sign signs the bytes of a sign doc in the direct sign mode.
	Sign(doc []byte) ([]byte, error)
}

// KeyringSigner signs with a key of an SDK keyring.
type KeyringSigner struct {
	keys   keyring.Keyring
	name   string
	addr   sdk.AccAddress
	pubKey cryptotypes.PubKey
}

// NewKeyringSigner returns a signer for the key of that name.
func NewKeyringSigner(keys keyring.Keyring, name string) (*KeyringSigner, error) {
	record, err := keys.Key(name)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	addr, err := record.GetAddress()
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	pubKey, err := record.GetPubKey()
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	return &KeyringSigner{keys: keys, name: name, addr: addr, pubKey: pubKey}, nil
}

// Address returns the key's account.
func (s *KeyringSigner) Address() sdk.AccAddress { return s.addr }

// PubKey returns the key's public half.
func (s *KeyringSigner) PubKey() cryptotypes.PubKey { return s.pubKey }

// Sign signs with the keyring.
func (s *KeyringSigner) Sign(doc []byte) ([]byte, error) {
	signature, _, err := s.keys.Sign(s.name, doc, signing.SignMode_SIGN_MODE_DIRECT)
	if err != nil {
		return nil, fmt.Errorf("sign with key %q: %w", s.name, err)
	}
	return signature, nil
}
