package bench

import (
	"context"
	"crypto/sha256"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/tx"
)

// account is a key with the sequence of its next transaction.
type account struct {
	// key is nil for an account that never signs.
	key      *secp256k1.PrivKey
	public   *secp256k1.PubKey
	address  sdk.AccAddress
	text     string
	number   uint64
	sequence uint64
}

// newAccount derives an account from a name, so that runs of one scale use the same accounts.
func newAccount(name string) *account {
	key := secp256k1.GenPrivKeyFromSecret([]byte(name))
	public := &secp256k1.PubKey{Key: key.PubKey().Bytes()}
	address := sdk.AccAddress(public.Address())
	return &account{key: key, public: public, address: address, text: address.String()}
}

// newSleeper returns an account that never signs: an address and a public key of the right
// form, without the computation that a million real keys would need.
func newSleeper(name string) *account {
	sum := sha256.Sum256([]byte(name))
	address := sdk.AccAddress(sum[:20])
	return &account{
		public:  &secp256k1.PubKey{Key: append([]byte{2}, sum[:]...)},
		address: address, text: address.String(),
	}
}

// Address implements tx.Signer.
func (a *account) Address() sdk.AccAddress { return a.address }

// PubKey implements tx.Signer.
func (a *account) PubKey() cryptotypes.PubKey { return a.public }

// Sign implements tx.Signer.
func (a *account) Sign(doc []byte) ([]byte, error) { return a.key.Sign(doc) }

// sign returns the bytes of a transaction with the messages and the lowest fee of the gas
// limit, and increments the sequence.
func (a *account) sign(gas uint64, msgs ...sdk.Msg) ([]byte, error) {
	fee := math.NewInt(params.DefaultMinGasPrice).Mul(math.NewIntFromUint64(gas))
	raw, err := tx.Encode(context.Background(), chainID, a, tx.AccountState{Number: a.number, Sequence: a.sequence}, tx.Draft{
		Msgs: msgs, Gas: gas, Fee: sdk.NewCoins(sdk.NewCoin(params.BaseDenom, fee)),
	})
	if err != nil {
		return nil, err
	}
	a.sequence++
	return raw, nil
}
