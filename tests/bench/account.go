package bench

import (
	"crypto/sha256"
	"fmt"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"

	"github.com/thetaedge/theta/app/params"
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

// sign returns the bytes of a transaction with the messages and the lowest fee of the gas
// limit, and increments the sequence.
func (a *account) sign(gas uint64, msgs ...sdk.Msg) ([]byte, error) {
	body := &txtypes.TxBody{}
	for _, msg := range msgs {
		packed, err := codectypes.NewAnyWithValue(msg)
		if err != nil {
			return nil, fmt.Errorf("pack %T: %w", msg, err)
		}
		body.Messages = append(body.Messages, packed)
	}
	bodyBytes, err := body.Marshal()
	if err != nil {
		return nil, err
	}
	authBytes, err := a.authInfo(gas)
	if err != nil {
		return nil, err
	}
	doc := &txtypes.SignDoc{
		BodyBytes: bodyBytes, AuthInfoBytes: authBytes, ChainId: chainID, AccountNumber: a.number,
	}
	signed, err := doc.Marshal()
	if err != nil {
		return nil, err
	}
	signature, err := a.key.Sign(signed)
	if err != nil {
		return nil, err
	}
	a.sequence++
	raw := &txtypes.TxRaw{BodyBytes: bodyBytes, AuthInfoBytes: authBytes, Signatures: [][]byte{signature}}
	return raw.Marshal()
}

func (a *account) authInfo(gas uint64) ([]byte, error) {
	public, err := codectypes.NewAnyWithValue(a.public)
	if err != nil {
		return nil, err
	}
	fee := math.NewInt(params.DefaultMinGasPrice).Mul(math.NewIntFromUint64(gas))
	info := &txtypes.AuthInfo{
		SignerInfos: []*txtypes.SignerInfo{{
			PublicKey: public,
			ModeInfo: &txtypes.ModeInfo{Sum: &txtypes.ModeInfo_Single_{
				Single: &txtypes.ModeInfo_Single{Mode: signing.SignMode_SIGN_MODE_DIRECT},
			}},
			Sequence: a.sequence,
		}},
		Fee: &txtypes.Fee{Amount: sdk.NewCoins(sdk.NewCoin(params.BaseDenom, fee)), GasLimit: gas},
	}
	return info.Marshal()
}
