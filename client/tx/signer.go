package tx

import (
	"errors"
	"fmt"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
)

// Signer holds a key. Nothing is spent without its signature.
type Signer interface {
	// Address is the account that pays.
	Address() sdk.AccAddress
	// PubKey is its public key.
	PubKey() cryptotypes.PubKey
	// Sign signs the bytes of a sign doc, in the direct sign mode unless the signer is a
	// ModeSigner.
	Sign(doc []byte) ([]byte, error)
}

// ModeSigner is a signer with a sign mode of its own, such as a hardware key.
type ModeSigner interface {
	Signer
	// Mode is SIGN_MODE_DIRECT or SIGN_MODE_LEGACY_AMINO_JSON.
	Mode() signing.SignMode
}

// modeOf returns the mode in which a signer signs.
func modeOf(signer Signer) signing.SignMode {
	if other, ok := signer.(ModeSigner); ok {
		return other.Mode()
	}
	return signing.SignMode_SIGN_MODE_DIRECT
}

// KeyringSigner signs with a key of an SDK keyring.
type KeyringSigner struct {
	keys   keyring.Keyring
	name   string
	addr   sdk.AccAddress
	pubKey cryptotypes.PubKey
	mode   signing.SignMode
}

// NewKeyringSigner returns a signer for the key with that name. A key on a Ledger signs in
// the amino JSON mode, other keys in the direct mode.
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
	mode := signing.SignMode_SIGN_MODE_DIRECT
	if record.GetType() == keyring.TypeLedger {
		mode = signing.SignMode_SIGN_MODE_LEGACY_AMINO_JSON
	}
	return &KeyringSigner{keys: keys, name: name, addr: addr, pubKey: pubKey, mode: mode}, nil
}

// In returns the signer for the same key in another mode.
func (s *KeyringSigner) In(mode signing.SignMode) *KeyringSigner {
	other := *s
	other.mode = mode
	return &other
}

// Address returns the key's account.
func (s *KeyringSigner) Address() sdk.AccAddress { return s.addr }

// PubKey returns the key's public half.
func (s *KeyringSigner) PubKey() cryptotypes.PubKey { return s.pubKey }

// Mode returns the mode in which the key signs.
func (s *KeyringSigner) Mode() signing.SignMode { return s.mode }

// Sign signs with the keyring.
func (s *KeyringSigner) Sign(doc []byte) ([]byte, error) {
	signature, _, err := s.keys.Sign(s.name, doc, s.mode)
	if err != nil {
		return nil, fmt.Errorf("sign with key %q: %w", s.name, err)
	}
	return signature, nil
}

// ErrCannotSign means that the key is not here, or that one key is not enough.
var ErrCannotSign = errors.New("this program cannot sign for the account")

// Account is a payer whose transactions are signed elsewhere: an address whose key is not
// here, or a multisig. Its transactions can be simulated.
type Account struct {
	addr   sdk.AccAddress
	pubKey cryptotypes.PubKey
}

// NewAccount returns an account; its key may be nil.
func NewAccount(addr sdk.AccAddress, pubKey cryptotypes.PubKey) *Account {
	return &Account{addr: addr, pubKey: pubKey}
}

// Address returns the account's address.
func (a *Account) Address() sdk.AccAddress { return a.addr }

// PubKey returns the account's key; nil if it is not known.
func (a *Account) PubKey() cryptotypes.PubKey { return a.pubKey }

// Mode returns amino JSON, the only mode in which the keys of a multisig sign.
func (a *Account) Mode() signing.SignMode { return signing.SignMode_SIGN_MODE_LEGACY_AMINO_JSON }

// Sign returns ErrCannotSign.
func (a *Account) Sign([]byte) ([]byte, error) {
	return nil, fmt.Errorf("%w %s; make the transaction with --generate-only and sign it with: thetad tx sign", ErrCannotSign, a.addr)
}
